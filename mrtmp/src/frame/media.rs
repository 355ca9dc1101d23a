//! Media frames: 22 bytes, then the payload, which nobody copies to send it.
#![deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use bytes::{Buf, BufMut, Bytes};

use super::limit::{Limits, MAX_PAYLOAD};
use super::wire::{Input, Wire};
use super::{Error, Kind, Media};

/// Bytes of a media frame in front of its payload.
pub const MEDIA_FRAMING: usize = 22;
/// What the length field of a media frame says for an empty payload.
pub(crate) const LENGTH_WITHOUT_PAYLOAD: u32 = 18;

impl Media {
    /// The bytes in front of the payload. `kind` is [`Kind::Media`] or [`Kind::Header`]; write the payload right after.
    pub fn framing(&self, kind: Kind) -> Result<[u8; MEDIA_FRAMING], Error> {
        let length = self.payload_len();
        Limits::default().check_payload(length)?;
        let mut framing = [0; MEDIA_FRAMING];
        let mut out = framing.as_mut_slice();
        out.put_u32(length.saturating_add(LENGTH_WITHOUT_PAYLOAD));
        out.put_u8(kind.number());
        out.put_u32(self.id);
        out.put_u64(self.sequence);
        out.put_u32(self.timestamp);
        out.put_u8(self.kind);
        Ok(framing)
    }

    /// The payload's length, as limits count it.
    pub(crate) fn payload_len(&self) -> u32 {
        u32::try_from(self.payload.len()).unwrap_or(u32::MAX)
    }

    /// What [`Self::framing`] says behind length and type, with an empty payload for now.
    pub(crate) fn from_framing(mut fields: &[u8]) -> Option<Self> {
        Some(Self {
            id: fields.try_get_u32().ok()?,
            sequence: fields.try_get_u64().ok()?,
            timestamp: fields.try_get_u32().ok()?,
            kind: fields.try_get_u8().ok()?,
            payload: Bytes::new(),
        })
    }
}

impl Wire for Media {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        if self.payload_len() > MAX_PAYLOAD {
            return Err(Error::PayloadTooLong { length: self.payload_len(), limit: MAX_PAYLOAD });
        }
        (self.id, self.sequence).put(out)?;
        (self.timestamp, self.kind).put(out)?;
        out.put_slice(&self.payload);
        Ok(())
    }

    fn take(input: &mut Input) -> Result<Self, Error> {
        let (id, sequence) = Wire::take(input)?;
        let (timestamp, kind) = Wire::take(input)?;
        Ok(Self { id, sequence, timestamp, kind, payload: input.rest() })
    }
}
