//! Many viewers of one stream at one edge.

use std::time::Duration;

use livecluster_tests::local::{Client, Cluster, LIMIT, Options, Pace, Part, Publisher, Viewer, within};

/// Frames whose cost is measured.
const FRAMES: u32 = 400;

/// What a stream has cost on the link between the origin and the viewers' edge.
struct Cost {
    bytes: f64,
    payload: f64,
    messages: f64,
}

/// Publishes [`FRAMES`] frames at one edge to so many viewers at the other.
async fn cost_of_viewers(cluster: &Cluster, name: &str, count: usize) -> Cost {
    let [near, far] = &cluster.edges[..] else {
        panic!("two edges");
    };
    let mut viewers = Vec::new();
    for _ in 0..count {
        let mut client = Client::connect(far).await;
        client.ask_to_play(name);
        viewers.push(Viewer::go_on(client));
    }
    let key = format!("live/{name}");
    within(LIMIT, "all viewers are counted", async || {
        let viewers = far.stream(&key).await?["viewers"].as_u64()?;
        (viewers == count as u64).then_some(())
    })
    .await;
    let before = bytes_from_origin(far).await;
    let pace = Pace { interval: Duration::from_millis(10), bytes: 4000, ..Pace::default() };
    let publisher = Publisher::start(near, name, pace).await;
    publisher.until_sent(FRAMES).await;
    let (sent, publisher) = publisher.stop().await;
    for viewer in &viewers {
        viewer.until(sent - 1).await;
    }
    let bytes = bytes_from_origin(far).await - before;
    for viewer in viewers {
        let seen = viewer.stop().await;
        assert_eq!(seen.shown.video(), (0..sent).collect::<Vec<_>>());
        seen.shown.assert_whole();
    }
    drop(publisher);
    let headers = pace.headers(1);
    let all = (0..sent).flat_map(|number| pace.frame(1, number));
    let payloads = headers.into_iter().chain(all).map(|message| message.payload.len());
    Cost { bytes, payload: payloads.clone().sum::<usize>() as f64, messages: payloads.count() as f64 }
}

async fn bytes_from_origin(edge: &Part) -> f64 {
    edge.metric("mrtmp_bytes", r#"direction="in",peer="origin-0""#).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundred_viewers_of_an_edge_cost_the_link_one_copy() {
    let cluster = Cluster::start(Options::default()).await;

    let one = cost_of_viewers(&cluster, "alice", 1).await;
    let hundred = cost_of_viewers(&cluster, "bob", 100).await;

    for cost in [&one, &hundred] {
        assert!(cost.bytes >= cost.payload, "{} bytes", cost.bytes);
    }
    let framing = (one.bytes - one.payload) / one.messages;
    assert!(framing <= 24.0, "{framing} bytes of framing a message");
    let ratio = (hundred.bytes / hundred.payload) / (one.bytes / one.payload);
    assert!((0.95..1.05).contains(&ratio), "{ratio} times the bytes of one");
}

/// An edge that forgets fast and closes viewers that stall.
async fn impatient_edge() -> Cluster {
    Cluster::start(Options {
        edges: 1,
        arguments: &[
            "--edge-arg=--log-seconds=1",
            "--edge-arg=--stall-seconds=6",
            "--edge-arg=--send-buffer-bytes=16384",
        ],
        ..Options::default()
    })
    .await
}

/// A stream that fills buffers fast: 200 KB a second.
const RICH: Pace = Pace { interval: Duration::from_millis(20), keyframe_every: 25, bytes: 4000 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewer_that_stalls_is_skipped_and_in_the_end_closed_and_disturbs_nobody() {
    let cluster = impatient_edge().await;
    let edge = &cluster.edges[0];
    let publisher = Publisher::start(edge, "alice", RICH).await;
    let mut others = Vec::new();
    for _ in 0..49 {
        others.push(Viewer::start(edge, "alice").await);
    }
    let mut stalled = Client::connect_small(edge, 4096).await;
    stalled.play("alice").await;
    let stalled_at = publisher.sent();

    // It reads again when what it needs next has left the log.
    publisher.until_sent(stalled_at + 150).await;
    let stalled = Viewer::go_on(stalled);
    stalled.until(stalled_at + 150).await;
    // Then it never reads again.
    let stalled = stalled.stop().await;
    within(LIMIT, "the stalled viewer is closed", async || (edge.disconnects("stalled").await == 1.0).then_some(()))
        .await;

    assert_hole(&stalled.shown.video());
    assert!(edge.metric("play_skipped_messages_total", "").await > 0.0);
    let sent = publisher.sent();
    for viewer in others {
        viewer.until(sent).await;
        let seen = viewer.stop().await;
        assert!(seen.connected);
        seen.shown.assert_whole();
    }
    assert!(edge.memory() < CEILING, "{} bytes", edge.memory());
}

/// Panics unless frames are missing, and what follows them begins at a keyframe.
fn assert_hole(numbers: &[u32]) {
    let mut pairs = numbers.windows(2);
    let hole = pairs.find(|pair| pair[0] + 1 != pair[1]);
    assert_eq!(hole.expect("a hole")[1] % RICH.keyframe_every, 0);
}

/// What an edge with 50 viewers of one stream may take, built for debugging.
const CEILING: u64 = 32 << 20;
