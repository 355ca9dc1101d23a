//! Classification of hand-made payloads.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;

const KEY: u8 = 0x90;
const INTER: u8 = 0xa0;
const COMMAND: u8 = 0xd0;

fn video(payload: &[u8]) -> Classified {
    classify(Kind::VIDEO, payload)
}

fn audio(payload: &[u8]) -> Classified {
    classify(Kind::AUDIO, payload)
}

fn headers(classified: Classified) -> Vec<HeaderKey> {
    classified.headers().collect()
}

/// An enhanced payload: first byte, then what is given, joined.
fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn string(text: &str) -> Vec<u8> {
    join(&[&[2, 0, u8::try_from(text.len()).unwrap()], text.as_bytes()])
}

#[test]
fn legacy_video_is_told_apart() {
    let table: [(&[u8], Role, Option<&str>); 13] = [
        (&[0x17, 0, 0, 0, 0, 1], Role::Header(Header::Configuration), Some("avc1")),
        (&[0x17, 1, 0, 0, 0, 9], Role::Keyframe, Some("avc1")),
        (&[0x27, 1, 0, 0, 0, 9], Role::Frame, Some("avc1")),
        (&[0x17, 2, 0, 0, 0], Role::SequenceEnd, Some("avc1")),
        (&[0x1c, 0, 0, 0, 0, 1], Role::Header(Header::Configuration), Some("hvc1")),
        (&[0x1c, 1, 0, 0, 0, 1], Role::Keyframe, Some("hvc1")),
        (&[0x12, 9], Role::Keyframe, Some("h263")),
        (&[0x32, 9], Role::Frame, Some("h263")),
        (&[0x44, 9], Role::Keyframe, Some("vp6f")),
        (&[0x57, 0], Role::Command, Some("avc1")),
        (&[0x17], Role::Frame, Some("avc1")),
        (&[0x1f, 0], Role::Keyframe, None),
        (&[], Role::Frame, None),
    ];
    for (payload, role, codec) in table {
        let classified = video(payload);
        assert_eq!(classified.role, role, "{payload:02x?}");
        assert_eq!(classified.codec.as_ref().map(Codec::as_str), codec, "{payload:02x?}");
        assert_eq!(classified.media, Media::Video);
    }
}

#[test]
fn enhanced_video_is_told_apart() {
    let table = [
        (KEY, Role::Header(Header::Configuration)),
        (KEY | 1, Role::Keyframe),
        (INTER | 1, Role::Frame),
        (KEY | 2, Role::SequenceEnd),
        (KEY | 3, Role::Keyframe),
        (INTER | 3, Role::Frame),
        (COMMAND | 4, Role::Header(Header::ColorInfo)),
        (KEY | 5, Role::Header(Header::Configuration)),
        (KEY | 8, Role::Frame),
        (0xc1, Role::Keyframe),
        (COMMAND | 1, Role::Command),
    ];
    for (first, role) in table {
        let classified = video(&join(&[&[first], b"hvc1", &[1, 2, 3]]));
        assert_eq!(classified.role, role, "first byte {first:02x}");
    }
}

#[test]
fn a_keyframe_of_another_track_is_no_start_point() {
    let first = video(&join(&[&[KEY | 6, 0x01], b"av01", &[0, 7]]));
    let third = video(&join(&[&[KEY | 6, 0x01], b"av01", &[2, 7]]));

    assert!(first.is_keyframe());
    assert!(!third.is_keyframe());
    assert_eq!(third.keyframe_track(), Some(2));
}

#[test]
fn many_tracks_of_one_codec_give_a_key_each() {
    let payload = join(&[&[KEY | 6, 0x10], b"hvc1", &[0, 0, 0, 2, 9, 9], &[5, 0, 0, 0]]);

    let classified = video(&payload);

    assert_eq!(headers(classified), [HeaderKey::VideoConfiguration(0), HeaderKey::VideoConfiguration(5)]);
}

#[test]
fn many_tracks_of_many_codecs_give_a_key_each() {
    let payload = join(&[&[0x95, 0x20], b"Opus", &[1, 0, 0, 1, 9], b"mp4a", &[200, 0, 0, 1, 9]]);

    let classified = audio(&payload);

    assert_eq!(headers(classified), [HeaderKey::AudioConfiguration(1), HeaderKey::AudioConfiguration(200)]);
    assert_eq!(classified.codec, Some(Codec(*b"Opus")));
}

#[test]
fn a_track_that_is_cut_short_has_no_key() {
    let payload = join(&[&[KEY | 6, 0x10], b"hvc1", &[0, 0, 0, 2, 9, 9], &[5, 0, 0, 1]]);

    assert_eq!(headers(video(&payload)), [HeaderKey::VideoConfiguration(0)]);
}

