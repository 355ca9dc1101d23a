//! What encoders send, by the book and beside it.

use super::*;

fn times(messages: &[Message]) -> Vec<u32> {
    messages.iter().map(|message| message.timestamp).collect()
}

#[test]
fn audio_between_the_chunks_of_a_video_message_is_read() {
    let video = payload(200);

    let messages = read(&[
        &type_0(4, 10, 200, Kind::VIDEO),
        &video[..128],
        &type_0(5, 11, 3, Kind::AUDIO),
        b"abc",
        &type_3(4),
        &video[128..],
    ]);

    assert_eq!(messages.unwrap(), [message(Kind::AUDIO, 11, &b"abc"[..]), message(Kind::VIDEO, 10, video)]);
}

#[test]
fn aborted_message_makes_room_for_the_next() {
    let abort = type_0(2, 0, 4, Kind::ABORT);

    let messages = read(&[
        &type_0(4, 10, 200, Kind::VIDEO),
        &[1; 128],
        &abort,
        &[0, 0, 0, 4],
        &abort,
        &[0, 0, 0, 99],
        &type_0(4, 20, 2, Kind::VIDEO),
        b"ok",
    ]);

    assert_eq!(messages.unwrap(), [message(Kind::VIDEO, 20, &b"ok"[..])]);
}

#[test]
fn message_with_a_new_length_drops_the_one_that_it_interrupts() {
    for restart in [type_0(4, 20, 2, Kind::VIDEO), type_1(4, 10, 2, Kind::VIDEO)] {
        let messages = read(&[&type_0(4, 10, 200, Kind::VIDEO), &[1; 128], &restart, b"ok"]);
        assert_eq!(messages.unwrap(), [message(Kind::VIDEO, 20, &b"ok"[..])]);
    }
}

#[test]
fn type_2_in_the_middle_of_a_message_is_refused() {
    let result = read(&[&type_0(4, 10, 200, Kind::VIDEO), &[1; 128], &type_2(4, 5)]);

    assert_eq!(result, Err(Error::Interrupted { csid: 4, received: 128 }));
}

#[test]
fn extended_delta_of_zero_adds_nothing() {
    let header = [&[0x44, 0xFF, 0xFF, 0xFF, 0, 0, 1, 9][..], &[0, 0, 0, 0]].concat();

    let messages = read(&[&type_0(4, 10, 1, Kind::VIDEO), b"a", &header, b"b"]).unwrap();

    assert_eq!(times(&messages), [10, 10]);
}

#[test]
fn chunk_size_of_zero_is_refused() {
    assert_eq!(read(&[&set_chunk_size(0)]), Err(Error::ChunkSize { size: 0 }));
}

#[test]
fn chunk_size_above_the_longest_message_is_cut_to_it() {
    for size in [MAX_CHUNK_SIZE as u32, 0x0100_0000, 0x7FFF_FFFF, u32::MAX] {
        let messages = read(&[&set_chunk_size(size), &type_0(4, 0, 60_000, Kind::VIDEO), &payload(60_000)]);
        assert_eq!(messages.unwrap(), [message(Kind::VIDEO, 0, payload(60_000))]);
    }
}

#[test]
fn chunk_size_changes_in_the_middle_of_a_message() {
    let video = payload(300);

    let messages = read(&[
        &type_0(4, 0, 300, Kind::VIDEO),
        &video[..128],
        &set_chunk_size(1),
        &type_3(4),
        &video[128..129],
        &type_0(2, 0, 4, Kind::SET_CHUNK_SIZE),
        &[0],
        &type_3(2),
        &[0],
        &type_3(2),
        &[1],
        &type_3(2),
        &[0],
        &type_3(4),
        &video[129..],
    ]);

    assert_eq!(messages.unwrap(), [message(Kind::VIDEO, 0, video)]);
}

#[test]
fn missing_extended_timestamp_on_a_continuation_costs_no_payload() {
    for time in [0xFF_FFFF, 0x0100_0203, u32::MAX] {
        for tail in [&b"tail of it"[..], b"t", &time.to_be_bytes()[..3]] {
            let video = [&payload(128)[..], tail].concat();
            let wire = [&type_0(4, time, video.len(), Kind::VIDEO), &video[..128], &type_3(4), tail];
            let next = [&type_0(5, 1, 0, Kind::AUDIO)[..], &type_0(5, 2, 1, Kind::AUDIO), b"x"].concat();

            let messages = read(&[&wire.concat()[..], &next].concat().chunks(7).collect::<Vec<_>>());

            let expected =
                [message(Kind::VIDEO, time, video), message(Kind::AUDIO, 1, ""), message(Kind::AUDIO, 2, "x")];
            assert_eq!(messages.unwrap(), expected);
        }
    }
}

#[test]
fn continuation_repeats_the_extended_delta() {
    let (delta, video) = (0x0100_0000_u32, payload(200));
    let (first, rest) = video.split_at(128);

    let messages = read(&[
        &type_0(4, u32::MAX, 1, Kind::VIDEO),
        b"a",
        &type_1(4, delta, 200, Kind::VIDEO),
        first,
        &type_3(4),
        &delta.to_be_bytes(),
        rest,
        &type_3(4),
        &delta.to_be_bytes(),
        first,
        &type_3(4),
        &delta.to_be_bytes(),
        rest,
    ]);

    assert_eq!(times(&messages.unwrap()), [u32::MAX, 0xFF_FFFF, 0x01FF_FFFF]);
}

#[test]
fn chunk_stream_may_open_with_a_type_1() {
    let messages = read(&[&type_1(4, 40, 2, Kind::VIDEO), b"ok"]);

    assert_eq!(messages.unwrap(), [Message { stream_id: 0, ..message(Kind::VIDEO, 40, &b"ok"[..]) }]);
}

#[test]
fn chunk_stream_may_not_open_with_less() {
    assert_eq!(read(&[&type_2(4, 40)]), Err(Error::NoHeader { csid: 4, format: 2 }));
    assert_eq!(read(&[&type_3(63)]), Err(Error::NoHeader { csid: 63, format: 3 }));
}

#[test]
fn type_3_message_repeats_the_last_time_field() {
    let after_type_0 = read(&[&type_0(4, 1000, 1, Kind::AUDIO), b"a", &type_3(4), b"b", &type_3(4), b"c"]).unwrap();
    let after_delta = read(&[
        &type_0(4, 1000, 1, Kind::AUDIO),
        b"a",
        &type_1(4, 20, 1, Kind::AUDIO),
        b"b",
        &type_3(4),
        b"c",
        &type_2(4, 3),
        b"d",
        &type_3(4),
        b"e",
    ])
    .unwrap();

    assert_eq!(times(&after_type_0), [1000, 2000, 3000]);
    assert_eq!(times(&after_delta), [1000, 1020, 1040, 1043, 1046]);
}

#[test]
fn time_wraps_around() {
    let messages = read(&[&type_0(4, u32::MAX - 5, 1, Kind::AUDIO), b"a", &type_2(4, 10), b"b"]).unwrap();

    assert_eq!(times(&messages), [u32::MAX - 5, 4]);
}

#[test]
fn empty_message_is_a_message() {
    let messages = read(&[&type_0(4, 7, 0, Kind::AUDIO), &type_3(4)]).unwrap();

    assert_eq!(messages, [message(Kind::AUDIO, 7, ""), message(Kind::AUDIO, 14, "")]);
}
