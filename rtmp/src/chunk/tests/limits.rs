//! What a peer cannot make the reader hold.

use super::*;

#[test]
fn message_above_the_limit_is_refused_by_its_header() {
    let (length, limit) = (65_537, Limits::MESSAGE_BEFORE_CONNECT);
    let header = type_0(4, 0, length, Kind::VIDEO);

    let error = read(&[&header]).unwrap_err();
    assert_eq!(error, Error::MessageTooLong { length, limit });
    assert_eq!(error.to_string(), "message of 65537 bytes exceeds the limit of 65536");

    let mut reader = Reader::new(Limits::default());
    reader.set_message_limit(Limits::MESSAGE_AFTER_CONNECT);
    assert_eq!(read_all(&mut reader, &header), Ok(vec![]));
}

#[test]
fn chunk_streams_are_limited() {
    let wire: Vec<u8> = (0..=128).flat_map(|id| [&[0, id][..], &type_0(0, 0, 0, Kind::AUDIO)[1..]].concat()).collect();

    let result = read(&[&wire]);

    assert_eq!(result, Err(Error::TooManyChunkStreams { csid: 192, limit: 128 }));
}

#[test]
fn announced_length_takes_no_memory() {
    let mut reader = Reader::new(Limits { message: MAX_MESSAGE_LEN, ..Limits::default() });
    let wire: Vec<u8> = (2..63).flat_map(|csid| type_0(csid, 0, MAX_MESSAGE_LEN, Kind::VIDEO)).collect();
    let mut fed = &set_chunk_size(1)[..];
    assert_eq!(reader.read(&mut fed), Ok(None));

    for header in wire.chunks(12) {
        assert_eq!(read_all(&mut reader, header), Ok(vec![]));
        assert_eq!(reader.held(), (usize::from(header[0]) - 2) * (64 << 10));
        assert_eq!(read_all(&mut reader, &[1]), Ok(vec![]));
    }
}

#[test]
fn unfinished_messages_are_limited_in_sum() {
    let limit = 200 << 10;
    let mut reader = Reader::new(Limits { partials: limit, message: 1 << 20, ..Limits::default() });
    let part = |csid| [&type_0(csid, 0, 1 << 20, Kind::VIDEO)[..], &[0; 128]].concat();
    for csid in 3..6 {
        assert_eq!(read_all(&mut reader, &part(csid)), Ok(vec![]));
    }

    let result = read_all(&mut reader, &part(6));

    assert_eq!(result, Err(Error::PartialsTooLong { length: 256 << 10, limit }));
}

#[test]
fn finished_and_dropped_messages_are_held_no_more() {
    let mut reader = Reader::new(Limits::default());
    let part = [&type_0(4, 0, 200, Kind::VIDEO)[..], &[0; 128]].concat();
    read_all(&mut reader, &[&part[..], &part].concat()).unwrap();
    assert_eq!(reader.held(), 200);

    read_all(&mut reader, &[&type_3(4)[..], &[0; 72]].concat()).unwrap();
    assert_eq!(reader.held(), 0);

    read_all(&mut reader, &[&part[..], &type_0(2, 0, 4, Kind::ABORT), &[0, 0, 0, 4]].concat()).unwrap();
    assert_eq!(reader.held(), 0);
}

#[test]
fn payload_has_a_buffer_of_its_own() {
    let wire = [&type_0(4, 0, 3, Kind::VIDEO)[..], b"abc"].concat();

    let messages = read_all(&mut Reader::new(Limits::default()), &wire).unwrap();

    assert!(!wire.as_ptr_range().contains(&messages[0].payload.as_ptr()));
}

#[test]
fn idle_connection_takes_little_memory() {
    let mut reader = Reader::new(Limits::default());

    for csid in 2..6 {
        read_all(&mut reader, &[&type_0(csid, 0, 3, Kind::AUDIO)[..], b"abc"].concat()).unwrap();
    }

    assert_eq!(reader.held(), 0);
    assert!(size_of::<Reader>() + 4 * size_of::<stream::Stream>() <= 400);
}
