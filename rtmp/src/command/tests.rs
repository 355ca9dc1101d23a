//! Commands as clients send them.

use std::time::Duration;

use proptest::prelude::*;

use super::answer::command;
use super::*;

/// Reads back what a client would send, with transaction id 7 on stream 1.
fn sent(name: &str, values: impl IntoIterator<Item = Value>) -> Command {
    let values = std::iter::once(Value::Null).chain(values);
    let message = command(1, name, 7.0, values);
    let invocation = decode(&message, Limits::default()).unwrap();
    assert_eq!(invocation.transaction_id, 7.0);
    invocation.command
}

fn play(name: &str) -> Play {
    Play { name: name.to_owned(), start: Start::LiveOrRecorded, duration: None, reset: true }
}

fn message(kind: Kind, payload: Vec<u8>) -> Message {
    Message { kind, timestamp: 0, stream_id: 0, payload: payload.into() }
}

#[test]
fn connect_keeps_everything_that_the_client_said() {
    let object = Value::object([
        ("app", Value::from("/live/room/?key=1")),
        ("tcUrl", "rtmp://host/live".into()),
        ("flashVer", "FMLE/3.0".into()),
        ("objectEncoding", 3.0.into()),
        ("pageUrl", "http://page".into()),
        ("fourCcList", Value::StrictArray(vec!["hvc1".into(), "*".into()])),
        ("videoFourCcInfoMap", Value::object([("hvc1", 7.0)])),
        ("audioFourCcInfoMap", Value::ecma_array([("Opus", 4.0)])),
        ("capsEx", 3.0.into()),
    ]);
    let message = command(0, "connect", 1.0, [object.clone(), "user".into()]);

    let Command::Connect(request) = decode(&message, Limits::default()).unwrap().command else {
        panic!("no connect");
    };

    assert_eq!((&*request.app, &*request.query), ("live/room", "key=1"));
    assert_eq!(request.tc_url, "rtmp://host/live");
    assert_eq!(request.flash_ver, "FMLE/3.0");
    assert_eq!(request.object_encoding, 3.0);
    assert_eq!(request.object, object);
    assert_eq!(request.arguments, ["user".into()]);
    assert_eq!(request.capabilities.four_ccs, ["hvc1", "*"]);
    assert_eq!(request.capabilities.video, [("hvc1".to_owned(), 7)]);
    assert_eq!(request.capabilities.audio, [("Opus".to_owned(), 4)]);
    assert!(request.capabilities.can_reconnect());
}

#[test]
fn connect_of_a_legacy_client_is_not_enhanced() {
    let message = command(0, "connect", 1.0, [Value::object([("app", "live")])]);

    let Command::Connect(request) = decode(&message, Limits::default()).unwrap().command else {
        panic!("no connect");
    };

    assert!(!request.capabilities.is_enhanced());
    assert!(!request.capabilities.can_reconnect());
}

#[test]
fn commands_of_encoders_are_read() {
    let name = || Some(Value::from("cam?key=1"));
    let text = || "cam?key=1".to_owned();
    assert_eq!(sent("releaseStream", name()), Command::ReleaseStream(text()));
    assert_eq!(sent("FCPublish", name()), Command::FcPublish(text()));
    assert_eq!(sent("FCUnpublish", name()), Command::FcUnpublish(text()));
    assert_eq!(sent("FCSubscribe", name()), Command::FcSubscribe(text()));
    assert_eq!(sent("createStream", None), Command::CreateStream);
    assert_eq!(sent("closeStream", None), Command::CloseStream);
    assert_eq!(sent("deleteStream", [3.0.into()]), Command::DeleteStream(3));
    assert_eq!(sent("deleteStream", [(-3.0).into()]), Command::DeleteStream(0));
    assert_eq!(sent("_checkbw", None), Command::CheckBandwidth);
    assert_eq!(sent("getStreamLength", name()), Command::StreamLength(text()));
    assert_eq!(sent("publish", [false.into()]), Command::CloseStream);
}

#[test]
fn publish_is_live_unless_it_says_otherwise() {
    let kinds = [
        (None, PublishKind::Live),
        (Some("live"), PublishKind::Live),
        (Some("LIVE"), PublishKind::Live),
        (Some(""), PublishKind::Live),
        (Some("record"), PublishKind::Record),
        (Some("append"), PublishKind::Append),
        (Some("appendWithGap"), PublishKind::Append),
        (Some("myapp"), PublishKind::Other("myapp".to_owned())),
    ];
    for (text, kind) in kinds {
        let arguments = [Some("cam"), text].into_iter().flatten().map(Value::from);
        let name = "cam".to_owned();
        assert_eq!(sent("publish", arguments), Command::Publish { name, kind });
    }
}

#[test]
fn play_takes_what_is_missing_as_players_mean_it() {
    assert_eq!(sent("play", ["cam".into()]), Command::Play(play("cam")));
    assert_eq!(sent("play", None), Command::Play(play("")));
    assert_eq!(sent("play", [false.into()]), Command::CloseStream);
}

