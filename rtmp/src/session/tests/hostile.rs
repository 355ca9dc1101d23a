//! What peers send that they should not.

use proptest::prelude::*;

use super::*;
use crate::command::answer::command;
use crate::handshake;

/// A server behind the handshake, and a client's stage that has not sent connect.
fn raw() -> (Server, Instant) {
    let now = Instant::now();
    let (mut server, mut client) = (Server::new(Config::default(), now), handshake::Handshake::client());
    let (mut up, mut down) = (Vec::new(), Vec::new());
    client.start(&mut up);
    server.handle_input(&up, now).unwrap();
    server.poll_output(&mut down);
    up.clear();
    client.read(&mut &down[..], &mut up).unwrap();
    server.handle_input(&up, now).unwrap();
    (server, now)
}

fn chunked(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    crate::chunk::Chunked::new(3, message, 128).write(&mut bytes);
    bytes
}

#[test]
fn other_protocols_are_told_apart() {
    let error = |byte: u8| {
        let now = Instant::now();
        Server::new(Config::default(), now).handle_input(&[byte; 2], now).unwrap_err()
    };

    assert!(matches!(error(0x16), Error::Handshake(handshake::Error::Tls)));
    assert!(matches!(error(b'G'), Error::Handshake(handshake::Error::Http)));
    assert!(matches!(error(6), Error::Handshake(handshake::Error::Encrypted(6))));
}

#[test]
fn command_before_connect_is_an_error() {
    let (mut server, now) = raw();

    let result = server.handle_input(&chunked(&command(0, "createStream", 1.0, [Value::Null])), now);

    assert!(matches!(result, Err(Error::BeforeConnect)));
}

#[test]
fn broken_commands_are_errors() {
    let nested = b"\x02\0\x07connect\0\0\0\0\0\0\0\0\0".iter().copied().chain(b"\x03\0\x01a".repeat(3500));
    for payload in [vec![], vec![2], vec![2, 0, 10, 97], vec![0; 9], nested.collect()] {
        let (mut server, now) = raw();

        let result = server.handle_input(&chunked(&message(Kind::COMMAND_AMF0, 0, &payload)), now);

        assert!(matches!(result, Err(Error::Command(_))), "{payload:02x?}");
    }
}

#[test]
fn message_that_is_too_long_before_connect_is_an_error() {
    let (mut server, now) = raw();

    let result = server.handle_input(&chunked(&message(Kind::VIDEO, 0, &[0; 70_000])), now);

    assert!(matches!(result, Err(Error::Chunk(_))));
}

#[test]
fn media_before_connect_is_ignored() {
    let (mut server, now) = raw();

    server.handle_input(&chunked(&message(Kind::DATA_AMF0, 0, b"\x02\0\x0d@setDataFrame")), now).unwrap();

    assert_eq!(server.ignored(), 1);
    assert_eq!(server.poll_event(), None);
}

#[test]
fn flood_of_commands_is_an_error() {
    let mut pair = Pair::connected();
    for _ in 0..1000 {
        pair.client.call(0, "createStream", None);
    }

    assert!(matches!(pair.try_drive(), Err(Error::TooManyCommands(100))));
}

#[test]
fn flood_of_media_is_an_error() {
    let mut pair = Pair::publishing();
    for _ in 0..5001 {
        pair.client.send(&message(Kind::AUDIO, 1, b"x"));
    }

    assert!(matches!(pair.try_drive(), Err(Error::TooManyMessages(5000))));
}

#[test]
fn media_that_piled_up_while_nobody_read_is_no_flood() {
    let mut pair = Pair::publishing();
    pair.pass(Duration::from_secs(3));
    pair.server.read_again(pair.now);
    for _ in 0..20_000 {
        pair.client.send(&message(Kind::AUDIO, 1, b"x"));
    }
    pair.drive();
    assert_eq!(pair.events().len(), 20_000);

    for _ in 0..5001 {
        pair.client.send(&message(Kind::AUDIO, 1, b"x"));
    }

    assert!(matches!(pair.try_drive(), Err(Error::TooManyMessages(5000))));
}

#[test]
fn messages_in_an_aggregate_count_one_by_one() {
    let mut pair = Pair::publishing();
    let tag = [8, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, b'x', 0, 0, 0, 12];
    let aggregate = tag.repeat(2501);

    pair.client.send(&message(Kind::AGGREGATE, 1, &aggregate));
    pair.drive();
    assert_eq!(pair.events().len(), 2501);
    pair.client.send(&message(Kind::AGGREGATE, 1, &aggregate));

    assert!(matches!(pair.try_drive(), Err(Error::TooManyMessages(5000))));
}

#[test]
fn media_is_counted_by_the_second() {
    let mut pair = Pair::publishing();
    for _ in 0..3 {
        for _ in 0..5000 {
            pair.client.send(&message(Kind::AUDIO, 1, b"x"));
        }
        pair.drive();
        assert_eq!(pair.events().len(), 5000);
        pair.pass(Duration::from_secs(1));
    }
}

#[test]
fn commands_are_counted_by_the_second() {
    let mut pair = Pair::connected();
    for _ in 0..10 {
        for _ in 0..90 {
            pair.client.call(0, "_checkbw", None);
        }
        pair.drive();
        pair.pass(Duration::from_secs(1));
    }
}

#[test]
fn control_messages_that_are_unknown_or_odd_are_survived() {
    let mut pair = Pair::publishing();
    for control in [
        Control::WindowAcknowledgementSize(u32::MAX),
        Control::WindowAcknowledgementSize(0),
        Control::SetPeerBandwidth(0, crate::chunk::control::BandwidthLimit::Hard),
        Control::Acknowledgement(u32::MAX),
        Control::PingResponse(7),
        Control::StreamBegin(9),
        Control::SetBufferLength { stream_id: 1, milliseconds: 3000 },
    ] {
        pair.client.send(&control.encode());
    }
    pair.client.send(&message(Kind::USER_CONTROL, 0, &[0, 27, 0, 0]));
    pair.client.send(&message(Kind::AUDIO, 1, b"x"));

    assert!(matches!(pair.events()[..], [Event::Media(_)]));
}

#[test]
fn idle_session_is_small() {
    assert!(size_of::<Server>() <= 512, "{} bytes", size_of::<Server>());
    assert!(size_of::<Event>() <= 64, "{} bytes", size_of::<Event>());
}

proptest! {
    // A handshake each: dear without optimisation.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_behind_the_handshake_are_survived(bytes: Vec<u8>) {
        let (mut server, now) = raw();
        let _ = server.handle_input(&bytes, now);
        while server.poll_event().is_some() {}
    }

    #[test]
    fn any_messages_behind_connect_are_survived(
        messages in prop::collection::vec((prop::sample::select(vec![1u8, 2, 3, 4, 5, 6, 15, 17, 18, 20, 22]), 0u32..3, any::<Vec<u8>>()), 0..8),
    ) {
        let mut pair = Pair::publishing();
        for (kind, stream_id, payload) in messages {
            let bytes = chunked(&message(Kind(kind), stream_id, &payload));
            if pair.server.handle_input(&bytes, pair.now).is_err() {
                break;
            }
        }
        while pair.server.poll_event().is_some() {}
    }
}
