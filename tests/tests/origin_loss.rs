//! Origins that die under streams: clients do not notice.

use livecluster_tests::local::{Cluster, Frames, LIMIT, Options, Part, Program, Recording, within};
use rustix::process::Signal;

const KEY: &str = "live/sample";

/// Publishes the sample at the first edge and plays it at both, breaks the stream's origin in the middle, and checks that
/// nobody lost anything.
async fn nobody_notices(origins: u16, break_origin: impl AsyncFnOnce(&Part, &[Part])) {
    let cluster = Cluster::start(Options {
        origins,
        ..Options::default()
    })
    .await;
    let [near, far] = &cluster.edges[..] else {
        panic!("two edges");
    };
    let sent = Frames::of_sample().await;
    let mut viewers = vec![
        Recording::ffmpeg(near, "sample"),
        Recording::ffmpeg(far, "sample"),
    ];
    for edge in [near, far] {
        edge.until_next(KEY, 0).await;
    }
    let mut publisher = Program::publish(near, "sample").await;
    far.until_next(KEY, 200).await;
    let before = connections(&cluster.edges).await;

    let origin = cluster.owner(far, KEY).await;
    break_origin(origin, &cluster.edges).await;

    let next = far
        .stream(KEY)
        .await
        .and_then(|stream| stream["next"].as_u64());
    far.until_next(KEY, next.expect("a stream") + 200).await;
    assert!(publisher.runs() && viewers.iter_mut().all(Recording::runs));
    publisher.succeed(LIMIT * 2).await;
    for viewer in viewers {
        let came = viewer.frames(LIMIT).await;
        assert_eq!(came.assert_rest_of(&sent), 0);
    }
    assert_eq!(connections(&cluster.edges).await, before);
}

async fn kill(origin: &Part, _: &[Part]) {
    origin.signal(Signal::KILL);
}

/// Until the edges have given up their links to it.
async fn freeze(origin: &Part, edges: &[Part]) {
    origin.signal(Signal::STOP);
    for edge in edges {
        within(LIMIT, "the link is given up", async || {
            let status = edge.status().await;
            let mut links = status["links"].as_array()?.iter();
            let is_up = links.any(|link| link["peer"] == *origin.name);
            (!is_up).then_some(())
        })
        .await;
    }
    origin.signal(Signal::CONT);
}

/// How many connections clients have made to each edge.
async fn connections(edges: &[Part]) -> Vec<f64> {
    let mut counts = Vec::new();
    for edge in edges {
        counts.push(edge.metric("connections_total", "").await);
    }
    counts
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
