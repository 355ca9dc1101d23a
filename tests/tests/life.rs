//! What a cluster does while nothing goes wrong.

use std::time::Duration;

use livecluster_mrtmp::route::Document;
use livecluster_rtmp::broadcast::Limits;
use livecluster_tests::sim::{Reader, Setup, State, World, bind};

const SECOND: Duration = Duration::from_secs(1);

fn world(edges: usize, origins: usize) -> World {
    let mut world = World::new(Setup { edges, origins, ..Setup::default() });
    // Origins that have just started let publishes wait.
    world.run_for(SECOND * 3);
    world
}

#[test]
fn viewer_on_the_publishers_edge_reads_its_log_and_nothing_comes_down() {
    let mut world = world(1, 1);
    let alice = world.publish(0, "alice");
    world.run_for(SECOND);
    let viewer = world.play(0, "alice");
    world.run_for(SECOND);

    assert!(world.publishers[alice].sent > 90);
    assert_eq!(world.edges[0].came_down, 0);
    assert_eq!(world.viewers[viewer].passages.len(), 1);
    world.assert_all_follow();
    world.assert_no_hole();
    world.assert_released();
}

#[test]
fn one_copy_comes_down_for_all_viewers_of_an_edge() {
    let mut world = world(2, 1);
    let viewers = [0, 1, 2].map(|_| world.play(1, "alice"));
    let alice = world.publish(0, "alice");
    world.run_for(SECOND * 2);

    world.assert_all_follow();
    world.assert_no_hole();
    let sent = world.publishers[alice].sent;
    assert!(world.edges[1].came_down <= sent, "{sent}");
    assert!(viewers.iter().all(|at| world.viewers[*at].passages[0].first == 0));
    world.assert_released();
}

#[test]
fn late_viewer_starts_at_the_latest_keyframe_with_the_headers() {
    let mut world = world(2, 1);
    let alice = world.publish(0, "alice");
    world.run_for(SECOND * 3);
    let sent = world.publishers[alice].sent;

    let late = world.play(1, "alice");
    world.run_for(SECOND);

    let first = world.viewers[late].passages[0].first;
    assert!(first + world.publishers[alice].keyframe_every >= sent, "{first} of {sent}");
    world.assert_all_follow();
    world.assert_no_hole();
    world.assert_released();
}

#[test]
fn later_viewer_of_an_edge_is_served_from_its_log() {
    let mut world = world(2, 1);
    let alice = world.publish(0, "alice");
    world.play(1, "alice");
    world.run_for(SECOND * 3);

    world.play(1, "alice");
    world.run_for(SECOND);

    world.assert_all_follow();
    assert!(world.edges[1].came_down <= world.publishers[alice].sent);
}

#[test]
fn viewers_are_told_when_the_publisher_stops_and_see_the_next_one() {
    let mut world = world(2, 1);
    let alice = world.publish(0, "alice");
    let viewers = [world.play(0, "alice"), world.play(1, "alice")];
    world.run_for(SECOND * 2);
    world.unpublish(alice);
    world.run_for(SECOND);
    for at in viewers {
        assert_eq!(world.viewers[at].unpublished, 1, "viewer {at}");
    }

    let again = world.publish(1, "alice");
    world.run_for(SECOND * 2);

    for at in viewers {
        let passages = &world.viewers[at].passages;
        assert_eq!(passages.len(), 2, "viewer {at}");
        assert_eq!(passages[0].next, world.publishers[alice].sent);
        assert_eq!((passages[1].run, passages[1].first), (again as u64, 0));
    }
    world.assert_all_follow();
    world.assert_no_hole();
    world.assert_released();
}

#[test]
fn second_publisher_is_refused_while_the_first_sends() {
    let mut world = world(2, 1);
    let first = world.publish(0, "alice");
    world.run_for(SECOND);

    let second = world.publish(1, "alice");
    world.run_for(SECOND * 2);

    let refused = State::Refused("NetStream.Publish.BadName".to_owned());
    assert_eq!(world.publishers[second].state, refused);
    assert_eq!(world.publishers[first].state, State::Publishing);
    world.assert_released();
}