#[test]
fn play_starts_where_it_is_told_in_seconds_or_milliseconds() {
    let table = [
        (-2.0, Start::LiveOrRecorded),
        (-2000.0, Start::LiveOrRecorded),
        (-1.0, Start::Live),
        (-1000.0, Start::Live),
        (0.0, Start::Recorded(Duration::ZERO)),
        (1500.0, Start::Recorded(Duration::from_millis(1500))),
        (f64::NAN, Start::LiveOrRecorded),
        (f64::INFINITY, Start::LiveOrRecorded),
    ];
    for (number, start) in table {
        let expected = Command::Play(Play { start, ..play("cam") });
        assert_eq!(sent("play", ["cam".into(), number.into()]), expected, "{number}");
    }
}

#[test]
fn play_resets_unless_it_says_otherwise() {
    let table: [(Value, bool); 6] = [
        (true.into(), true),
        (false.into(), false),
        (0.0.into(), false),
        (1.0.into(), true),
        (2.0.into(), false),
        (3.0.into(), true),
    ];
    for (value, reset) in table {
        let arguments = ["cam".into(), (-2.0).into(), 5000.0.into(), value.clone()];
        let duration = Some(Duration::from_secs(5));
        let expected = Command::Play(Play { duration, reset, ..play("cam") });
        assert_eq!(sent("play", arguments), expected, "{value:?}");
    }
}

#[test]
fn play2_names_the_next_stream_in_an_object() {
    let to = |transition: &str| {
        let parameters = Value::object([("streamName", "high"), ("transition", transition)]);
        sent("play2", [parameters])
    };

    assert_eq!(to("reset"), Command::Play2(play("high")));
    assert_eq!(to("switch"), Command::Play2(Play { reset: false, ..play("high") }));
    assert_eq!(to("stop"), Command::CloseStream);
}

#[test]
fn commands_of_players_are_read() {
    assert_eq!(sent("pause", [true.into(), 500.0.into()]), Command::Pause(true));
    assert_eq!(sent("pauseRaw", [false.into()]), Command::Pause(false));
    assert_eq!(sent("pause", None), Command::Pause(true));
    assert_eq!(sent("seek", [500.0.into()]), Command::Seek(500.0));
    assert_eq!(sent("receiveAudio", [false.into()]), Command::ReceiveAudio(false));
    assert_eq!(sent("receiveVideo", [true.into()]), Command::ReceiveVideo(true));
}

#[test]
fn unknown_command_keeps_its_arguments() {
    let expected = Command::Call {
        name: "chat.say".to_owned(),
        object: Value::Null,
        arguments: vec!["hello".into(), Value::Undefined],
    };

    assert_eq!(sent("chat.say", ["hello".into(), Value::Undefined]), expected);
}

#[test]
fn amf3_command_begins_with_a_byte_of_its_own() {
    let amf0 = command(0, "createStream", 2.0, [Value::Null]).payload;

    for payload in [[&[0], &amf0[..]].concat(), amf0.to_vec()] {
        let invocation = decode(&message(Kind::COMMAND_AMF3, payload), Limits::default()).unwrap();
        assert_eq!(invocation.command, Command::CreateStream);
    }
}

#[test]
fn command_that_is_only_a_name_wants_no_answer() {
    let payload = command(0, "createStream", 0.0, None).payload[..15].to_vec();

    let invocation = decode(&message(Kind::COMMAND_AMF0, payload), Limits::default()).unwrap();

    assert_eq!(invocation.transaction_id, 0.0);
    assert_eq!(invocation.command, Command::CreateStream);
}

#[test]
fn broken_commands_are_refused() {
    let empty = decode(&message(Kind::COMMAND_AMF0, vec![]), Limits::default());
    let number = decode(&message(Kind::COMMAND_AMF0, vec![0; 9]), Limits::default());
    let cut = decode(&message(Kind::COMMAND_AMF0, b"\x02\0\x0aa".to_vec()), Limits::default());
    let nested = decode(&message(Kind::COMMAND_AMF0, b"\x03\0\x01a".repeat(5000)), Limits::default());

    assert!(matches!(empty, Err(Error::NoName)));
    assert!(matches!(number, Err(Error::NoName)));
    assert!(matches!(cut, Err(Error::Amf0(_))));
    assert!(matches!(nested, Err(Error::Amf0(_))));
}

proptest! {
    #[test]
    fn any_payload_is_read_or_refused(kind in prop::sample::select(vec![17u8, 20]), payload: Vec<u8>) {
        let _ = decode(&message(Kind(kind), payload), Limits::default());
    }

    #[test]
    fn any_end_of_a_known_command_is_read_or_refused(
        name in prop::sample::select(vec!["connect", "publish", "play", "play2", "pause", "deleteStream", "_result"]),
        tail: Vec<u8>,
    ) {
        let mut payload = command(0, name, 1.0, None).payload.to_vec();
        payload.extend(tail);
        let _ = decode(&message(Kind::COMMAND_AMF0, payload), Limits::default());
    }
}
