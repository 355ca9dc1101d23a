//! Executions that broke earlier wordings of the protocol's rules, each under what has to hold instead.

use std::time::Duration;

use livecluster_mrtmp::route::{Document, State as OriginState};
use livecluster_rtmp::broadcast::Limits;
use livecluster_tests::sim::{Cut, Reader, Setup, State, World, bind};

const SECOND: Duration = Duration::from_secs(1);
const SEEDS: u64 = 12;

/// Three edges, and a log that keeps little of what nobody needs. The stream belongs to the first origin.
fn cluster(seed: u64, origins: usize) -> (World, String) {
    let mut world = World::new(Setup {
        seed,
        edges: 3,
        origins,
        log: Limits { age: SECOND / 2, ..Limits::default() },
        ..Setup::default()
    });
    world.run_for(SECOND * 3);
    let stream = world.stream_of(0);
    (world, stream)
}

/// A cluster with a publisher on the first edge and a viewer on each other.
fn watched(seed: u64, origins: usize) -> (World, String) {
    let (mut world, stream) = cluster(seed, origins);
    publish(&mut world, 0, &stream);
    world.play(1, &stream);
    world.play(2, &stream);
    world.run_for(SECOND * 3);
    (world, stream)
}

fn publish(world: &mut World, edge: usize, stream: &str) -> usize {
    let at = world.publish(edge, stream);
    world.publishers[at].keyframe_every = 10;
    at
}

/// Every reader gets the document after so many milliseconds: the edges first, then the origins.
fn write_after(world: &mut World, edges: [u64; 3], origins: u64, change: impl FnOnce(&mut Document)) {
    let mut delays = Vec::new();
    for (edge, late) in edges.into_iter().enumerate() {
        delays.push((Reader::Edge(edge), Duration::from_millis(late)));
    }
    for origin in 0..world.origins.len() {
        delays.push((Reader::Origin(origin), Duration::from_millis(origins)));
    }
    world.write_with(&delays, change);
}

/// Every viewer sees what its publisher sends, and has lost nothing.
fn assert_nothing_was_lost(world: &mut World) {
    world.assert_all_follow();
    world.assert_no_hole();
    for viewer in &world.viewers {
        assert_eq!((viewer.passages.len(), viewer.unpublished), (1, 0));
    }
    world.assert_released();
}

/// Every viewer saw all of the first publication, and was told once that it ended.
fn assert_seen_to_the_end(world: &mut World) {
    let sent = world.publishers[0].sent;
    for (at, viewer) in world.viewers.iter().enumerate() {
        let first = viewer.passages.first().expect("it saw something");
        assert_eq!((first.run, first.next), (0, sent), "viewer {at}");
        assert!(first.ended, "viewer {at}");
    }
    world.assert_no_hole();
}

#[test]
fn execution_1_log_is_kept_for_an_edge_whose_document_is_late() {
    for seed in 0..SEEDS {
        let (mut world, _) = watched(seed, 2);
        let name = world.origin_name(0);
        world.kill(0);
        world.run_for(SECOND / 4);
        write_after(&mut world, [200, 8000, 200], 200, |document| {
            document.origins.retain(|origin| origin.name != name);
        });
        world.run_for(SECOND * 5);
        world.kill(1);
        world.start(1);
        world.run_for(SECOND * 10);

        assert_nothing_was_lost(&mut world);
    }
}

#[test]
fn execution_2_new_edge_loses_nothing_though_its_origin_dies_at_once() {
    for seed in 0..SEEDS {
        for late in [1, 3, 5, 8, 12, 20] {
            let (mut world, stream) = cluster(seed, 1);
            publish(&mut world, 0, &stream);
            world.run_for(SECOND * 2);
            world.play(1, &stream);
            world.run_for(Duration::from_millis(late));
            world.kill(0);
            world.run_for(SECOND);
            world.start(0);
            world.run_for(SECOND * 6);

            assert_nothing_was_lost(&mut world);
        }
    }
}

#[test]
fn execution_3_edge_that_reads_on_at_the_old_origin_resumes_where_it_is() {
    for seed in 0..SEEDS {
        for edges in [[3000, 0, 1500], [0, 3000, 1500]] {
            let (mut world, stream) = watched(seed, 2);
            let name = world.origin_name(1);
            write_after(&mut world, edges, 0, |document| bind(document, &stream, &name));
            world.run_for(SECOND * 6);

            assert_nothing_was_lost(&mut world);
        }
    }
}

#[test]
fn execution_4_end_is_seen_though_another_publishes_while_the_origin_is_frozen() {
    for seed in 0..SEEDS {
        let (mut world, stream) = watched(seed, 1);
        world.freeze(0);
        world.run_for(SECOND);
        world.unpublish(0);
        world.run_for(SECOND / 5);
        publish(&mut world, 1, &stream);
        world.run_for(SECOND * 2);
        world.thaw(0);
        world.run_for(SECOND * 8);

        assert_seen_to_the_end(&mut world);
        world.assert_released();
    }
}

