//! What a frame may hold at most. A sender keeps to these limits, a reader refuses what exceeds them.

use super::{Error, Kind};

/// The longest payload of a media frame, in bytes: what 24 bits of an RTMP message length can say.
pub const MAX_PAYLOAD: u32 = (1 << 24) - 1;
/// The lowest payload limit that a hello may announce.
pub const MIN_PAYLOAD: u32 = 64 * 1024;
/// The longest control frame, in bytes, its length field not counted.
pub const MAX_CONTROL: u32 = 64 * 1024;
/// The lowest control limit that a hello may announce: every frame without a list fits.
pub const MIN_CONTROL: u32 = 16 * 1024;
/// The longest RESUME, STABLE, STREAMS or LINKS: these grow with the cluster and are not subject to [`MAX_CONTROL`].
pub const MAX_LIST_FRAME: u32 = 16 * 1024 * 1024;
/// The most streams that one STREAMS may list.
pub const MAX_STREAMS: u32 = 1 << 18;

/// The longest name of a part: a DNS name.
pub const MAX_NAME: usize = 253;
/// The longest stream key.
pub const MAX_KEY: usize = 1024;
/// The longest NetStream code.
pub const MAX_CODE: usize = 64;
/// The longest description or reason; a sender cuts what is longer.
pub const MAX_DESCRIPTION: usize = 512;
/// The longest `app`, `tcUrl` or query of a client.
pub const MAX_CLIENT_TEXT: usize = 4096;
/// The longest address of a client.
pub const MAX_ADDRESS: usize = 128;
/// The longest identity of a publisher's key.
pub const MAX_IDENTITY: usize = 256;

/// What the announcing side takes; it holds for what the other side sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest media payload, [`MIN_PAYLOAD`] to [`MAX_PAYLOAD`].
    pub payload: u32,
    /// The longest control frame without a list, [`MIN_CONTROL`] to [`MAX_CONTROL`].
    pub control: u32,
}

impl Limits {
    /// Raised or lowered to what the protocol allows.
    pub fn clamped(self) -> Self {
        Self {
            payload: self.payload.clamp(MIN_PAYLOAD, MAX_PAYLOAD),
            control: self.control.clamp(MIN_CONTROL, MAX_CONTROL),
        }
    }

    /// Refuses a frame of this type whose length field says `length`.
    pub(crate) fn check(self, kind: Kind, length: u32) -> Result<(), Error> {
        if kind.is_media() {
            return self.check_payload(length.saturating_sub(super::media::LENGTH_WITHOUT_PAYLOAD));
        }
        let limit = if kind.is_list() { MAX_LIST_FRAME } else { self.control };
        if length > limit {
            return Err(Error::FrameTooLong { kind: kind.number(), length, limit });
        }
        Ok(())
    }

    /// Refuses a payload of this length.
    pub(crate) fn check_payload(self, length: u32) -> Result<(), Error> {
        if length > self.payload {
            return Err(Error::PayloadTooLong { length, limit: self.payload });
        }
        Ok(())
    }
}

impl Default for Limits {
    /// The highest.
    fn default() -> Self {
        Self { payload: MAX_PAYLOAD, control: MAX_CONTROL }
    }
}
