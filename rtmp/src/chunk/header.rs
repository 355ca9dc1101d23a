//! Chunk headers as a peer sends them (5.3.1): each type leaves out more than the one before.

use super::{EXTENDED, Error};
use crate::message::Kind;

/// The chunk type: which of the fields the header holds (5.3.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// All of them, the time absolute.
    Type0,
    /// All but the message stream id, the time as a delta.
    Type1,
    /// Only the delta.
    Type2,
    /// None.
    Type3,
}

/// Reads the basic header (5.3.1.1): the type, the chunk stream id, and the bytes behind. `None`: not whole yet.
pub(super) fn read_basic(input: &[u8]) -> Option<(Format, u32, &[u8])> {
    let (&first, rest) = input.split_first()?;
    let format = match first >> 6 {
        0 => Format::Type0,
        1 => Format::Type1,
        2 => Format::Type2,
        _ => Format::Type3,
    };
    match first & 0x3F {
        0 => {
            let (&low, rest) = rest.split_first()?;
            Some((format, u32::from(low).saturating_add(64), rest))
        }
        1 => {
            let (&bytes, rest) = rest.split_first_chunk()?;
            Some((format, u32::from(u16::from_le_bytes(bytes)).saturating_add(64), rest))
        }
        csid => Some((format, u32::from(csid), rest)),
    }
}

/// The fields of a message header (5.3.1.2), and what the next header of the chunk stream takes over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    /// Milliseconds: the time after a type 0, a delta after a type 1 or 2.
    pub(super) time: u32,
    /// Whether `time` came in an extended timestamp (5.3.1.3).
    pub(super) extended: bool,
    pub(super) length: u32,
    pub(super) kind: Kind,
    pub(super) stream_id: u32,
}

impl Fields {
    /// The fields of a chunk stream that is new.
    pub(super) const NEW: Self = Self { time: 0, extended: false, length: 0, kind: Kind(0), stream_id: 0 };

    /// What the first header of a chunk stream takes over. Some encoders open one with a type 1, for message stream 0.
    pub(super) fn first(format: Format, csid: u32) -> Result<Self, Error> {
        match format {
            Format::Type0 | Format::Type1 => Ok(Self::NEW),
            Format::Type2 => Err(Error::NoHeader { csid, format: 2 }),
            Format::Type3 => Err(Error::NoHeader { csid, format: 3 }),
        }
    }

    /// Reads the message header behind a basic header, and returns the bytes behind it. `None`: not whole yet.
    pub(super) fn read(self, format: Format, input: &[u8]) -> Option<(Self, &[u8])> {
        match format {
            Format::Type0 => self.read_type_0(input),
            Format::Type1 => self.read_type_1(input),
            Format::Type2 => self.read_type_2(input),
            Format::Type3 => self.read_type_3(input),
        }
    }

    fn read_type_0(self, input: &[u8]) -> Option<(Self, &[u8])> {
        let (&[a, b, c, d, e, f, kind, stream_id @ ..], rest) = input.split_first_chunk::<11>()?;
        let stream_id = u32::from_le_bytes(stream_id);
        Self { length: u24([d, e, f]), kind: Kind(kind), stream_id, ..self }.read_time(u24([a, b, c]), rest)
    }

    fn read_type_1(self, input: &[u8]) -> Option<(Self, &[u8])> {
        let (&[a, b, c, d, e, f, kind], rest) = input.split_first_chunk()?;
        Self { length: u24([d, e, f]), kind: Kind(kind), ..self }.read_time(u24([a, b, c]), rest)
    }

    fn read_type_2(self, input: &[u8]) -> Option<(Self, &[u8])> {
        let (&time, rest) = input.split_first_chunk()?;
        self.read_time(u24(time), rest)
    }

    fn read_time(self, time: u32, input: &[u8]) -> Option<(Self, &[u8])> {
        if time != EXTENDED {
            return Some((Self { time, extended: false, ..self }, input));
        }
        let (&time, rest) = input.split_first_chunk()?;
        Some((Self { time: u32::from_be_bytes(time), extended: true, ..self }, rest))
    }

    /// 5.3.1.3: a type 3 chunk repeats the extended timestamp. Old encoders do not: four bytes that differ are payload.
    fn read_type_3(self, input: &[u8]) -> Option<(Self, &[u8])> {
        if !self.extended {
            return Some((self, input));
        }
        let repeated = self.time.to_be_bytes();
        match input.strip_prefix(&repeated) {
            Some(rest) => Some((self, rest)),
            None if repeated.starts_with(input) => None,
            None => Some((self, input)),
        }
    }
}

fn u24([a, b, c]: [u8; 3]) -> u32 {
    u32::from_be_bytes([0, a, b, c])
}