#[test]
fn modifiers_are_skipped_whatever_their_length() {
    let short = join(&[&[KEY | 7, 2, 0, 0, 9, 0x01], b"avc1", &[0, 0, 0]]);
    let long = join(&[&[KEY | 7, 255, 1, 0], &[0; 257], &[0x07, 0, 9, 0x03], b"avc1"]);

    assert!(video(&short).is_keyframe());
    assert!(video(&long).is_keyframe());
}

#[test]
fn audio_is_told_apart() {
    let table: [(&[u8], Role, Option<&str>); 10] = [
        (&[0xaf, 0, 0x12, 0x10], Role::Header(Header::Configuration), Some("mp4a")),
        (&[0xaf, 1, 9], Role::Frame, Some("mp4a")),
        (&[0x2f, 0], Role::Frame, Some(".mp3")),
        (&[], Role::Frame, None),
        (b"\x90Opus", Role::Header(Header::Configuration), Some("Opus")),
        (b"\x91Opus\x09", Role::Frame, Some("Opus")),
        (b"\x92fLaC", Role::SequenceEnd, Some("fLaC")),
        (b"\x94ac-3\x01\x02\0\0\0\x03", Role::Header(Header::Multichannel), Some("ac-3")),
        (b"\x97\x02\0\0\0\x00mp4a", Role::Header(Header::Configuration), Some("mp4a")),
        (b"\x9emp4a", Role::Frame, Some("mp4a")),
    ];
    for (payload, role, codec) in table {
        let classified = audio(payload);
        assert_eq!(classified.role, role, "{payload:02x?}");
        assert_eq!(classified.codec.as_ref().map(Codec::as_str), codec, "{payload:02x?}");
        assert!(!classified.is_keyframe());
    }
}

#[test]
fn metadata_is_a_header_with_and_without_its_prefixes() {
    let plain = join(&[&string("onMetaData"), &[8, 0, 0, 0, 0, 0, 0, 9]]);
    let prefixed = join(&[&string("@setDataFrame"), &plain]);

    for (kind, payload) in [
        (Kind::DATA_AMF0, plain.clone()),
        (Kind::DATA_AMF0, prefixed.clone()),
        (Kind::DATA_AMF3, join(&[&[0], &plain])),
        (Kind::DATA_AMF3, join(&[&[0], &prefixed])),
        (Kind::DATA_AMF3, plain.clone()),
    ] {
        assert_eq!(headers(classify(kind, &payload)), [HeaderKey::Metadata]);
    }
    assert_eq!(classify(Kind::DATA_AMF0, &string("onTextData")).role, Role::Frame);
}

#[test]
fn set_data_frame_is_stripped_and_nothing_else() {
    let plain = Bytes::from(string("onMetaData"));
    let prefixed = Bytes::from(join(&[&string("@setDataFrame"), &plain]));
    let amf3 = Bytes::from(join(&[&[0], &prefixed]));

    assert_eq!(strip_set_data_frame(Kind::DATA_AMF0, plain.clone()), Some(plain.clone()));
    assert_eq!(strip_set_data_frame(Kind::DATA_AMF0, prefixed), Some(plain.clone()));
    assert_eq!(strip_set_data_frame(Kind::DATA_AMF3, amf3).unwrap(), join(&[&[0], &plain]));
    assert_eq!(strip_set_data_frame(Kind::DATA_AMF0, string("@setDataFrame").into()), None);
}

#[test]
fn a_codec_that_is_not_printable_is_not_shown() {
    assert_eq!(Codec(*b"a\n\"\xff").as_str(), "?");
    assert_eq!(Codec(*b"vp9 ").to_string(), "vp9");
}

#[test]
fn what_is_no_media_is_other() {
    assert_eq!(classify(Kind::COMMAND_AMF0, &[0x17, 1]).media, Media::Other);
}

proptest! {
    #[test]
    fn any_payload_is_classified(kind in prop::sample::select(vec![8u8, 9, 15, 18]), payload: Vec<u8>) {
        let classified = classify(Kind(kind), &payload);

        prop_assert_eq!(classified.headers().count() > 0, classified.is_header() && !classified.tracks.is_empty());
        prop_assert!(strip_set_data_frame(Kind(kind), payload.into()).is_none_or(|stripped| stripped.len() < 1 << 16));
    }

    #[test]
    fn every_cut_of_a_multitrack_message_is_classified(cut in 0usize..40, first: u8, second: u8) {
        let payload = join(&[&[first | 0x80, second], b"hvc1", &[0, 0, 0, 2, 9, 9], b"avc1", &[1, 0, 0, 1], &[7; 20]]);

        video(&payload[..cut.min(payload.len())]);
        audio(&payload[..cut.min(payload.len())]);
    }
}
