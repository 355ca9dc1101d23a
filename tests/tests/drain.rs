//! An edge that is asked to end.

use livecluster_tests::local::{Client, Cluster, LIMIT, Options, Pace, Publisher, Viewer, within};
use rustix::process::Signal;
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edge_that_is_asked_to_end_keeps_its_clients_and_ends_with_them() {
    let cluster = Cluster::start(Options {
        edges: 1,
        ..Options::default()
    })
    .await;
    let mut process = cluster.start_edge(&["--drain-accept-seconds=3"]).await;
    let edge = process.part.clone();
    let publisher = Publisher::start(&cluster.edges[0], "alice", Pace::default()).await;
    let viewer = Viewer::start(&edge, "alice").await;

    edge.signal(Signal::TERM);

    within(LIMIT, "no more clients are wanted", async || {
        (!edge.is_ready().await).then_some(())
    })
    .await;
    // Load balancers do not know it yet.
    let mut late = Client::connect(&edge).await;
    late.play("alice").await;
    let late = Viewer::go_on(late);
    within(LIMIT, "the listener is closed", async || {
        let connected = TcpStream::connect(edge.rtmp.expect("an edge")).await;
        connected.is_err().then_some(())
    })
    .await;
    let sent = publisher.sent();
    for viewer in [&viewer, &late] {
        viewer.until(sent + 10).await;
    }
    assert!(!process.has_ended());
    for viewer in [viewer, late] {
        let seen = viewer.stop().await;
        assert!(seen.connected);
        seen.shown.assert_whole();
    }
    assert_eq!(process.exit(LIMIT).await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edge_closes_the_clients_that_stay_too_long() {
    let cluster = Cluster::start(Options {
        edges: 1,
        ..Options::default()
    })
    .await;
    let arguments = ["--drain-accept-seconds=0", "--drain-seconds=1"];
    let mut process = cluster.start_edge(&arguments).await;
    let _publisher = Publisher::start(&cluster.edges[0], "alice", Pace::default()).await;
    let mut viewer = Client::connect(&process.part).await;
    viewer.play("alice").await;

    process.part.signal(Signal::TERM);

    viewer.until_closed(LIMIT).await;
    assert_eq!(process.exit(LIMIT).await.code(), Some(0));
}
