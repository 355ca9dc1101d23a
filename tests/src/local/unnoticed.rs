//! Something happens to a cluster while ffmpeg publishes and plays.

use super::{Cluster, Frames, LIMIT, Options, Part, Program, Recording};

/// The stream that [`nobody_notices`] publishes.
pub const SAMPLE: &str = "live/sample";

/// Publishes the sample at the first of two edges and plays it at both; `act` gets the cluster and the stream's origin in
/// the middle of it. Panics unless every frame came to both players once and in order, and no connection was closed.
pub async fn nobody_notices(origins: u16, act: impl AsyncFnOnce(&Cluster, &Part)) {
    let cluster = Cluster::start(Options { origins, ..Options::default() }).await;
    let [near, far] = &cluster.edges[..] else {
        panic!("two edges");
    };
    let sent = Frames::of_sample().await;
    let mut viewers = vec![Recording::ffmpeg(near, "sample"), Recording::ffmpeg(far, "sample")];
    for edge in [near, far] {
        edge.until_next(SAMPLE, 0).await;
    }
    let mut publisher = Program::publish(near, "sample").await;
    far.until_next(SAMPLE, 200).await;
    let before = connections(&cluster.edges).await;

    let origin = cluster.owner(far, SAMPLE).await;
    act(&cluster, origin).await;

    let next = far.stream(SAMPLE).await.and_then(|stream| stream["next"].as_u64());
    far.until_next(SAMPLE, next.expect("a stream") + 200).await;
    assert!(publisher.runs() && viewers.iter_mut().all(Recording::runs));
    publisher.succeed(LIMIT * 2).await;
    for viewer in viewers {
        let came = viewer.frames(LIMIT).await;
        assert_eq!(came.assert_rest_of(&sent), 0);
    }
    assert_eq!(connections(&cluster.edges).await, before);
}

/// How many connections clients have made to each edge.
async fn connections(edges: &[Part]) -> Vec<f64> {
    let mut counts = Vec::new();
    for edge in edges {
        counts.push(edge.metric("connections_total", "").await);
    }
    counts
}