#[test]
fn second_publisher_takes_over_from_a_silent_one() {
    let mut world = world(3, 1);
    let first = world.publish(0, "alice");
    let viewers = [0, 1, 2].map(|edge| world.play(edge, "alice"));
    world.run_for(SECOND);
    world.publishers[first].sends = false;

    let second = world.publish(1, "alice");
    world.run_for(SECOND * 3);

    assert_eq!(world.publishers[first].state, State::Revoked);
    assert_eq!(world.publishers[second].state, State::Publishing);
    for at in viewers {
        assert_eq!(world.viewers[at].passages.len(), 2, "viewer {at}");
        assert_eq!(world.viewers[at].unpublished, 0, "viewer {at}");
        assert_eq!(world.viewers[at].passages[0].next, world.publishers[first].sent);
    }
    world.assert_all_follow();
    world.assert_no_hole();
    world.assert_released();
}

#[test]
fn publish_before_the_edge_knows_a_move_waits_for_the_document() {
    let mut world = world(2, 2);
    let stream = world.stream_of(0);
    let other = world.origin_name(1);
    let late = [(Reader::Origin(0), 100), (Reader::Origin(1), 100), (Reader::Edge(0), 2000), (Reader::Edge(1), 100)];
    write_at(&mut world, &late, |document| bind(document, &stream, &other));
    world.run_for(SECOND / 2);

    let alice = world.publish(0, &stream);
    world.play(1, &stream);
    world.run_for(SECOND);
    assert_eq!(world.publishers[alice].state, State::Asked);
    world.run_for(SECOND * 5);

    assert_eq!(world.publishers[alice].state, State::Publishing);
    world.assert_all_follow();
    world.assert_released();
}

#[test]
fn origin_that_is_behind_its_document_catches_up_before_it_answers() {
    for origin_late in [500, 5000] {
        let mut world = world(2, 2);
        let stream = world.stream_of(0);
        let other = world.origin_name(1);
        let late = [
            (Reader::Origin(0), 100),
            (Reader::Origin(1), origin_late),
            (Reader::Edge(0), 100),
            (Reader::Edge(1), 100),
        ];
        write_at(&mut world, &late, |document| bind(document, &stream, &other));
        world.run_for(SECOND / 5);

        let alice = world.publish(0, &stream);
        world.play(1, &stream);
        world.run_for(SECOND * 5);

        assert_eq!(world.publishers[alice].state, State::Publishing);
        world.run_for(SECOND * 5);
        world.assert_all_follow();
        world.assert_no_hole();
        world.assert_released();
    }
}

#[test]
fn edge_that_lags_behind_the_log_gets_a_discontinuity_and_goes_on() {
    let mut world = World::new(Setup { log: Limits { bytes: 30_000, ..Limits::default() }, ..Setup::default() });
    world.run_for(SECOND * 3);
    let alice = world.publish(0, "alice");
    world.publishers[alice].len = 200;
    let viewer = world.play(1, "alice");
    world.run_for(SECOND * 2);
    world.slow_down(1, 0, Duration::from_millis(60));
    world.run_for(SECOND * 20);
    world.slow_down(1, 0, Duration::ZERO);
    world.run_for(SECOND * 5);

    let holes = &world.viewers[viewer].holes;
    assert!(!holes.is_empty());
    assert!(holes.iter().all(|hole| hole.reason == "successor"), "{holes:?}");
    assert_eq!(world.publishers[alice].state, State::Publishing);
    assert!(world.publishers[alice].silence < SECOND, "it was never slowed");
    world.assert_all_follow();
    world.assert_released();
}

fn write_at(world: &mut World, late: &[(Reader, u64)], change: impl FnOnce(&mut Document)) {
    let late: Vec<_> = late.iter().map(|(reader, late)| (*reader, Duration::from_millis(*late))).collect();
    world.write_with(&late, change);
}
