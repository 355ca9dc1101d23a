//! Clients that nobody here wrote publish and play.

use livecluster_tests::local::{Cluster, Frames, LIMIT, Options, Program, Recording};

const KEY: &str = "live/sample";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ffmpeg_publishes_reaches_ffmpeg_and_rtmpdump_at_every_edge_frame_for_frame() {
    let cluster = Cluster::start(Options::default()).await;
    let [near, far] = &cluster.edges[..] else {
        panic!("two edges");
    };
    let sent = Frames::of_sample().await;
    let early = Recording::ffmpeg(far, "sample");
    far.until_next(KEY, 0).await;

    let publisher = Program::publish(near, "sample").await;
    near.until_next(KEY, 50).await;
    let late = [near, far].map(|edge| [Recording::ffmpeg(edge, "sample"), Recording::rtmpdump(edge, "sample")]);

    publisher.succeed(LIMIT * 2).await;
    let came = early.frames(LIMIT).await;
    assert_eq!(came.assert_rest_of(&sent), 0);
    for recording in late.into_iter().flatten() {
        let came = recording.frames(LIMIT).await;
        let skipped = came.assert_rest_of(&sent);
        assert!(skipped <= 100, "it came in at frame {skipped}");
    }
}
