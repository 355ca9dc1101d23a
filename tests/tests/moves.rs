//! What a cluster does when streams move between origins that live: nobody notices.

use std::time::Duration;

use livecluster_tests::sim::{Cut, Reader, Setup, State, World, bind};

const SECOND: Duration = Duration::from_secs(1);

/// Three edges and two origins; a publisher on the first edge, whose stream belongs to the first origin.
fn published(seed: u64) -> (World, String) {
    let mut world = World::new(Setup { seed, edges: 3, origins: 2, ..Setup::default() });
    world.run_for(SECOND * 3);
    let stream = world.stream_of(0);
    world.publish(0, &stream);
    world.run_for(SECOND * 2);
    (world, stream)
}

#[test]
fn stream_that_moves_loses_and_repeats_nothing() {
    for seed in 0..30 {
        let (mut world, stream) = published(seed);
        for edge in 0..3 {
            world.play(edge, &stream);
        }
        world.run_for(SECOND * 2);
        world.setup.lateness.1 = SECOND * 3;
        world.move_stream(&stream, 1);
        world.run_for(SECOND * 10);

        world.assert_all_follow();
        world.assert_no_hole();
        for viewer in &world.viewers {
            assert_eq!((viewer.passages.len(), viewer.unpublished), (1, 0));
        }
        world.assert_released();
    }
}

#[test]
fn viewer_that_comes_after_a_move_gets_the_headers() {
    let (mut world, stream) = published(1);
    world.move_stream(&stream, 1);
    world.run_for(SECOND * 2);

    let late = world.play(1, &stream);
    world.run_for(SECOND);

    assert_eq!(world.viewers[late].passages.len(), 1);
    world.assert_all_follow();
}

#[test]
fn origin_keeps_nothing_of_a_publisher_whose_edge_lost_its_memory() {
    let (mut world, stream) = published(1);
    let viewer = world.play(1, &stream);
    world.run_for(SECOND);

    world.replace_edge(0, true);
    world.run_for(SECOND * 2);
    let publications = |world: &mut World| world.origins[0].core().map(|core| core.footprint().publications);
    assert_eq!(publications(&mut world), Some(1));
    let second = world.publish(0, &stream);
    world.run_for(SECOND * 3);

    assert_eq!(world.publishers[second].state, State::Publishing);
    assert_eq!(publications(&mut world), Some(1));
    assert_eq!((world.viewers[viewer].passages.len(), world.viewers[viewer].unpublished), (2, 1));
    world.assert_sound();
}

#[test]
fn nobody_is_shown_what_was_taken_over_at_the_other_origin_of_a_move() {
    let mut world = World::new(Setup { edges: 4, origins: 2, ..Setup::default() });
    world.run_for(SECOND * 3);
    let stream = world.stream_of(0);
    world.publish_with_key(0, &stream, "secret");
    world.play(2, &stream);
    world.run_for(SECOND * 2);
    let origin = world.origin_name(1);
    let soon =
        [Reader::Edge(0), Reader::Edge(1), Reader::Origin(0), Reader::Origin(1)].map(|reader| (reader, SECOND / 10));
    let delays = [&soon[..], &[2, 3].map(|edge| (Reader::Edge(edge), SECOND * 20))].concat();
    world.write_with(&delays, |document| bind(document, &stream, &origin));
    world.run_for(SECOND);
    // Its edge keeps the first for as long as somebody lacks some of it.
    world.cut(2, 0, Cut::Both);

    let second = world.publish_with_key(1, &stream, "secret");
    world.run_for(SECOND);
    world.unpublish(second);
    let late = world.play(3, &stream);
    world.run_for(SECOND * 5);

    assert_eq!(world.publishers[second].state, State::Unpublished);
    assert!(world.viewers[late].passages.is_empty(), "{:?}", world.viewers[late].passages);
}

#[test]
fn nobody_is_shown_again_what_ended_at_another_origin() {
    let (mut world, stream) = published(1);
    let viewer = world.play(1, &stream);
    world.run_for(SECOND);
    world.cut(0, 0, Cut::Both);
    world.run_for(SECOND * 3);
    world.move_stream(&stream, 1);
    world.run_for(SECOND * 3);
    world.unpublish(0);
    world.run_for(SECOND);
    world.stop(viewer);

    world.move_stream(&stream, 0);
    world.run_for(SECOND);
    let late = world.play(1, &stream);
    world.run_for(SECOND * 3);

    assert!(world.viewers[late].passages.is_empty(), "{:?}", world.viewers[late].passages);
    world.assert_no_hole();
}

#[test]
fn move_ends_though_an_edge_leaves_in_the_middle() {
    let (mut world, stream) = published(1);
    let leaves = world.play(1, &stream);
    world.play(2, &stream);
    world.run_for(SECOND * 2);
    let origin = world.origin_name(1);
    let soon = [Reader::Edge(0), Reader::Edge(1), Reader::Origin(0), Reader::Origin(1)];
    let soon = soon.map(|reader| (reader, SECOND / 10));
    let delays = [&soon[..], &[(Reader::Edge(2), SECOND * 4)]].concat();
    world.write_with(&delays, |document| bind(document, &stream, &origin));
    world.run_for(SECOND * 2);
    world.stop(leaves);
    world.run_for(SECOND * 5);

    assert_eq!(world.origins[0].core().map(|core| core.footprint().publications), Some(0));
    world.assert_all_follow();
    world.assert_no_hole();
}
