//! An edge that is asked to end, and clients that obey when it asks them to connect anew: nobody loses anything.

use livecluster_tests::local::{Bench, Cluster, LIMIT, Options, Part, within};
use rustix::process::Signal;
use serde_json::{Value, json};

/// Encoders, each with a stream.
const STREAMS: u64 = 3;
/// Viewers of those at an edge.
const VIEWERS: u64 = 6;

/// Publishes all streams at the first of these edges; the others are where it may go.
fn publish(edges: [&Part; 2]) -> Bench {
    let urls = edges.map(|edge| edge.url("s{n}"));
    let streams = STREAMS.to_string();
    let settings = ["--reconnect", "--bitrate=200k", "--gop=500ms", "--publishers", &streams];
    Bench::start("publish", &[&settings[..], &[&urls[0], &urls[1]]].concat())
}

/// Watches them likewise.
fn play(edges: [&Part; 2]) -> Bench {
    let urls = edges.map(|edge| edge.url("s{n}"));
    let (viewers, streams) = (VIEWERS.to_string(), STREAMS.to_string());
    let settings = ["--reconnect", "--viewers", &viewers, "--streams", &streams];
    Bench::start("play", &[&settings[..], &[&urls[0], &urls[1]]].concat())
}

/// Waits until all streams are published at an edge, and some frames of them have come since that began.
async fn until_published(edge: &Part) {
    for stream in 0..STREAMS {
        within(LIMIT, "the stream is published", async || {
            let stream = edge.stream(&format!("live/s{stream}")).await?;
            (stream["role"] == "publish" && stream["next"].as_u64()? > 100).then_some(())
        })
        .await;
    }
}

/// Waits until all viewers watch at an edge, and have got some frames since.
async fn until_watched(edge: &Part) {
    within(LIMIT, "all watch", async || (viewers(edge).await == VIEWERS).then_some(())).await;
    for stream in 0..STREAMS {
        let key = format!("live/s{stream}");
        let next = edge.stream(&key).await.and_then(|stream| stream["next"].as_u64());
        edge.until_next(&key, next.expect("a stream") + 100).await;
    }
}

async fn viewers(edge: &Part) -> u64 {
    let status = edge.status().await;
    let streams = status["streams"].as_array().expect("a list").iter();
    streams.filter_map(|stream| stream["viewers"].as_u64()).sum()
}

/// Panics unless viewers got all frames once, and lost no connection.
fn assert_unharmed(seen: &Value, moved: u64) {
    assert_eq!(seen["watching"], VIEWERS, "{seen}");
    assert_eq!(seen["moved"], moved, "{seen}");
    for figure in ["disconnects", "frames_lost", "frames_repeated", "frames_out_of_order", "frames_damaged"] {
        assert_eq!(seen[figure], 0, "{figure}: {seen}");
    }
    assert_eq!((&seen["timestamps_back"], &seen["unmoved_reasons"]), (&json!(0), &json!({})), "{seen}");
}

fn assert_all_sent(sent: &Value, moved: u64) {
    assert_eq!(sent["moved"], moved, "{sent}");
    assert_eq!((&sent["published"], &sent["disconnects"]), (&json!(STREAMS), &json!(0)), "{sent}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_that_move_see_every_frame_once() {
    let cluster = Cluster::start(Options { edges: 1, ..Options::default() }).await;
    let stays = &cluster.edges[0];
    let mut process = cluster.start_edge(&["--drain-accept-seconds=0"]).await;
    let ends = process.part.clone();
    let publishers = publish([stays, stays]);
    until_published(stays).await;
    let movers = play([&ends, stays]);
    until_watched(&ends).await;

    ends.signal(Signal::TERM);
    assert_eq!(process.exit(LIMIT).await.code(), Some(0));
    until_watched(stays).await;

    let seen = movers.report().await;
    assert_unharmed(&seen, VIEWERS);
    assert!(seen["frames_overlap"].as_u64() > Some(0), "{seen}");
    assert_all_sent(&publishers.report().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishers_that_move_are_seen_without_a_hole() {
    let cluster = Cluster::start(Options { edges: 1, ..Options::default() }).await;
    let stays = &cluster.edges[0];
    let mut process = cluster.start_edge(&["--drain-accept-seconds=0"]).await;
    let ends = process.part.clone();
    let publishers = publish([&ends, stays]);
    until_published(&ends).await;
    let viewers = play([stays, stays]);
    until_watched(stays).await;

    ends.signal(Signal::TERM);
    assert_eq!(process.exit(LIMIT).await.code(), Some(0));
    until_published(stays).await;

    assert_all_sent(&publishers.report().await, STREAMS);
    assert_unharmed(&viewers.report().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edge_whose_clients_all_obey_is_not_missed() {
    let cluster = Cluster::start(Options { origins: 2, edges: 2, ..Options::default() }).await;
    let [one, other] = &cluster.edges[..] else {
        panic!("two edges");
    };
    let mut process = cluster.start_edge(&["--drain-accept-seconds=0"]).await;
    let ends = process.part.clone();
    let publishers = publish([&ends, one]);
    until_published(&ends).await;
    let (movers, neighbours) = (play([&ends, other]), play([one, one]));
    until_watched(&ends).await;
    until_watched(one).await;

    ends.signal(Signal::TERM);
    assert_eq!(process.exit(LIMIT).await.code(), Some(0));
    until_published(one).await;
    until_watched(other).await;

    assert_all_sent(&publishers.report().await, STREAMS);
    assert_unharmed(&movers.report().await, VIEWERS);
    assert_unharmed(&neighbours.report().await, 0);
}
