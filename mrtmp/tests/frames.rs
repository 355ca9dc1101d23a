//! Frames as bytes: what is written is read again, and hostile bytes are refused.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use bytes::Bytes;
use livecluster_mrtmp::frame::limit::*;
use livecluster_mrtmp::frame::*;
use livecluster_mrtmp::id::*;
use proptest::prelude::*;
use support::{any::frame as any_frame, encoded, key, media, unhex};

proptest! {
    #[test]
    fn every_frame_decodes_to_what_was_encoded(frame in any_frame()) {
        let bytes = encoded(&frame);

        prop_assert_eq!(decoded(&bytes), Ok(Some(frame)));
    }

    #[test]
    fn every_truncation_of_a_control_frame_is_refused(frame in any_frame(), cut in index()) {
        let bytes = encoded(&frame);
        let (kind, body) = (bytes[4], &bytes[5..]);
        let fixed = if frame.kind().is_media() { MEDIA_FRAMING - 5 } else { body.len() };

        let short = Bytes::copy_from_slice(&body[..cut.index(fixed)]);

        prop_assert_eq!(Frame::decode(kind, short), Err(Error::Truncated { kind }));
    }

    #[test]
    fn decoding_hostile_bytes_never_panics(kind: u8, body: Vec<u8>) {
        let _ = Frame::decode(kind, body.into());
    }

    #[test]
    fn a_frame_damaged_in_one_byte_never_panics(frame in any_frame(), at in index(), byte: u8) {
        let mut bytes = encoded(&frame);
        let at = at.index(bytes.len());
        bytes[at] = byte;

        let _ = Reader::new(Limits::default()).read(&mut bytes.as_slice());
    }

    #[test]
    fn optional_fields_that_nobody_knows_are_skipped(frame in any_frame(), tag: u8, value in prop::collection::vec(0u8.., 0..50)) {
        prop_assume!(!frame.kind().is_media());
        let mut bytes = encoded(&frame);
        bytes.push(tag);
        bytes.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        bytes.extend(&value);

        prop_assert_eq!(decoded(&bytes), Ok(Some(frame)));
    }

    #[test]
    fn a_reader_finds_the_same_frames_wherever_the_bytes_are_split(
        frames in prop::collection::vec(any_frame(), 1..8),
        sizes in prop::collection::vec(1..200usize, 1..50),
    ) {
        let bytes: Vec<u8> = frames.iter().flat_map(encoded).collect();

        prop_assert_eq!(read_in_pieces(&bytes, &sizes), frames);
    }
}

#[test]
fn media_has_22_bytes_of_framing() {
    let frame = Frame::Media(media(0x0102, b"ab"));

    let bytes = unhex("00000014 20 00000007 0000000000000102 00000028 09 6162");

    assert_eq!(encoded(&frame), bytes);
    assert_eq!(media(0x0102, b"ab").framing(Kind::Media).unwrap(), bytes[..MEDIA_FRAMING]);
}

#[test]
fn every_type_number_leads_back_to_its_type() {
    for kind in Kind::ALL {
        assert_eq!(Kind::from_number(kind.number()), Some(*kind));
        assert!(kind.number() < SKIPPABLE);
    }
}

#[test]
fn a_publish_looks_like_this() {
    let frame = Frame::Publish(Publish {
        channel: Channel(1),
        publication: PublicationId { edge: BootId(0xb007), counter: 2 },
        client: ClientId(3),
        key: key("live/alice"),
        generation: 4,
        asks: Client { app: "live".into(), query: "k=v".into(), ..Client::default() }.into(),
    });

    let bytes = unhex(
        "00000040 10
         00000001                            ; channel
         000000000000b007 0000000000000002   ; publication
         0000000000000003                    ; client
         000a 6c6976652f616c696365           ; key
         0000000000000004                    ; generation
         0004 6c697665 0000 0003 6b3d76 0000 ; app, tcUrl, query, address",
    );

    assert_eq!(encoded(&frame), bytes);
}

#[test]
fn an_unknown_type_below_0x80_is_refused_and_one_above_is_skipped() {
    assert_eq!(Frame::decode(0x7f, Bytes::new()), Err(Error::UnknownType(0x7f)));
    assert_eq!(Frame::decode(0x80, Bytes::from_static(b"any")), Ok(None));
    let known = Frame::Have(Have { channel: Channel(1), next: 2 });
    let mut bytes = unhex("00000004 80 aabbcc 00000001 ff");
    bytes.extend(encoded(&known));

    assert_eq!(read_in_pieces(&bytes, &[1]), [known]);
}

