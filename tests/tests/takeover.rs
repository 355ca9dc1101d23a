//! One publisher takes a stream over from another: viewers lose nothing of either that had come in.

use std::time::Duration;

use livecluster_tests::sim::{Cut, Setup, State, World};

const SECOND: Duration = Duration::from_secs(1);
const SEEDS: u64 = 20;

/// Three edges; a publisher with a key on the first, a viewer on the last.
fn watched(seed: u64) -> (World, usize, usize) {
    let mut world = World::new(Setup { seed, edges: 3, ..Setup::default() });
    world.run_for(SECOND * 3);
    let publisher = world.publish_with_key(0, "alice", "secret");
    let viewer = world.play(2, "alice");
    world.run_for(SECOND * 2);
    (world, publisher, viewer)
}

/// The viewer saw all of the second publisher, and was never told that anyone stopped.
fn assert_went_over(world: &mut World, viewer: usize, second: usize) {
    let seen = &world.viewers[viewer];
    let last = seen.passages.last().expect("it saw something");
    assert_eq!((last.run, last.first), (second as u64, 0));
    assert_eq!((seen.passages.len(), seen.unpublished), (2, 0));
    world.assert_all_follow();
    world.assert_no_hole();
    assert_eq!(world.edges[0].core.footprint().publications, 0, "nothing of the first is kept");
    world.assert_released();
}

#[test]
fn encoder_that_comes_back_with_its_key_takes_over_at_once() {
    for seed in 0..SEEDS {
        let (mut world, first, viewer) = watched(seed);

        let second = world.publish_with_key(1, "alice", "secret");
        world.run_for(SECOND / 4);

        assert_eq!(world.publishers[first].state, State::Revoked);
        assert_eq!(world.publishers[second].state, State::Publishing);
        world.run_for(SECOND * 3);
        assert_went_over(&mut world, viewer, second);
    }
}

#[test]
fn encoder_with_its_key_need_not_wait_for_an_edge_that_is_cut_off() {
    for seed in 0..SEEDS {
        let (mut world, first, viewer) = watched(seed);
        world.cut(0, 0, Cut::Both);
        world.run_for(SECOND * 2);

        let second = world.publish_with_key(1, "alice", "secret");
        world.run_for(SECOND * 4);
        assert_eq!(world.publishers[second].state, State::Publishing);
        assert_eq!(world.viewers[viewer].passages.len(), 2, "it waits no longer for a tail that does not come");

        world.mend(0, 0);
        world.run_for(SECOND * 3);
        assert_eq!(world.publishers[first].state, State::Revoked);
        assert_went_over(&mut world, viewer, second);
    }
}

#[test]
fn publisher_with_another_key_or_none_throws_nobody_out() {
    for secret in ["guess", ""] {
        let (mut world, first, _) = watched(1);

        let second = world.publish_with_key(1, "alice", secret);
        world.run_for(SECOND * 3);

        assert_eq!(world.publishers[first].state, State::Publishing);
        assert!(matches!(world.publishers[second].state, State::Refused(_)));
        world.assert_all_follow();
    }
}

#[test]
fn edge_that_lags_gets_the_rest_of_the_first_and_all_of_the_second() {
    for seed in 0..SEEDS {
        let (mut world, _, viewer) = watched(seed);
        world.slow_down(2, 0, Duration::from_millis(60));
        world.run_for(SECOND * 2);
        let second = world.publish_with_key(1, "alice", "secret");
        world.publishers[second].keyframe_every = 5;
        world.run_for(SECOND);
        world.slow_down(2, 0, Duration::ZERO);
        world.run_for(SECOND * 5);

        assert_went_over(&mut world, viewer, second);
    }
}

#[test]
fn stream_is_free_after_a_takeover_by_somebody_who_sent_nothing() {
    for seed in 0..SEEDS {
        let (mut world, _, viewer) = watched(seed);
        let silent = world.publish_with_key(1, "alice", "secret");
        world.publishers[silent].sends = false;
        world.run_for(SECOND * 3);
        world.unpublish(silent);
        world.run_for(SECOND);

        let third = world.publish_with_key(1, "alice", "another");
        world.run_for(SECOND * 4);

        assert_eq!(world.publishers[third].state, State::Publishing);
        assert_eq!(world.viewers[viewer].passages.last().map(|last| last.run), Some(third as u64));
        world.assert_sound();
    }
}

#[test]
fn publisher_that_keeps_silent_gives_way_however_many_ask() {
    let (mut world, first, _) = watched(1);
    world.publishers[first].sends = false;
    let second = world.publish(1, "alice");
    for _ in 0..8 {
        world.run_for(SECOND * 2 / 5);
        world.publish(2, "alice");
    }

    assert_eq!(world.publishers[second].state, State::Publishing);
    assert_eq!(world.publishers[first].state, State::Revoked);
}