#[test]
fn execution_5_end_is_seen_though_the_origin_dies_when_it_has_it() {
    for seed in 0..SEEDS {
        for late in [0, 1, 2, 3, 5, 8, 100, 300] {
            let (mut world, _) = watched(seed, 1);
            world.unpublish(0);
            world.run_for(Duration::from_millis(late));
            world.kill(0);
            world.run_for(SECOND);
            world.start(0);
            world.run_for(SECOND * 6);

            assert_seen_to_the_end(&mut world);
            world.assert_released();
        }
    }
}

#[test]
fn execution_6_ended_publication_is_not_shown_again() {
    for seed in 0..SEEDS {
        let (mut world, stream) = watched(seed, 2);
        let name = world.origin_name(1);
        write_after(&mut world, [1000, 0, 0], 0, |document| bind(document, &stream, &name));
        world.run_for(SECOND + Duration::from_millis(seed));
        world.unpublish(0);
        world.break_link(1, 1, Cut::Both);
        world.run_for(SECOND * 6);

        assert_seen_to_the_end(&mut world);
        for viewer in &world.viewers {
            assert_eq!((viewer.passages.len(), viewer.unpublished), (1, 1));
        }
        world.assert_released();
    }
}

#[test]
fn execution_7_tail_of_a_superseded_publication_is_seen_though_the_origin_dies() {
    for seed in 0..SEEDS {
        for late in [0, 2, 5, 20, 60] {
            let (mut world, stream) = watched(seed, 1);
            world.slow_down(2, 0, Duration::from_millis(70));
            world.run_for(SECOND * 2);
            world.publishers[0].sends = false;
            let heir = publish(&mut world, 1, &stream);
            while world.publishers[heir].state == State::Asked {
                world.run_for(Duration::from_millis(1));
            }
            world.run_for(Duration::from_millis(late));
            world.kill(0);
            world.start(0);
            world.run_for(SECOND * 6);

            let sent = world.publishers[0].sent;
            assert!(world.viewers.iter().all(|viewer| viewer.passages[0].next == sent));
            world.assert_all_follow();
            world.assert_no_hole();
            world.assert_released();
        }
    }
}

#[test]
fn execution_8_publisher_whose_link_is_cut_is_not_taken_for_silent() {
    for seed in 0..SEEDS {
        let (mut world, stream) = watched(seed, 1);
        world.cut(0, 0, Cut::Both);
        world.run_for(Duration::from_millis(60));
        let impostor = publish(&mut world, 1, &stream);
        world.run_for(SECOND * 5);
        world.mend(0, 0);
        world.run_for(SECOND * 4);

        assert!(matches!(world.publishers[impostor].state, State::Refused(_)));
        assert_eq!(world.publishers[0].state, State::Publishing);
        assert_nothing_was_lost(&mut world);
    }
}

#[test]
fn execution_9_publisher_whose_document_is_late_keeps_its_stream() {
    for seed in 0..SEEDS {
        let (mut world, stream) = cluster(seed, 2);
        let name = world.origin_name(0);
        let elder = publish(&mut world, 0, &stream);
        world.run_for(SECOND);
        world.kill(0);
        write_after(&mut world, [6000, 200, 200], 200, |document| {
            document.origins.retain(|origin| origin.name != name);
        });
        world.run_for(SECOND / 2);
        let newcomer = publish(&mut world, 1, &stream);
        world.run_for(SECOND * 4);
        assert_eq!(world.publishers[newcomer].state, State::Publishing);
        world.run_for(SECOND * 4);

        assert_eq!(world.publishers[newcomer].state, State::Revoked);
        assert_eq!(world.publishers[elder].state, State::Publishing);
        world.play(2, &stream);
        world.run_for(SECOND);
        assert_nothing_was_lost(&mut world);
    }
}

#[test]
fn execution_10_restart_at_the_same_generation_gives_no_lower_term() {
    for seed in 0..SEEDS {
        let (mut world, stream) = watched(seed, 1);
        world.kill(0);
        world.start(0);
        world.run_for(SECOND * 4);
        world.publishers[0].sends = false;
        let heir = publish(&mut world, 1, &stream);
        world.run_for(SECOND * 2);
        world.kill(0);
        world.start(0);
        world.run_for(SECOND * 5);

        assert_eq!(world.publishers[heir].state, State::Publishing);
        assert_eq!(world.publishers[0].state, State::Revoked);
        world.assert_all_follow();
        world.assert_no_hole();
        world.assert_released();
    }
}

