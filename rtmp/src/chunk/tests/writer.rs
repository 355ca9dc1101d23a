//! The writer alone, and through the reader.

use super::*;
use proptest::prelude::*;

fn wire(csid: u32, message: &Message, chunk_size: usize) -> Vec<u8> {
    let chunked = Chunked::new(csid, message, chunk_size);
    let mut wire = Vec::new();
    chunked.write(&mut wire);
    assert_eq!(wire.len(), chunked.len());
    wire
}

#[test]
fn first_chunk_is_of_type_0_and_the_rest_of_type_3() {
    let wire = wire(6, &message(Kind::VIDEO, 0x01_0203, payload(300)), 128);

    assert_eq!(wire.len(), 314);
    assert_eq!(wire[..12], [6, 1, 2, 3, 0, 1, 44, 9, 1, 0, 0, 0]);
    assert_eq!((wire[12 + 128], wire[12 + 128 + 1 + 128]), (0xC6, 0xC6));
}

#[test]
fn empty_message_is_a_header() {
    assert_eq!(wire(4, &message(Kind::AUDIO, 0, ""), 128), [4, 0, 0, 0, 0, 0, 0, 8, 1, 0, 0, 0]);
}

#[test]
fn every_chunk_repeats_an_extended_timestamp() {
    let wire = wire(3, &message(Kind::AUDIO, 0xFF_FFFF, "ab"), 1);

    assert_eq!(wire[1..4], [0xFF; 3]);
    assert_eq!(wire[12..], [0, 0xFF, 0xFF, 0xFF, b'a', 0xC3, 0, 0xFF, 0xFF, 0xFF, b'b']);
}

#[test]
fn basic_header_is_as_short_as_can_be() {
    let basic = |csid, length| wire(csid, &message(Kind::AUDIO, 0, ""), 128)[..length].to_vec();

    assert_eq!(basic(2, 1), [2]);
    assert_eq!(basic(63, 1), [63]);
    assert_eq!(basic(64, 2), [0, 0]);
    assert_eq!(basic(319, 2), [0, 255]);
    assert_eq!(basic(320, 3), [1, 0, 1]);
    assert_eq!(basic(65_599, 3), [1, 255, 255]);
}

#[test]
fn values_out_of_range_move_to_the_nearest_bound() {
    let (small, large) = (message(Kind::AUDIO, 0, "abc"), vec![0; MAX_MESSAGE_LEN + 1]);

    assert_eq!(wire(0, &small, usize::MAX), wire(2, &small, MAX_CHUNK_SIZE));
    assert_eq!(wire(u32::MAX, &small, 0), wire(65_599, &small, 1));
    let cut = Chunked::new(2, &message(Kind::AUDIO, 0, large), MAX_CHUNK_SIZE);
    assert_eq!(cut.len(), 12 + MAX_MESSAGE_LEN);
}

#[test]
fn payload_is_shared_and_the_rest_is_small() {
    let message = message(Kind::VIDEO, 0, payload(300));
    let chunked = Chunked::new(6, &message, 128);

    assert_eq!(chunked.slices(12).next().unwrap().as_ptr(), message.payload.as_ptr());
    assert!(size_of::<Chunked>() <= 96);
}

#[test]
fn slices_begin_at_any_offset() {
    for (length, time) in [(0, 0), (1, 0), (10, 0), (20, u32::MAX), (25, u32::MAX)] {
        let message = message(Kind::VIDEO, time, payload(length));
        let wire = wire(70, &message, 10);
        let chunked = Chunked::new(70, &message, 10);
        for offset in 0..wire.len() + 3 {
            assert!(chunked.slices(offset).all(|slice| !slice.is_empty()));
            let rest = chunked.slices(offset).collect::<Vec<_>>().concat();
            assert_eq!(rest, wire.get(offset..).unwrap_or_default());
        }
    }
}

#[test]
fn server_sends_audio_video_and_data_on_chunk_streams_of_their_own() {
    assert_eq!([Kind::AUDIO, Kind::DATA_AMF0, Kind::VIDEO].map(csid), [4, 5, 6]);
    assert_eq!([Kind::USER_CONTROL, Kind::COMMAND_AMF0, Kind::COMMAND_AMF3].map(csid), [2, 3, 3]);
}

/// Messages that differ in all that a header holds. No control messages: the reader would obey them.
fn any_message() -> impl Strategy<Value = Message> {
    let time = prop_oneof![any::<u32>(), Just(0xFF_FFFE), Just(0xFF_FFFF), Just(0x0100_0000), Just(u32::MAX)];
    let length = prop_oneof![0..600_usize, 0..70_000_usize];
    (7..=255_u8, time, any::<u32>(), length).prop_map(|(kind, timestamp, stream_id, length)| Message {
        kind: Kind(kind),
        timestamp,
        stream_id,
        payload: payload(length).into(),
    })
}

fn any_csid() -> impl Strategy<Value = u32> {
    prop_oneof![2..=63_u32, 64..=319_u32, 320..=65_599_u32]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn reader_undoes_the_writer_whatever_the_split(
        messages in prop::collection::vec((any_csid(), any_message()), 1..8),
        chunk_size in prop_oneof![1..300_u32, 1..=MAX_CHUNK_SIZE as u32],
        splits in prop::collection::vec(1..5000_usize, 1..20),
    ) {
        let mut wire = set_chunk_size(chunk_size);
        for (csid, message) in &messages {
            Chunked::new(*csid, message, chunk_size as usize).write(&mut wire);
        }

        let (mut reader, mut read, mut rest) = (Reader::new(unlimited()), Vec::new(), &wire[..]);
        for split in splits.iter().cycle() {
            let (piece, behind) = rest.split_at(rest.len().min(*split));
            read.extend(read_all(&mut reader, piece).unwrap());
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }

        prop_assert!(read.iter().eq(messages.iter().map(|(_, message)| message)));
    }

    #[test]
    fn random_bytes_do_the_same_whatever_the_split(bytes in prop::collection::vec(any::<u8>(), 0..600), step in 1..50_usize) {
        let whole = collect(&bytes, 600);
        prop_assert_eq!(collect(&bytes, step), whole);
    }

    #[test]
    fn random_chunk_headers_do_the_same_whatever_the_split(
        chunks in prop::collection::vec((0..4_u8, 2..6_u8, any::<[u8; 12]>(), 0..140_usize), 0..40),
        step in 1..50_usize,
    ) {
        let wire: Vec<u8> = chunks.iter().flat_map(|(format, csid, bytes, length)| {
            let mut bytes = *bytes;
            bytes[3..5].fill(0);
            [&[format << 6 | csid][..], &bytes, &payload(*length)].concat()
        }).collect();
        prop_assert_eq!(collect(&wire, step), collect(&wire, wire.len().max(1)));
    }
}

/// All messages up to the first error, and the error.
fn collect(bytes: &[u8], step: usize) -> (Vec<Message>, Option<Error>) {
    let (mut reader, mut messages) = (Reader::new(Limits::default()), Vec::new());
    for mut piece in bytes.chunks(step) {
        loop {
            match reader.read(&mut piece) {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    (messages, None)
}