#[test]
fn what_exceeds_its_limit_is_refused_before_it_is_here() {
    let limits = Limits { payload: MIN_PAYLOAD, control: MIN_CONTROL };
    let refused = |head: &str| Reader::new(limits).read(&mut unhex(head).as_slice());

    let payload = Error::PayloadTooLong { length: 65_537, limit: 65_536 };
    assert_eq!(refused("00010013 20"), Err(payload));
    let control = Error::FrameTooLong { kind: 0x10, length: 16_385, limit: 16_384 };
    assert_eq!(refused("00004001 10"), Err(control));
    let list = Error::FrameTooLong { kind: 0x40, length: u32::MAX, limit: MAX_LIST_FRAME };
    assert_eq!(refused("ffffffff 40"), Err(list));
    assert_eq!(refused("00000000"), Ok(None));
    assert_eq!(refused("00000000 10"), Err(Error::NoType));
    assert_eq!(refused("00000011 20"), Err(Error::Truncated { kind: 0x20 }));
    assert_eq!(
        refused("ffffffff 90").unwrap_err().to_string(),
        "frame of type 0x90 with 4294967295 bytes exceeds the limit of 16777216"
    );
}

#[test]
fn a_count_that_nothing_follows_makes_no_room() {
    let streams = unhex("01 0000000000000001 00040000");

    assert_eq!(Frame::decode(0x40, streams.into()), Err(Error::Truncated { kind: 0x40 }));
    let too_many = unhex("01 0000000000000001 00040001");
    assert!(matches!(Frame::decode(0x40, too_many.into()), Err(Error::FieldTooLong { .. })));
}

#[test]
fn a_field_that_does_not_fit_is_refused_and_leaves_no_bytes() {
    let asks = Client { tc_url: "u".repeat(MAX_CLIENT_TEXT + 1), ..Client::default() };
    let too_long = Error::FieldTooLong { field: "tcUrl", length: 4097, limit: 4096 };
    assert_eq!(asks.check(), Err(too_long.clone()));
    let play =
        Play { client: ClientId(1), stream_id: 1, key: key("a/b"), generation: 0, granted: false, asks: asks.into() };
    let mut bytes = vec![1, 2];

    assert_eq!(Frame::Play(play).encode(&mut bytes), Err(too_long));
    assert_eq!(bytes, [1, 2]);
}

#[test]
fn a_long_description_is_cut_between_two_characters() {
    let refused = Refused { channel: Channel(1), code: "C".into(), description: "é".repeat(300) + "x" };

    let bytes = encoded(&Frame::Refused(refused));

    let Ok(Some(Frame::Refused(refused))) = decoded(&bytes) else { panic!("not a REFUSED") };
    assert_eq!(refused.description, "é".repeat(256));
}

#[test]
fn a_value_without_a_meaning_is_refused() {
    let boolean = Frame::decode(Kind::Awaiting.number(), unhex("00000001 02").into());
    assert_eq!(boolean, Err(Error::Value { field: "a boolean", value: 2 }));
    let asked = Frame::decode(Kind::NotOwner.number(), unhex("03").into());
    assert_eq!(asked, Err(Error::Value { field: "what was asked", value: 3 }));
    let reason = Frame::decode(Kind::GoAway.number(), unhex("0001 ff").into());
    assert_eq!(reason, Err(Error::NotUtf8 { field: "a reason" }));
    let watch = Frame::decode(Kind::Watch.number(), unhex("00000001 0003 612f2f").into());
    assert_eq!(watch, Err(Error::Key("a//".into())));
}

#[test]
fn a_large_payload_arrives_whole_in_a_buffer_of_its_size() {
    let frame = Frame::Media(media(1, &vec![5; 3_000_000]));

    assert_eq!(read_in_pieces(&encoded(&frame), &[70_000]), [frame]);
}

fn index() -> impl Strategy<Value = prop::sample::Index> {
    any::<prop::sample::Index>()
}

fn decoded(bytes: &[u8]) -> Result<Option<Frame>, Error> {
    Frame::decode(bytes[4], Bytes::copy_from_slice(&bytes[5..]))
}

fn read_in_pieces(bytes: &[u8], sizes: &[usize]) -> Vec<Frame> {
    let mut reader = Reader::new(Limits::default());
    let mut sizes = sizes.iter().cycle();
    let mut rest = bytes;
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let (mut piece, after) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
        while let Some(frame) = reader.read(&mut piece).unwrap() {
            frames.push(frame);
        }
        rest = after;
    }
    frames
}