#[test]
fn execution_11_who_resumes_first_does_not_win_by_that() {
    for seed in 0..SEEDS * 3 {
        let (mut world, stream) = watched(seed, 1);
        world.slow_down(0, 0, SECOND);
        world.publishers[0].sends = false;
        let heir = publish(&mut world, 1, &stream);
        while world.publishers[heir].state == State::Asked {
            world.run_for(Duration::from_millis(1));
        }
        world.kill(0);
        world.start(0);
        world.run_for(SECOND * 6);

        assert_eq!(world.publishers[heir].state, State::Publishing, "seed {seed}");
        assert_eq!(world.publishers[0].state, State::Revoked, "seed {seed}");
        world.assert_all_follow();
        world.assert_released();
    }
}

#[test]
fn execution_12_edge_that_was_cut_off_during_a_takeover_sees_the_new_publisher_soon() {
    for seed in 0..SEEDS {
        let (mut world, stream) = watched(seed, 1);
        world.cut(2, 0, Cut::Both);
        world.run_for(SECOND * 2);
        world.publishers[0].sends = false;
        publish(&mut world, 1, &stream);
        world.run_for(SECOND * 4);
        world.mend(2, 0);
        world.run_for(SECOND * 5);

        let sent = world.publishers[0].sent;
        assert!(world.viewers.iter().all(|viewer| viewer.passages[0].next == sent));
        world.assert_all_follow();
        world.assert_no_hole();
        world.assert_released();
    }
}

#[test]
fn execution_13_edge_that_left_while_it_was_cut_off_slows_nobody() {
    for seed in 0..SEEDS {
        let (mut world, stream) = watched(seed, 2);
        let name = world.origin_name(1);
        world.cut(1, 0, Cut::Both);
        world.run_for(SECOND * 2);
        world.write(|document| bind(document, &stream, &name));
        world.run_for(SECOND * 4);
        world.stop(0);
        world.run_for(SECOND * 30);

        assert!(world.publishers[0].silence < SECOND / 2);
        let kept = world.edges[0].core.footprint().largest_log;
        assert!(kept < 100_000, "{kept} bytes are kept for nobody");
        world.assert_all_follow();
        world.assert_no_hole();
    }
}

#[test]
fn execution_14_draining_origin_serves_again_when_no_other_is_left() {
    for seed in 0..SEEDS {
        let (mut world, stream) = watched(seed, 2);
        world.drain_origin(0);
        world.run_for(SECOND);
        world.kill(1);
        world.remove_origin(1);
        world.run_for(SECOND);
        let name = world.origin_name(0);
        let origin = world.routes.document.origin(&name).expect("it is there");
        assert_eq!(origin.state, OriginState::Active);

        let another = publish(&mut world, 0, "another");
        world.run_for(SECOND * 3);

        assert_eq!(world.publishers[another].state, State::Publishing);
        assert_eq!(world.owner(&stream), Some(0));
        assert_nothing_was_lost(&mut world);
    }
}

#[test]
fn execution_15_origin_with_an_old_log_does_not_answer_for_a_newer_one() {
    for seed in 0..SEEDS {
        let (mut world, stream) = watched(seed, 2);
        let (first, second) = (world.origin_name(0), world.origin_name(1));
        world.cut(0, 0, Cut::Both);
        write_after(&mut world, [10; 3], 10, |document| bind(document, &stream, &second));
        world.run_for(SECOND * 5);
        world.mend(0, 0);
        write_after(&mut world, [10; 3], 10, |document| bind(document, &stream, &first));
        world.run_for(SECOND * 5);

        assert_nothing_was_lost(&mut world);
    }
}

#[test]
fn execution_16_publish_without_an_answer_is_taken_back_before_it_goes_elsewhere() {
    for seed in 0..SEEDS {
        let (mut world, stream) = cluster(seed, 2);
        let name = world.origin_name(1);
        world.kill(0);
        world.start(0);
        let alice = publish(&mut world, 0, &stream);
        world.run_for(SECOND);
        assert_eq!(world.publishers[alice].state, State::Asked);
        world.write(|document| bind(document, &stream, &name));
        world.run_for(SECOND * 5);

        assert_eq!(world.publishers[alice].state, State::Publishing);
        let left = world.origins[0].core().map(|core| core.footprint());
        assert!(left.is_some_and(|left| left.is_empty()), "{left:?}");
        world.play(1, &stream);
        world.run_for(SECOND);
        assert_nothing_was_lost(&mut world);
    }
}

#[test]
fn execution_17_origin_that_was_frozen_starts_anew_before_it_reads() {
    for seed in 0..SEEDS {
        let (mut world, stream) = watched(seed, 2);
        let name = world.origin_name(0);
        world.freeze(0);
        world.run_for(SECOND * 2);
        world.remove_origin(0);
        world.run_for(SECOND * 2);
        world.thaw(0);
        world.announce_origin(0);
        world.activate_origin(0);
        world.run_for(SECOND * 2);
        world.write(|document| bind(document, &stream, &name));
        world.run_for(SECOND * 5);

        assert_nothing_was_lost(&mut world);
    }
}
