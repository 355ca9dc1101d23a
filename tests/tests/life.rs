//! What a cluster does while nothing goes wrong.

use std::time::Duration;

use livecluster_tests::sim::{Setup, World};

const SECOND: Duration = Duration::from_secs(1);

fn world(edges: usize, origins: usize) -> World {
    let mut world = World::new(Setup {
        edges,
        origins,
        ..Setup::default()
    });
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
    assert!(
        viewers
            .iter()
            .all(|at| world.viewers[*at].passages[0].first == 0)
    );
    world.assert_released();
}
