//! The Aggregate Message (7.1.6): several messages of a stream in one, each framed like a tag of an FLV file.

#![deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use bytes::{Buf, Bytes};

use crate::Message;
use crate::message::Kind;

/// Type, size, timestamp and stream id of a sub-message.
const HEADER_LEN: usize = 11;
/// The size of the sub-message, repeated behind it.
const BACK_POINTER_LEN: usize = 4;
/// The bits of the first byte that are the type; FLV has flags in the others.
const KIND_MASK: u8 = 0x1f;

/// The messages of an Aggregate Message, in order. They share its payload and have its message stream id.
///
/// Ends at the first sub-message that is cut short. Sub-messages that are no media are passed over: a command has no
/// place in an aggregate, nor has an aggregate.
#[derive(Debug)]
pub struct Split {
    rest: Bytes,
    stream_id: u32,
    timestamp: u32,
    first: Option<u32>,
}

impl Split {
    /// Takes the Aggregate Message apart.
    pub fn new(aggregate: Message) -> Self {
        let Message { timestamp, stream_id, payload, .. } = aggregate;
        Self { rest: payload, stream_id, timestamp, first: None }
    }

    /// How many sub-messages there are, media or not.
    pub fn parts(&self) -> usize {
        let mut rest = &*self.rest;
        std::iter::from_fn(|| {
            let len = payload_len(rest)?;
            let body = rest.get(HEADER_LEN..)?.get(len..)?;
            rest = body.get(BACK_POINTER_LEN.min(body.len())..)?;
            Some(())
        })
        .count()
    }

    /// The next sub-message, whatever its type.
    fn next_tag(&mut self) -> Option<Message> {
        let len = payload_len(&self.rest)?;
        let [kind, _, _, _, t2, t1, t0, t3, _, _, _] = *self.rest.first_chunk::<HEADER_LEN>()?;
        if self.rest.len().saturating_sub(HEADER_LEN) < len {
            return None;
        }
        self.rest.advance(HEADER_LEN);
        // A copy: a small part of a large message would keep all of it in memory.
        let payload = Bytes::copy_from_slice(self.rest.get(..len)?);
        self.rest.advance(len);
        self.rest.advance(BACK_POINTER_LEN.min(self.rest.len()));
        let timestamp = self.rebase(u32::from_be_bytes([t3, t2, t1, t0]));
        Some(Message { kind: Kind(kind & KIND_MASK), timestamp, stream_id: self.stream_id, payload })
    }

    /// 7.1.6: the first sub-message has the time of the aggregate, the others keep their distance from it.
    fn rebase(&mut self, timestamp: u32) -> u32 {
        let first = *self.first.get_or_insert(timestamp);
        timestamp.wrapping_sub(first).wrapping_add(self.timestamp)
    }
}

/// The size that a sub-message says it has.
fn payload_len(tag: &[u8]) -> Option<usize> {
    let [_, s2, s1, s0, ..] = *tag.first_chunk::<HEADER_LEN>()?;
    usize::try_from(u32::from_be_bytes([0, s2, s1, s0])).ok()
}

impl Iterator for Split {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        loop {
            let message = self.next_tag()?;
            if message.kind.is_media() {
                return Some(message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tag(kind: u8, timestamp: u32, body: &[u8]) -> Vec<u8> {
        let [t3, t2, t1, t0] = timestamp.to_be_bytes();
        let len = u8::try_from(body.len()).unwrap();
        let mut tag = vec![kind, 0, 0, len, t2, t1, t0, t3, 0, 0, 0];
        tag.extend_from_slice(body);
        tag.extend_from_slice(&[0; BACK_POINTER_LEN]);
        tag
    }

    fn split(timestamp: u32, payload: Vec<u8>) -> Vec<Message> {
        Split::new(Message { kind: Kind::AGGREGATE, timestamp, stream_id: 3, payload: payload.into() }).collect()
    }

    #[test]
    fn sub_messages_keep_their_distance_from_the_first() {
        let payload = [tag(9, 0x0100_0000, b"video"), tag(8, 0x0100_0017, b""), tag(18, 0x0100_0028, b"d")].concat();

        let messages = split(500, payload);

        let seen: Vec<_> = messages.iter().map(|message| (message.kind, message.timestamp)).collect();
        assert_eq!(seen, [(Kind::VIDEO, 500), (Kind::AUDIO, 523), (Kind::DATA_AMF0, 540)]);
        assert_eq!(messages[0].payload, "video");
        assert!(messages.iter().all(|message| message.stream_id == 3));
    }

    #[test]
    fn a_timestamp_may_wrap_around() {
        let messages = split(u32::MAX, [tag(8, 10, b"a"), tag(8, 12, b"b")].concat());

        assert_eq!(messages[1].timestamp, 1);
    }

    #[test]
    fn a_message_that_is_cut_short_ends_the_aggregate() {
        let mut payload = [tag(9, 0, b"whole"), tag(9, 1, b"cut")].concat();
        payload.truncate(payload.len() - 5);

        assert_eq!(split(0, payload).len(), 1);
    }

    #[test]
    fn the_last_back_pointer_may_be_missing() {
        let mut payload = tag(9, 0, b"whole");
        payload.truncate(payload.len() - 4);

        assert_eq!(split(0, payload).len(), 1);
    }

    #[test]
    fn what_is_no_media_is_passed_over() {
        let payload = [tag(22, 0, b"inner"), tag(20, 0, b"command"), tag(0x20 | 9, 40, b"encrypted")].concat();

        let messages = split(0, payload);

        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].timestamp, 40);
    }

    proptest! {
        #[test]
        fn any_payload_comes_to_an_end(timestamp: u32, payload: Vec<u8>) {
            prop_assert!(split(timestamp, payload.clone()).len() <= payload.len() / HEADER_LEN);
        }
    }
}
