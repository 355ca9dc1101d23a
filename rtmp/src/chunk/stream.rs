//! One chunk stream of a peer: the last header, and the message that is coming in.

use super::header::{Fields, Format};
use super::{Error, MAX_MESSAGE_LEN};
use crate::message::Message;
use bytes::Bytes;

/// A chunk stream: its last header, and the message that is coming in on it.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) csid: u32,
    /// The time of the message of the last header, absolute.
    timestamp: u32,
    pub(super) fields: Fields,
    /// Empty between messages, and there only.
    pub(super) partial: Vec<u8>,
}

impl Stream {
    pub(super) const fn new(csid: u32) -> Self {
        Self { csid, timestamp: 0, fields: Fields::NEW, partial: Vec::new() }
    }

    /// Begins a message. A type 3 repeats the last time field: the delta, or the time itself after a type 0 (5.3.1.2.4).
    pub(super) fn begin(&mut self, format: Format, fields: Fields, limit: usize) -> Result<(), Error> {
        self.timestamp = match format {
            Format::Type0 => fields.time,
            _ => self.timestamp.wrapping_add(fields.time),
        };
        self.fields = fields;
        let length = self.length();
        if length > limit { Err(Error::MessageTooLong { length, limit }) } else { Ok(()) }
    }

    fn length(&self) -> usize {
        usize::try_from(self.fields.length).unwrap_or(MAX_MESSAGE_LEN)
    }

    pub(super) fn missing(&self) -> usize {
        self.length().saturating_sub(self.partial.len())
    }

    /// By how much the buffer has to grow for `more` bytes: to a multiple of what has come, never to what is announced.
    pub(super) fn growth(&self, more: usize) -> usize {
        let (capacity, needed) = (self.partial.capacity(), self.partial.len().saturating_add(more));
        if needed <= capacity {
            return 0;
        }
        let wanted = capacity.saturating_mul(GROWTH).max(needed).max(FIRST_BUFFER_LEN);
        wanted.min(self.length()).saturating_sub(capacity)
    }

    pub(super) fn append(&mut self, piece: &[u8], growth: usize) {
        if growth > 0 {
            let spare = self.partial.capacity().saturating_sub(self.partial.len());
            self.partial.reserve_exact(spare.saturating_add(growth));
        }
        self.partial.extend_from_slice(piece);
    }

    pub(super) fn take(&mut self) -> Message {
        let payload = Bytes::from(std::mem::take(&mut self.partial));
        Message { kind: self.fields.kind, timestamp: self.timestamp, stream_id: self.fields.stream_id, payload }
    }

    /// Drops the unfinished message and returns the capacity of its buffer.
    pub(super) fn discard(&mut self) -> usize {
        std::mem::take(&mut self.partial).capacity()
    }
}

/// The buffer that a message starts with, if it is not shorter.
const FIRST_BUFFER_LEN: usize = 64 << 10;
/// By which factor a full buffer grows.
const GROWTH: usize = 4;
