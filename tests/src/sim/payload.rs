//! What simulated publishers send: every message says whose it is, its number and the configuration that it needs.

use bytes::{BufMut, Bytes, BytesMut};

use livecluster_rtmp::Message;
use livecluster_rtmp::message::Kind;

/// What a message is to a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// onMetaData.
    Metadata,
    /// The video's configuration.
    VideoConfiguration,
    /// The audio's configuration.
    AudioConfiguration,
    /// A video frame at which decoding can start.
    Keyframe,
    /// Any other video frame.
    Inter,
    /// Sound.
    Audio,
}

/// One message, as it is checked at a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payload {
    /// What it is.
    pub part: Part,
    /// The publisher's index.
    pub run: u64,
    /// Its number in that publication.
    pub number: u64,
    /// The configuration's version: its own, or the one that it needs.
    pub version: u64,
}

impl Payload {
    /// The message that carries it.
    pub fn message(&self, timestamp: u32, len: usize) -> Message {
        let mut payload = BytesMut::with_capacity(HEAD + len);
        payload.put_slice(self.part.tag());
        for number in [self.run, self.number, self.version] {
            payload.put_u64(number);
        }
        payload.put_bytes(0, len);
        Message { kind: self.part.kind(), timestamp, stream_id: 1, payload: payload.freeze() }
    }

    /// What a message carries; none: no simulated publisher made it.
    pub fn of(message: &Message) -> Option<Self> {
        let part =
            PARTS.into_iter().find(|part| part.kind() == message.kind && message.payload.starts_with(part.tag()))?;
        let mut numbers = message.payload.get(part.tag().len()..)?.chunks_exact(8);
        let mut number = || Some(u64::from_be_bytes(numbers.next()?.try_into().ok()?));
        Some(Self { part, run: number()?, number: number()?, version: number()? })
    }

    /// The same message under another number: what no part of a cluster may do.
    pub fn renumbered(message: &Bytes, kind: u8, number: u64) -> Option<Bytes> {
        let message = Message { kind: Kind(kind), timestamp: 0, stream_id: 1, payload: message.clone() };
        let payload = Self::of(&message)?;
        Some(Self { number, ..payload }.message(0, 0).payload)
    }
}

impl Part {
    fn kind(self) -> Kind {
        match self {
            Self::Metadata => Kind::DATA_AMF0,
            Self::VideoConfiguration | Self::Keyframe | Self::Inter => Kind::VIDEO,
            Self::AudioConfiguration | Self::Audio => Kind::AUDIO,
        }
    }

    fn tag(self) -> &'static [u8] {
        match self {
            Self::Metadata => b"\x02\x00\x0aonMetaData",
            Self::VideoConfiguration => &[0x17, 0, 0, 0, 0],
            Self::Keyframe => &[0x17, 1, 0, 0, 0],
            Self::Inter => &[0x27, 1, 0, 0, 0],
            Self::AudioConfiguration => &[0xaf, 0],
            Self::Audio => &[0xaf, 1],
        }
    }
}

const PARTS: [Part; 6] =
    [Part::Metadata, Part::VideoConfiguration, Part::AudioConfiguration, Part::Keyframe, Part::Inter, Part::Audio];

/// Bytes of the longest tag and the numbers.
const HEAD: usize = 13 + 3 * 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_read_as_it_was_written() {
        for part in PARTS {
            let payload = Payload { part, run: 1, number: 2, version: 3 };

            assert_eq!(Payload::of(&payload.message(0, 9)), Some(payload));
        }
    }
}
