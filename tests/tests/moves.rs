//! What a cluster does when streams move between origins that live: nobody notices.

use std::time::Duration;

use livecluster_tests::sim::{Setup, World};

const SECOND: Duration = Duration::from_secs(1);

/// Three edges and two origins; a publisher on the first edge, whose stream belongs to the first origin.
fn published(seed: u64) -> (World, String) {
    let mut world = World::new(Setup {
        seed,
        edges: 3,
        origins: 2,
        ..Setup::default()
    });
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
