//! A publisher that ends its stream is told when all that it sent is where it belongs.

use std::time::Duration;

use livecluster_tests::sim::{Cut, Setup, World};

const SECOND: Duration = Duration::from_secs(1);
const SEEDS: u64 = 20;

/// Three edges; a publisher on the first, a viewer on the last.
fn watched(seed: u64) -> (World, usize, usize) {
    let mut world = World::new(Setup { seed, edges: 3, ..Setup::default() });
    world.run_for(SECOND * 3);
    let publisher = world.publish(0, "alice");
    let viewer = world.play(2, "alice");
    world.run_for(SECOND * 2);
    (world, publisher, viewer)
}

/// Whether the viewer has all that the publisher sent, and its end.
fn has_all(world: &World, viewer: usize, publisher: usize) -> bool {
    let passage = world.viewers[viewer].passages.last().expect("it saw something");
    passage.ended && passage.next == world.publishers[publisher].sent
}

#[test]
fn publisher_is_told_at_once_when_every_edge_has_its_end() {
    for seed in 0..SEEDS {
        let (mut world, publisher, viewer) = watched(seed);

        world.unpublish(publisher);
        world.run_for(SECOND / 10);

        assert!(world.publishers[publisher].confirmed.is_some());
        assert!(has_all(&world, viewer, publisher));
        world.assert_no_hole();
    }
}

#[test]
fn publisher_waits_for_an_edge_that_lacks_the_end() {
    for seed in 0..SEEDS {
        let (mut world, publisher, viewer) = watched(seed);
        world.cut(2, 0, Cut::Both);

        world.unpublish(publisher);
        world.run_for(SECOND * 3);
        assert_eq!(world.publishers[publisher].confirmed, None);
        assert!(!has_all(&world, viewer, publisher));

        world.mend(2, 0);
        world.run_for(SECOND * 3 / 2);
        assert!(world.publishers[publisher].confirmed.is_some());
        assert!(has_all(&world, viewer, publisher));
        world.assert_no_hole();
    }
}

#[test]
fn publisher_does_not_wait_longer_than_it_can_but_its_end_is_kept() {
    let (mut world, publisher, viewer) = watched(1);
    world.cut(2, 0, Cut::Both);

    world.unpublish(publisher);
    let ended = world.now();
    world.run_for(SECOND * 8);

    assert_eq!(world.publishers[publisher].confirmed, Some(ended + SECOND * 5));
    assert_eq!(world.edges[0].core.footprint().publications, 1);
    world.mend(2, 0);
    world.run_for(SECOND * 5);
    assert!(has_all(&world, viewer, publisher));
    world.assert_no_hole();
    assert_eq!(world.edges[0].core.footprint().publications, 0);
}

#[test]
fn publisher_that_was_never_let_in_does_not_wait() {
    let mut world = World::new(Setup::default());
    world.run_for(SECOND * 3);
    world.kill(0);
    let publisher = world.publish(0, "alice");
    world.run_for(SECOND);

    world.unpublish(publisher);

    assert_eq!(world.publishers[publisher].confirmed, Some(world.now()));
}
