//! Publishers that come, go, and meet.

use livecluster_rtmp::command::status;
use livecluster_tests::local::{Client, Cluster, Event, LIMIT, Options, Pace, Publisher, Viewer, within};

const KEY: &str = "live/alice";

async fn cluster() -> Cluster {
    Cluster::start(Options::default()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_are_told_that_the_publisher_left_and_that_another_came() {
    let cluster = cluster().await;
    let pace = Pace::default();
    let first = Publisher::start(&cluster.edges[0], "alice", pace).await;
    let mut viewers = Vec::new();
    for edge in &cluster.edges {
        viewers.push(Viewer::start(edge, "alice").await);
    }
    first.until_sent(10).await;
    let (sent, client) = first.stop().await;
    for viewer in &viewers {
        viewer.until(sent - 1).await;
    }

    drop(client);
    let mut waiting = Vec::new();
    for viewer in viewers {
        let seen = viewer.stop().await;
        seen.shown.assert_whole();
        let mut client = seen.client;
        if !seen.statuses.iter().any(|status| status.code == status::PLAY_UNPUBLISH_NOTIFY) {
            client.expect_status(status::PLAY_UNPUBLISH_NOTIFY).await;
        }
        waiting.push(client);
    }
    let second = Publisher::start(&cluster.edges[1], "alice", pace).await;

    for mut client in waiting {
        client.expect_status(status::PLAY_PUBLISH_NOTIFY).await;
        let viewer = Viewer::go_on(client);
        second.until_sent(10).await;
        viewer.until(10).await;
        let seen = viewer.stop().await;
        seen.shown.assert_whole();
        assert!(seen.connected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewer_may_come_before_the_publisher() {
    let cluster = cluster().await;
    let mut viewers = Vec::new();
    for edge in &cluster.edges {
        let mut client = Client::connect(edge).await;
        client.ask_to_play("alice");
        viewers.push(Viewer::go_on(client));
        within(LIMIT, "the viewer waits", async || edge.stream(KEY).await).await;
    }

    let publisher = Publisher::start(&cluster.edges[0], "alice", Pace::default()).await;

    publisher.until_sent(20).await;
    for viewer in viewers {
        viewer.until(19).await;
        let seen = viewer.stop().await;
        seen.shown.assert_whole();
        assert_eq!(seen.shown.video()[0], 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn second_publisher_is_refused_while_the_first_one_sends() {
    let cluster = cluster().await;
    let first = Publisher::start(&cluster.edges[0], "alice", Pace::default()).await;
    let viewer = Viewer::start(&cluster.edges[1], "alice").await;
    first.until_sent(5).await;

    for edge in &cluster.edges {
        let mut second = Client::connect(edge).await;
        second.ask_to_publish("alice");
        second.expect_status(status::PUBLISH_BAD_NAME).await;
        assert!(second.is_answered().await);
    }

    let sent = first.sent();
    first.until_sent(sent + 10).await;
    viewer.until(sent + 9).await;
    let seen = viewer.stop().await;
    seen.shown.assert_whole();
    assert_eq!(seen.statuses, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn second_publisher_takes_over_from_one_that_is_silent() {
    let cluster = cluster().await;
    let first = Publisher::start(&cluster.edges[0], "alice", Pace::default()).await;
    let viewer = Viewer::start(&cluster.edges[1], "alice").await;
    first.until_sent(5).await;
    let (sent, mut silent) = first.stop().await;
    viewer.until(sent - 1).await;

    let second = Publisher::start(&cluster.edges[1], "alice", Pace::default()).await;

    silent.expect_status(status::PUBLISH_BAD_NAME).await;
    silent.until_closed(LIMIT).await;
    second.until_sent(sent + 10).await;
    viewer.until(sent + 9).await;
    let seen = viewer.stop().await;
    assert!(seen.connected);
    let numbers = seen.shown.video();
    let taken_over = numbers.windows(2).position(|pair| pair[1] < pair[0]);
    let (old, new) = numbers.split_at(taken_over.expect("a takeover") + 1);
    assert_eq!(old.last(), Some(&(sent - 1)), "nothing of the first is lost");
    assert_eq!(new[..5], [0, 1, 2, 3, 4]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publisher_that_unpublishes_may_publish_again_on_its_connection() {
    let cluster = cluster().await;
    let edge = &cluster.edges[0];
    let first = Publisher::start(edge, "alice", Pace::default()).await;
    first.until_sent(5).await;
    let (_, mut client) = first.stop().await;

    client.call(0, "deleteStream", [1.0.into()]).await;
    client.expect_status(status::UNPUBLISH_SUCCESS).await;
    assert!(edge.stream(KEY).await.is_none(), "the stream is over");
    let stream_id = client.publish("alice").await;

    assert_ne!(stream_id, 1);
    let again = Publisher::go_on(client, stream_id, Pace::default());
    again.until_sent(5).await;
    let mut viewer = Client::connect(&cluster.edges[1]).await;
    viewer.play("alice").await;
    let media = |event| matches!(event, Event::Media(_)).then_some(());
    viewer.expect("media comes", media).await;
}
