//! Origins that die under streams: clients do not notice.

use livecluster_tests::local::{Cluster, Part, nobody_notices};
use rustix::process::Signal;

async fn kill(_: &Cluster, origin: &Part) {
    origin.signal(Signal::KILL);
}

/// Until the edges have given up their links to it.
async fn freeze(cluster: &Cluster, origin: &Part) {
    origin.signal(Signal::STOP);
    cluster.until_unlinked(origin).await;
    origin.signal(Signal::CONT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn origin_that_restarts_in_place_costs_no_frame() {
    nobody_notices(1, kill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stream_moves_to_another_origin_without_the_loss_of_a_frame() {
    nobody_notices(2, kill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn origin_that_freezes_and_wakes_up_costs_no_frame() {
    nobody_notices(1, freeze).await;
}
