//! What a cluster does when links break and origins go away: nobody is thrown out, nothing is lost or repeated.

use std::time::Duration;

use livecluster_tests::sim::{Cut, Setup, State, Way, World};

const SECOND: Duration = Duration::from_secs(1);

/// Three edges; a publisher on the first, a viewer on each.
fn watched(seed: u64, origins: usize) -> World {
    let mut world = World::new(Setup { seed, edges: 3, origins, ..Setup::default() });
    world.run_for(SECOND * 3);
    world.publish(0, "alice");
    for edge in 0..3 {
        world.play(edge, "alice");
    }
    world.run_for(SECOND * 2);
    world
}

fn assert_nothing_was_lost(world: &mut World) {
    world.assert_all_follow();
    world.assert_no_hole();
    assert_eq!(world.publishers[0].state, State::Publishing);
    for viewer in &world.viewers {
        assert_eq!(viewer.passages.len(), 1);
        assert_eq!(viewer.unpublished, 0);
    }
    world.unpublish(0);
    world.run_for(SECOND * 2);
    for viewer in &world.viewers {
        assert_eq!(viewer.unpublished, 1);
    }
    world.assert_sound();
    world.assert_released();
}

#[test]
fn broken_link_loses_and_repeats_nothing() {
    for seed in 0..20 {
        for cut in [Cut::Both, Cut::One(Way::Up), Cut::One(Way::Down)] {
            for edge in [0, 1] {
                let mut world = watched(seed, 1);
                world.break_link(edge, 0, cut);
                world.run_for(SECOND * 4);

                assert_nothing_was_lost(&mut world);
            }
        }
    }
}

#[test]
fn cut_of_ten_seconds_loses_and_repeats_nothing() {
    for seed in 0..10 {
        for edges in [&[0][..], &[1], &[0, 1, 2]] {
            let mut world = watched(seed, 1);
            for edge in edges {
                world.cut(*edge, 0, Cut::Both);
            }
            world.run_for(SECOND * 10);
            for edge in edges {
                world.mend(*edge, 0);
            }
            world.run_for(SECOND * 4);

            assert_nothing_was_lost(&mut world);
        }
    }
}

#[test]
fn origin_that_restarts_in_place_loses_and_repeats_nothing() {
    for seed in 0..20 {
        for away in [Duration::ZERO, SECOND, SECOND * 8] {
            let mut world = watched(seed, 1);
            world.kill(0);
            world.run_for(away);
            world.start(0);
            world.run_for(SECOND * 6);

            assert_nothing_was_lost(&mut world);
        }
    }
}

#[test]
fn configuration_that_changed_during_an_outage_comes_before_what_needs_it() {
    for seed in 0..10 {
        let mut world = watched(seed, 1);
        world.kill(0);
        world.run_for(SECOND);
        world.publishers[0].change_configuration();
        world.run_for(SECOND);
        world.start(0);
        world.run_for(SECOND * 6);

        assert_nothing_was_lost(&mut world);
    }
}

#[test]
fn stream_of_an_origin_that_died_goes_on_at_another() {
    for seed in 0..20 {
        let mut world = watched(seed, 2);
        world.setup.lateness.1 = SECOND * 5;
        let owner = world.owner("alice").expect("an owner");
        let name = world.origin_name(owner);
        world.kill(owner);
        world.run_for(SECOND);
        world.write(|document| document.origins.retain(|origin| origin.name != name));
        world.run_for(SECOND * 10);

        assert_nothing_was_lost(&mut world);
    }
}

#[test]
fn viewer_waits_for_a_publisher_that_has_sent_nothing_yet() {
    let mut world = World::new(Setup { hold: SECOND * 5, ..Setup::default() });
    world.run_for(SECOND * 3);
    let publisher = world.publish(0, "alice");
    world.publishers[publisher].sends = false;
    world.run_for(SECOND);
    let viewer = world.play(1, "alice");
    world.run_for(SECOND * 8);
    assert_eq!(world.viewers[viewer].gone, None);

    world.publishers[publisher].sends = true;
    world.run_for(SECOND);

    assert_eq!(world.viewers[viewer].passages.first().map(|seen| seen.first), Some(0));
    world.assert_all_follow();
    world.assert_released();
}
