//! `rml_rtmp` as the other side, on what it can read and write: no interleaving, no empty messages, time that does not jump.

use super::*;
use proptest::prelude::*;
use rml_rtmp::chunk_io::{ChunkDeserializer, ChunkSerializer};
use rml_rtmp::messages::MessagePayload;
use rml_rtmp::time::RtmpTimestamp;

fn theirs(message: &Message) -> MessagePayload {
    MessagePayload {
        timestamp: RtmpTimestamp::new(message.timestamp),
        type_id: message.kind.0,
        message_stream_id: message.stream_id,
        data: message.payload.clone(),
    }
}

/// Messages in the order of their time, each with the chunk stream that the other side would choose.
fn any_messages() -> impl Strategy<Value = Vec<Message>> {
    let kind = prop::sample::select(vec![Kind::AUDIO, Kind::VIDEO, Kind::DATA_AMF0, Kind::COMMAND_AMF0]);
    let step = prop_oneof![8 => 0..100_u32, 1 => Just(0xFF_FFFF), 1 => 0xFF_FFFF..0x0200_0000_u32];
    prop::collection::vec((kind, step, 1..2_u32, 1..5000_usize), 1..20).prop_map(|parts| {
        let mut time = 0_u32;
        let mut message = |(kind, step, stream_id, length)| {
            time = time.wrapping_add(step);
            Message { kind, timestamp: time, stream_id, payload: payload(length).into() }
        };
        parts.into_iter().map(&mut message).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn reader_reads_what_another_writer_wrote(messages in any_messages(), chunk_size in 1..6000_u32, full in any::<bool>()) {
        let mut writer = ChunkSerializer::new();
        let mut wire = writer.set_max_chunk_size(chunk_size, RtmpTimestamp::new(0)).unwrap().bytes;
        for message in &messages {
            // It writes continuations of a forced type 0 as type 0: a fault of its own.
            let full = full && message.payload.len() <= chunk_size as usize;
            wire.extend(writer.serialize(&theirs(message), full, false).unwrap().bytes);
        }

        let read = read_split(&mut Reader::new(unlimited()), &wire, 1000).unwrap();

        prop_assert_eq!(read, messages);
    }

    #[test]
    fn another_reader_reads_what_the_writer_wrote(messages in any_messages(), chunk_size in 1..6000_usize) {
        let mut reader = ChunkDeserializer::new();
        reader.set_max_chunk_size(chunk_size).unwrap();
        for message in &messages {
            let mut wire = Vec::new();
            Chunked::new(csid(message.kind), message, chunk_size).write(&mut wire);
            prop_assert_eq!(reader.get_next_message(&wire).unwrap(), Some(theirs(message)));
        }
    }
}
