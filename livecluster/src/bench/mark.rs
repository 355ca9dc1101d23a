//! The mark that a publisher puts into every frame: enough to tell loss, repeats, disorder and latency at any receiver.

use std::time::Duration;

use livecluster_rtmp::Message;
use livecluster_rtmp::message::Kind;

use super::{aac, h264};

/// What a frame says about itself. On the wire it is text: it can't be taken for a start code, and shows in a dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Differs each time a publisher starts: then the sequence starts anew.
    pub run: u32,
    /// The number of the publisher, as in the stream's name.
    pub publisher: u32,
    /// Counts the frames of a publisher from 0, video and audio each.
    pub sequence: u32,
    /// The length of the message that carries the mark, in bytes.
    pub length: u32,
    /// When the frame was sent, since the Unix epoch.
    pub sent: Duration,
}

impl Mark {
    /// The mark of a frame of video or audio; `None` if it has none, as headers have.
    pub fn of(message: &Message) -> Option<Self> {
        let offset = match message.kind {
            Kind::VIDEO => h264::MARK_OFFSET,
            Kind::AUDIO => aac::MARK_OFFSET,
            _ => return None,
        };
        Self::decode(&message.payload, offset)
    }

    /// The mark as it goes into a frame.
    pub fn encode(&self) -> [u8; LEN] {
        let sent = u64::try_from(self.sent.as_nanos()).unwrap_or(u64::MAX);
        let text =
            format!("{MAGIC}{:08x}{:08x}{:08x}{:08x}{sent:016x}", self.run, self.publisher, self.sequence, self.length);
        std::array::from_fn(|index| text.as_bytes().get(index).copied().unwrap_or(b'0'))
    }

    /// The mark at `offset` of a payload; `None` if there is none.
    pub fn decode(payload: &[u8], offset: usize) -> Option<Self> {
        let fields = payload.get(offset..offset + LEN)?.strip_prefix(MAGIC.as_bytes())?;
        let fields = std::str::from_utf8(fields).ok()?;
        let word = |index: usize| u32::from_str_radix(fields.get(index * 8..index * 8 + 8)?, 16).ok();
        Some(Self {
            run: word(0)?,
            publisher: word(1)?,
            sequence: word(2)?,
            length: word(3)?,
            sent: Duration::from_nanos(u64::from_str_radix(fields.get(32..)?, 16).ok()?),
        })
    }
}

/// The length of a mark in bytes.
pub const LEN: usize = 64;

/// As long as the UUID that names the owner of user data in H.264 (ITU-T H.264, D.1.7).
const MAGIC: &str = "livecluster-mark";

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: Mark = Mark {
        run: 0xC0FF_EE00,
        publisher: 7,
        sequence: u32::MAX,
        length: 7500,
        sent: Duration::from_nanos(1_780_000_000_123_456_789),
    };

    #[test]
    fn mark_survives_the_wire() {
        let payload = [&[0; 5][..], &MARK.encode(), &[0xFF; 3]].concat();

        assert_eq!(Mark::decode(&payload, 5), Some(MARK));
    }

    #[test]
    fn other_payloads_have_no_mark() {
        let encoded = MARK.encode();
        let broken = [&encoded[..40], &[b'x'; 24]].concat();

        assert_eq!(Mark::decode(&encoded, 1), None);
        assert_eq!(Mark::decode(&encoded[..63], 0), None);
        assert_eq!(Mark::decode(&[0; 100], 0), None);
        assert_eq!(Mark::decode(&broken, 0), None);
    }
}
