//! Playing, and what players send meanwhile.

use super::*;
use crate::command::{Start, status};

#[test]
fn viewer_is_told_in_order_that_its_stream_begins() {
    let mut pair = Pair::connected();
    pair.client.play("cam?token=1");
    let events = pair.events();
    let [Event::Play { stream_id: 1, play, query }] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!((&*play.name, &**query), ("cam", "token=1"));

    pair.server.start_play(1);

    let expected = [
        Seen::Control(Control::StreamBegin(1)),
        Seen::Status {
            stream_id: 1,
            status: Status {
                level: "status".to_owned(),
                code: status::PLAY_RESET.to_owned(),
                description: "Playing and resetting.".to_owned(),
                ..Status::default()
            },
        },
        Seen::Playing { stream_id: 1 },
    ];
    assert_eq!(pair.seen(), expected);
}

#[test]
fn answers_to_a_play_leave_in_one_piece() {
    let mut pair = Pair::connected();
    pair.client.play("cam");
    pair.events();
    pair.server.start_play(1);
    let mut output = Vec::new();

    pair.server.poll_output(&mut output);
    let len = output.len();
    pair.server.poll_output(&mut output);

    assert!(len > 0);
    assert_eq!(output.len(), len);
}

#[test]
fn play_is_refused_with_a_code_of_its_own() {
    let mut pair = Pair::publishing();
    pair.call(0, "createStream", None);
    let mut play = |stream_id, name: &str, start: f64| pair.codes(stream_id, "play", [name.into(), start.into()]);

    assert_eq!(play(1, "cam", -2.0), ["error NetStream.Play.Failed"]);
    assert_eq!(play(9, "cam", -2.0), ["error NetStream.Play.Failed"]);
    assert_eq!(play(2, "", -2.0), ["error NetStream.Play.StreamNotFound"]);
    assert_eq!(play(2, "cam", 5000.0), ["error NetStream.Play.StreamNotFound"]);
    assert_eq!(pair.events(), []);
}

#[test]
fn start_at_zero_takes_the_live_stream() {
    let mut pair = Pair::connected();
    pair.call(0, "createStream", None);

    pair.call(1, "play", ["cam".into(), 0.0.into(), 3000.0.into(), false.into()]);

    let events = pair.events();
    let [Event::Play { play, .. }] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(play.start, Start::Recorded(Duration::ZERO));
    assert_eq!(play.duration, Some(Duration::from_secs(3)));
    pair.server.start_play(1);
    assert_eq!(pair.seen()[1], Seen::Playing { stream_id: 1 });
}

#[test]
fn viewer_that_changes_its_stream_closes_the_old_one_first() {
    let mut pair = Pair::playing();

    pair.call(1, "play", [Value::from("other")]);
    pair.call(1, "play2", [Value::object([("streamName", "third")])]);

    let events = pair.events();
    let [Event::Close { .. }, Event::Play { play: other, .. }, Event::Close { .. }, Event::Play { play: third, .. }] =
        &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!((&*other.name, &*third.name), ("other", "third"));
}

#[test]
fn refused_viewer_may_try_again() {
    let mut pair = Pair::connected();
    pair.client.play("cam");
    pair.events();

    pair.server.refuse_play(1, status::PLAY_STREAM_NOT_FOUND, "Not found.");

    assert_eq!(pair.seen().iter().map(code).collect::<Vec<_>>(), ["error NetStream.Play.StreamNotFound"]);
    pair.call(1, "play", [Value::from("cam")]);
    assert!(matches!(pair.events()[..], [Event::Play { .. }]));
}

#[test]
fn viewer_pauses_and_goes_on() {
    let mut pair = Pair::playing();

    assert_eq!(pair.codes(1, "pause", [true.into(), 0.0.into()]), [status::PAUSE_NOTIFY, "StreamEof(1)"]);
    assert_eq!(pair.codes(1, "pause", [false.into(), 0.0.into()]), ["StreamBegin(1)", status::UNPAUSE_NOTIFY]);
    assert_eq!(
        pair.events(),
        [Event::Pause { stream_id: 1, paused: true }, Event::Pause { stream_id: 1, paused: false }]
    );
}

#[test]
fn pause_of_what_does_not_play_is_ignored() {
    let mut pair = Pair::publishing();

    assert_eq!(pair.codes(1, "pause", [true.into()]), [""; 0]);
    assert_eq!(pair.codes(7, "receiveAudio", [false.into()]), [""; 0]);
    assert_eq!(pair.events(), []);
}

#[test]
fn live_stream_can_not_be_sought() {
    assert_eq!(Pair::playing().codes(1, "seek", [5000.0.into()]), ["error NetStream.Seek.Failed"]);
}

#[test]
fn viewer_chooses_what_it_receives() {
    let mut pair = Pair::playing();

    assert_eq!(pair.codes(1, "receiveVideo", [false.into()]), [""; 0]);
    assert_eq!(pair.call(1, "receiveVideo", [true.into()]).last(), Some(&Seen::Playing { stream_id: 1 }));
    pair.call(1, "receiveAudio", [false.into()]);

    assert_eq!(
        pair.events(),
        [
            Event::ReceiveVideo { stream_id: 1, receive: false },
            Event::ReceiveVideo { stream_id: 1, receive: true },
            Event::ReceiveAudio { stream_id: 1, receive: false },
        ]
    );
}

#[test]
fn viewer_that_closes_is_answered() {
    let mut pair = Pair::playing();

    assert_eq!(pair.codes(1, "closeStream", None), [status::PLAY_STOP]);
    assert_eq!(pair.events(), [Event::Close { stream_id: 1 }]);
}

#[test]
fn viewer_learns_what_becomes_of_its_stream() {
    let mut pair = Pair::playing();

    pair.server.notify_unpublish(1);
    pair.server.notify_publish(1);
    pair.server.notify_insufficient_bandwidth(1);
    pair.server.stop_play(1);
    pair.server.notify_publish(1);

    let codes: Vec<_> = pair.seen().iter().map(code).collect();
    let expected = [
        status::PLAY_UNPUBLISH_NOTIFY,
        status::PLAY_PUBLISH_NOTIFY,
        status::PLAY_INSUFFICIENT_BANDWIDTH,
        "StreamEof(1)",
        status::PLAY_STOP,
    ];
    assert_eq!(codes, expected);
}

#[test]
fn length_of_a_live_stream_is_zero() {
    let mut pair = Pair::connected();

    let seen = pair.call(0, "getStreamLength", [Value::from("cam")]);

    let [Seen::Answered { answer, .. }] = &seen[..] else {
        panic!("{seen:?}");
    };
    assert_eq!(answer.value, 0.0.into());
}

#[test]
fn player_that_subscribes_first_is_answered() {
    assert_eq!(Pair::connected().codes(0, "FCSubscribe", ["cam".into()]), ["_result", "onFCSubscribe"]);
}

#[test]
fn one_connection_publishes_and_plays() {
    let mut pair = Pair::publishing();
    pair.client.play("other");

    assert!(matches!(pair.events()[..], [Event::Play { stream_id: 2, .. }]));
    pair.server.start_play(2);
    pair.call(2, "closeStream", None);

    assert_eq!(pair.events(), [Event::Close { stream_id: 2 }]);
    pair.client.send(&message(Kind::AUDIO, 1, b"x"));
    assert!(matches!(pair.events()[..], [Event::Media(_)]));
}
