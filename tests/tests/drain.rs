//! An edge that is asked to end.

use std::time::Duration;

use livecluster_rtmp::command::status;
use livecluster_tests::local::{Client, Cluster, Event, LIMIT, Options, Pace, Publisher, Shown, Viewer, within};
use rustix::process::Signal;
use tokio::net::TcpStream;
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edge_that_is_asked_to_end_keeps_its_clients_and_ends_with_them() {
    let cluster = Cluster::start(Options { edges: 1, ..Options::default() }).await;
    let mut process = cluster.start_edge(&["--drain-accept-seconds=3"]).await;
    let edge = process.part.clone();
    let publisher = Publisher::start(&cluster.edges[0], "alice", Pace::default()).await;
    let viewer = Viewer::start(&edge, "alice").await;

    edge.signal(Signal::TERM);

    within(LIMIT, "it drains", async || (edge.status().await["draining"] == true).then_some(())).await;
    // Load balancers do not know it yet, and send clients to whoever is ready.
    assert!(edge.is_ready().await);
    let mut late = Client::connect(&edge).await;
    late.play("alice").await;
    let late = Viewer::go_on(late);
    within(LIMIT, "the listener is closed", async || {
        let connected = TcpStream::connect(edge.rtmp.expect("an edge")).await;
        connected.is_err().then_some(())
    })
    .await;
    assert!(!edge.is_ready().await);
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
    let cluster = Cluster::start(Options { edges: 1, ..Options::default() }).await;
    let arguments = ["--drain-accept-seconds=0", "--drain-seconds=1"];
    let mut process = cluster.start_edge(&arguments).await;
    let _publisher = Publisher::start(&cluster.edges[0], "alice", Pace::default()).await;
    let mut viewer = Client::connect(&process.part).await;
    viewer.play("alice").await;

    process.part.signal(Signal::TERM);

    viewer.until_closed(LIMIT).await;
    assert_eq!(process.exit(LIMIT).await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_can_move_are_asked_to_also_when_they_connect_after_their_turn() {
    let cluster = Cluster::start(Options { edges: 1, ..Options::default() }).await;
    let process = cluster.start_edge(&["--drain-accept-seconds=0"]).await;
    let address = process.part.rtmp.expect("an edge");
    let [late, early] = [TcpStream::connect(address).await, TcpStream::connect(address).await];
    let mut early = Client::over(early.expect("a connection"), true).await;
    let asked = |event| match event {
        Event::Reconnect { tc_url, .. } => Some(tc_url),
        _ => None,
    };

    process.part.signal(Signal::TERM);

    // Clients have their turn in the order in which they came.
    let same = Ok(format!("rtmp://{address}/live"));
    assert_eq!(early.expect("the one that is connected is asked", asked).await, same);
    let mut late = Client::over(late.expect("a connection"), true).await;
    assert_eq!(late.expect("the other is asked", asked).await, same);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publisher_that_leaves_just_before_its_edge_ends_is_seen_to_its_end() {
    let cluster = Cluster::start(Options { edges: 1, ..Options::default() }).await;
    let mut process = cluster.start_edge(&["--drain-accept-seconds=0"]).await;
    let mut viewer = Client::connect(&cluster.edges[0]).await;
    viewer.play("alice").await;
    let mut publisher = Client::connect(&process.part).await;
    let stream_id = publisher.publish("alice").await;
    let origin = &cluster.origins[0];

    process.part.signal(Signal::TERM);
    within(LIMIT, "no more clients are wanted", async || (!process.part.is_ready().await).then_some(())).await;
    // More than the buffers of sockets hold: what the edge has read stays there.
    origin.signal(Signal::STOP);
    let pace = Pace { bytes: 100_000, ..Pace::default() };
    pace.headers(stream_id).iter().for_each(|header| publisher.queue(header));
    (0..FRAMES).flat_map(|number| pace.frame(stream_id, number)).for_each(|frame| publisher.queue(&frame));
    assert!(publisher.is_answered().await);
    drop(publisher);
    within(LIMIT, "the last client has left", async || (process.part.status().await["connections"] == 0).then_some(()))
        .await;
    let ended = timeout(Duration::from_millis(500), process.exit(LIMIT)).await;
    assert!(ended.is_err(), "the edge has ended with what a publisher has sent");
    origin.signal(Signal::CONT);

    let mut shown = Shown::default();
    let shown_to_the_end = |event| match event {
        Event::Media(message) => {
            shown.take(&message);
            None
        }
        Event::Status { status, .. } => (status.code == status::PLAY_UNPUBLISH_NOTIFY).then_some(()),
        _ => None,
    };
    viewer.expect("the stream ends", shown_to_the_end).await;
    assert_eq!(shown.video(), (0..FRAMES).collect::<Vec<_>>());
    assert_eq!(process.exit(LIMIT).await.code(), Some(0));
}

/// Frames of 100 KB of a publisher that leaves.
const FRAMES: u32 = 200;
