//! Parts whose logs are full take on no other stream, and go on with those that they have.

use std::time::Duration;

use livecluster_rtmp::command::status;
use livecluster_tests::local::{Client, Cluster, Event, LIMIT, Options, Pace, Part, Publisher, Viewer, within};

/// 8 Mb/s, and one keyframe: what begins with it soon takes more than [`ROOM`].
const LARGE: Pace = Pace { interval: Duration::from_millis(40), keyframe_every: 1_000_000, bytes: 40_000 };
/// Bytes that all logs of a part may keep.
const ROOM: f64 = 1_048_576.0;

async fn cluster(limit: &str) -> Cluster {
    Cluster::start(Options { arguments: &[limit], ..Options::default() }).await
}

/// The code and the description with which a client is refused.
async fn refusal(client: &mut Client) -> (String, String) {
    let refused = |event| match event {
        Event::Refused { status, .. } => Some((status.code, status.description)),
        _ => None,
    };
    client.expect("a refusal", refused).await
}

async fn until_full(part: &Part) {
    assert_eq!(part.metric("log_bytes_limit", "").await, ROOM);
    let what = format!("the logs of {} are full", part.name);
    within(LIMIT, &what, async || (part.metric("log_bytes", "").await > ROOM * 0.95).then_some(())).await;
}

async fn assert_publish_is_refused(edge: &Part) {
    let mut client = Client::connect(edge).await;
    client.ask_to_publish("bob");
    let (code, why) = refusal(&mut client).await;
    assert_eq!(code, status::FAILED);
    assert!(why.starts_with("no room for another stream: logs hold "), "{why}");
    assert!(why.ends_with("with a limit of 1048576"), "{why}");
    assert!(client.is_answered().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edge_whose_logs_are_full_refuses_other_streams_until_there_is_room() {
    let cluster = cluster("--edge-arg=--max-log-bytes=1048576").await;
    let edge = &cluster.edges[0];
    let publisher = Publisher::start(edge, "alice", LARGE).await;
    let viewer = Viewer::start(edge, "alice").await;
    until_full(edge).await;

    assert_publish_is_refused(edge).await;
    let mut other = Client::connect(edge).await;
    other.ask_to_play("bob");
    let (code, why) = refusal(&mut other).await;
    assert_eq!(code, status::PLAY_FAILED);
    assert!(why.starts_with("no room for another stream: "), "{why}");
    other.play("alice").await;
    assert_eq!(edge.metric("no_room_total", "").await, 2.0);

    let sent = publisher.sent();
    publisher.until_sent(sent + 50).await;
    viewer.until(sent + 40).await;
    assert!(edge.metric("log_bytes", "").await < ROOM + 100_000.0);
    viewer.stop().await.shown.assert_whole();
    drop(publisher.stop().await);
    drop(other);
    within(LIMIT, "there is room", async || (edge.metric("log_bytes", "").await == 0.0).then_some(())).await;
    Client::connect(edge).await.publish("bob").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn origin_whose_logs_are_full_refuses_other_publishers_at_every_edge() {
    let cluster = cluster("--origin-arg=--max-log-bytes=1048576").await;
    let publisher = Publisher::start(&cluster.edges[0], "alice", LARGE).await;
    until_full(&cluster.origins[0]).await;

    for edge in &cluster.edges {
        assert_publish_is_refused(edge).await;
    }

    let viewer = Viewer::start(&cluster.edges[1], "alice").await;
    let sent = publisher.sent();
    viewer.until(sent + 10).await;
    viewer.stop().await.shown.assert_whole();
    drop(publisher.stop().await);
    within(LIMIT, "there is room", async || {
        let kept = cluster.origins[0].metric("log_bytes", "").await;
        (kept < ROOM / 2.0).then_some(())
    })
    .await;
    Client::connect(&cluster.edges[1]).await.publish("bob").await;
}
