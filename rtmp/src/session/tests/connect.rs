//! From the first byte to the answer to connect.

use super::*;
use crate::command::status;

#[test]
fn client_connects_and_both_sides_learn_all_of_it() {
    let mut options = Options::new("live/room?token=1", "rtmp://host/live");
    options.extra = vec![("capsEx", 1.0.into())];
    let mut pair = Pair::with(Config::default(), options);
    pair.drive();

    let Some(Event::Connect(request)) = pair.server.poll_event() else {
        panic!("no connect");
    };
    assert_eq!((&*request.app, &*request.query), ("live/room", "token=1"));
    assert_eq!(pair.server.chunk_size(), 128);
    pair.server.accept_connect(pair.now).unwrap();
    assert_eq!(pair.server.chunk_size(), 60_000);

    let seen = pair.seen();
    let [Seen::Control(Control::StreamBegin(0)), Seen::Connected(answer), Seen::Called { name }] = &seen[..] else {
        panic!("{seen:?}");
    };
    assert_eq!(Status::of(&answer.value).code, status::CONNECT_SUCCESS);
    assert_eq!(answer.value.get("capsEx"), Some(&15.0.into()));
    assert_eq!(name, "onBWDone");
}

#[test]
fn client_is_told_the_window_the_bandwidth_and_the_chunk_size_before_the_answer() {
    let mut pair = Pair::new(Config::default());
    pair.drive();
    pair.server.accept_connect(pair.now).unwrap();
    let mut output = Vec::new();
    pair.server.poll_output(&mut output);

    // Headers of 12 bytes with the type at 7; payloads of 4, 5 and 4 bytes.
    let kinds = [output[7], output[16 + 7], output[33 + 7]];
    assert_eq!(kinds, [5, 6, 1]);
}

#[test]
fn refused_client_sees_why_and_is_not_heard_any_more() {
    let mut pair = Pair::new(Config::default());
    pair.drive();
    pair.events();

    pair.server.refuse_connect(status::CONNECT_REJECTED, "No such application.");

    let seen = pair.seen();
    let [Seen::Refused { stream_id: 0, status }] = &seen[..] else {
        panic!("{seen:?}");
    };
    assert_eq!((&*status.level, &*status.code), ("error", status::CONNECT_REJECTED));
    pair.client.call(0, "createStream", None);
    assert_eq!(pair.seen(), []);
    assert_eq!(pair.server.deadline(), None);
}

#[test]
fn client_that_does_not_wait_is_answered_in_order() {
    let mut pair = Pair::new(Config::default());
    pair.drive();
    pair.client.call(0, "createStream", None);
    pair.client.call(1, "publish", [Value::from("cam")]);
    pair.drive();
    assert!(matches!(pair.events()[..], [Event::Connect(_)]));

    pair.server.accept_connect(pair.now).unwrap();

    let seen = pair.seen();
    assert!(matches!(seen[1], Seen::Connected(_)), "{seen:?}");
    assert!(matches!(seen[3], Seen::Answered { .. }), "{seen:?}");
    assert!(matches!(pair.events()[..], [Event::Publish { stream_id: 1, .. }]));
}

#[test]
fn client_that_goes_on_without_an_answer_is_closed() {
    let mut pair = Pair::new(Config { early: 3, ..Config::default() });
    pair.drive();
    for _ in 0..4 {
        pair.client.call(0, "createStream", None);
    }

    assert!(matches!(pair.try_drive(), Err(Error::TooEarly(3))));
}

#[test]
fn second_connect_fails() {
    let mut pair = Pair::connected();

    assert_eq!(pair.codes(0, "connect", None), ["error NetConnection.Call.Failed"]);
}

#[test]
fn client_is_asked_to_reconnect_only_if_it_knows_how() {
    let mut options = Options::new("live", "rtmp://host/live");
    options.extra = vec![("capsEx", 1.0.into())];
    let mut knows = Pair::with(Config::default(), options);
    knows.drive();
    knows.server.accept_connect(knows.now).unwrap();
    knows.seen();

    assert!(knows.server.request_reconnect(Some("rtmp://other/live"), "Draining."));
    assert!(!Pair::connected().server.request_reconnect(None, "Draining."));

    let seen = knows.seen();
    assert_eq!(seen.iter().map(code).collect::<Vec<_>>(), [status::CONNECT_RECONNECT_REQUEST]);
}
