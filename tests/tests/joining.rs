//! How viewers begin.

use livecluster_tests::local::{Client, Cluster, Frame, Options, Pace, Publisher};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_viewer_starts_at_once_with_the_headers_and_the_latest_keyframe() {
    let cluster = Cluster::start(Options::default()).await;
    let pace = Pace { keyframe_every: 250, ..Pace::default() };
    let publisher = Publisher::start(&cluster.edges[0], "alice", pace).await;
    publisher.until_sent(30).await;

    for edge in &cluster.edges {
        let mut late = Client::connect(edge).await;
        late.play("alice").await;
        let before = late.reads;
        let mut first = Vec::new();
        while first.len() < 5 {
            first.push(Frame::of(&late.media().await));
        }

        let expected = [Frame::Metadata, Frame::VideoHeader, Frame::AudioHeader, Frame::Keyframe(0), Frame::Audio(0)];
        assert_eq!(first, expected, "at {}", edge.name);
        assert!(late.reads - before <= 2, "{} reads", late.reads - before);
        assert!(publisher.sent() < pace.keyframe_every);
    }
}
