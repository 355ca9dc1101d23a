//! What one connection may do: several streams, publish and play, pause, and choose what it receives.

use std::collections::BTreeMap;

use livecluster_rtmp::command::status;
use livecluster_tests::local::{Client, Cluster, Event, Frame, LIMIT, Options, Pace, Publisher, Shown, Viewer};
use tokio::time::timeout;

async fn cluster() -> Cluster {
    Cluster::start(Options::default()).await
}

/// Lets the edge answer: what comes after that was sent when it had all that the client said. What came until then.
async fn barrier(client: &mut Client) -> Shown {
    let mut shown = Shown::default();
    let asked = client.call(0, "_checkbw", []).await;
    let answered = |event| match event {
        Event::Media(message) => {
            shown.take(&message);
            None
        }
        Event::Answered { transaction_id, .. } => (transaction_id == asked).then_some(()),
        _ => None,
    };
    client.expect("an answer", answered).await;
    shown
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_publishes_and_plays_several_streams() {
    let cluster = cluster().await;
    let pace = Pace::default();
    let mut client = Client::connect(&cluster.edges[0]).await;
    let published = [client.publish("alice").await, client.publish("bob").await];
    let send = |client: &mut Client, number| {
        for stream_id in published {
            // The two streams differ by a hundred.
            let number = number + 100 * (stream_id - published[0]);
            let messages = pace.frame(stream_id, number);
            messages.iter().for_each(|message| client.queue(message));
        }
    };
    for stream_id in published {
        let headers = pace.headers(stream_id);
        headers.iter().for_each(|message| client.queue(message));
    }
    send(&mut client, 0);
    for name in ["alice", "bob"] {
        client.ask_to_play(name);
    }

    let mut shown = BTreeMap::<u32, Shown>::new();
    let mut sent = 1;
    while sent < 50 || shown.values().any(|shown| shown.audio().len() < 50) {
        let event = timeout(LIMIT, client.event()).await.expect("media comes");
        match event.expect("the edge is there") {
            Event::Playing { stream_id } => drop(shown.insert(stream_id, Shown::default())),
            Event::Media(message) => {
                let shown = shown.get_mut(&message.stream_id);
                shown.expect("a stream that plays").take(&message);
            }
            _ => {}
        }
        if shown.len() == 2 && sent < 50 {
            send(&mut client, sent);
            sent += 1;
        }
    }

    // Streams are created in the order in which they were asked for.
    assert_eq!(shown.len(), 2);
    for (shown, first) in shown.values().zip([0, 100]) {
        shown.assert_whole();
        assert_eq!(shown.video(), (first..first + 50).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewer_gets_nothing_while_it_is_paused_and_goes_on_at_a_keyframe() {
    let cluster = cluster().await;
    let pace = Pace { keyframe_every: 10, ..Pace::default() };
    let publisher = Publisher::start(&cluster.edges[0], "alice", pace).await;
    let mut viewer = Client::connect(&cluster.edges[1]).await;
    let stream_id = viewer.play("alice").await;
    viewer.media().await;

    viewer.call(stream_id, "pause", [true.into(), 0.0.into()]).await;
    viewer.expect_status(status::PAUSE_NOTIFY).await;
    let paused_at = publisher.sent();
    publisher.until_sent(paused_at + 25).await;
    assert_eq!(barrier(&mut viewer).await.frames, []);
    viewer.call(stream_id, "pause", [false.into(), 0.0.into()]).await;
    viewer.expect_status(status::UNPAUSE_NOTIFY).await;

    let first = Frame::of(&viewer.media().await);
    let Frame::Keyframe(number) = first else {
        panic!("{first:?} instead of a keyframe");
    };
    assert!(number > paused_at + 20, "{number}");
    let viewer = Viewer::go_on(viewer);
    viewer.until(number + 10).await;
    let numbers = viewer.stop().await.shown.video();
    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewer_that_wants_no_video_gets_audio_and_then_video_from_a_keyframe_on() {
    let cluster = cluster().await;
    let pace = Pace { keyframe_every: 10, ..Pace::default() };
    let publisher = Publisher::start(&cluster.edges[0], "alice", pace).await;
    let mut viewer = Client::connect(&cluster.edges[1]).await;
    let stream_id = viewer.play("alice").await;
    viewer.media().await;

    viewer.call(stream_id, "receiveVideo", [false.into()]).await;
    barrier(&mut viewer).await;
    let without = publisher.sent();
    let mut last = 0;
    while last < without + 25 {
        let frame = Frame::of(&viewer.media().await);
        let Frame::Audio(number) = frame else {
            panic!("{frame:?} instead of audio");
        };
        last = number;
    }
    viewer.call(stream_id, "receiveVideo", [true.into()]).await;
    let viewer = Viewer::go_on(viewer);
    viewer.until(last + 25).await;

    let shown = viewer.stop().await.shown;
    let (video, audio) = (shown.video(), shown.audio());
    assert_eq!(video[0] % pace.keyframe_every, 0);
    for numbers in [&video, &audio] {
        assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]));
    }
    assert_eq!(audio[0], last + 1, "audio went on all the time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ninth_stream_of_a_connection_is_refused() {
    let cluster = cluster().await;
    let mut client = Client::connect(&cluster.edges[0]).await;
    for number in 1..=8 {
        assert_eq!(client.play(&format!("stream-{number}")).await, number);
    }

    client.ask_to_play("one-too-many");

    assert_eq!(client.expect_status(status::CALL_FAILED).await, 0);
    assert!(client.is_answered().await);
}
