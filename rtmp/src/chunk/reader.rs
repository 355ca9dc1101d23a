//! Joins the chunks of one peer to messages (5.3). Hostile input costs no more memory than it has bytes, up to [`Limits`].

use super::header::{Fields, Format, read_basic};
use super::inline::Inline;
use super::stream::Stream;
use super::{Error, INITIAL_CHUNK_SIZE, MAX_CHUNK_SIZE};
use crate::message::{Kind, Message};

/// The receiving half of a chunk stream. It obeys Set Chunk Size and Abort itself.
///
/// Between messages it holds nothing but the last header of each chunk stream.
#[derive(Debug)]
pub struct Reader {
    limits: Limits,
    chunk_size: usize,
    /// Sorted by chunk stream id.
    streams: Vec<Stream>,
    /// The index of the stream of the last chunk: the next one is most often there too.
    current: usize,
    /// What is left to read of the payload of the current chunk; `None` in a header.
    left: Option<usize>,
    /// The capacity of the buffers of all streams.
    held: usize,
    /// The start of a header. After a missing extended timestamp: bytes read as such that are none.
    pending: Inline<MAX_HEADER_LEN>,
}

impl Reader {
    /// A reader at the start of a connection, right after the handshake.
    pub fn new(limits: Limits) -> Self {
        let (pending, chunk_size) = (Inline::EMPTY, INITIAL_CHUNK_SIZE);
        Self { limits, chunk_size, streams: Vec::new(), current: 0, left: None, held: 0, pending }
    }

    /// Sets [`Limits::message`], from the next message on. A session raises it when the client is authenticated.
    pub fn set_message_limit(&mut self, bytes: usize) {
        self.limits.message = bytes;
    }

    /// Consumes bytes of `input` up to the end of a message and returns it; `None`: all was consumed, no message is whole.
    ///
    /// The payload is in a buffer of its own. After an error the reader is out of step: close the connection.
    pub fn read(&mut self, input: &mut &[u8]) -> Result<Option<Message>, Error> {
        loop {
            if self.left.is_none() {
                self.left = self.read_header(input)?;
            }
            let Some(left) = self.left else {
                return Ok(None);
            };
            let left = self.read_payload(left, input)?;
            self.left = (left > 0).then_some(left);
            if left > 0 {
                return Ok(None);
            }
            if let Some(message) = self.take_whole()
                && let Some(message) = self.obey(message)?
            {
                return Ok(Some(message));
            }
        }
    }

    /// Returns the length of the chunk's payload when its header is whole.
    fn read_header(&mut self, input: &mut &[u8]) -> Result<Option<usize>, Error> {
        let mut joined = self.pending;
        let kept = joined.len();
        let window = if kept == 0 {
            *input
        } else {
            joined.append(input);
            joined.as_slice()
        };
        let Some((chunk, length)) = self.parse(window)? else {
            *input = self.pending.append(input);
            return Ok(None);
        };
        match length.checked_sub(kept) {
            Some(length) => {
                *input = input.get(length..).unwrap_or_default();
                self.pending = Inline::EMPTY;
            }
            None => self.pending.drop_front(length),
        }
        self.begin(chunk).map(Some)
    }

    /// Parses a chunk header at the start of `window` and returns it and its length. `None`: not whole yet.
    fn parse(&self, window: &[u8]) -> Result<Option<(Chunk, usize)>, Error> {
        let Some((format, csid, rest)) = read_basic(window) else {
            return Ok(None);
        };
        let slot = self.find(csid);
        let last = match slot.ok().and_then(|index| self.streams.get(index)) {
            Some(stream) => stream.fields,
            None => Fields::first(format, csid)?,
        };
        Ok(last.read(format, rest).map(|(fields, rest)| {
            let length = window.len().saturating_sub(rest.len());
            (Chunk { csid, slot, format, fields }, length)
        }))
    }

    /// The index of a chunk stream, or where to insert it.
    fn find(&self, csid: u32) -> Result<usize, usize> {
        match self.streams.get(self.current) {
            Some(stream) if stream.csid == csid => Ok(self.current),
            _ => self.streams.binary_search_by_key(&csid, |stream| stream.csid),
        }
    }

    fn begin(&mut self, chunk: Chunk) -> Result<usize, Error> {
        self.current = match chunk.slot {
            Ok(index) => index,
            Err(index) => self.insert(index, chunk.csid)?,
        };
        let Some(stream) = self.streams.get_mut(self.current) else {
            return Ok(0);
        };
        let received = stream.partial.len();
        if received > 0 && chunk.format == Format::Type2 {
            return Err(Error::Interrupted { csid: chunk.csid, received });
        }
        if received == 0 || chunk.format != Format::Type3 {
            self.held = self.held.saturating_sub(stream.discard());
            stream.begin(chunk.format, chunk.fields, self.limits.message)?;
        }
        Ok(stream.missing().min(self.chunk_size))
    }

    fn insert(&mut self, index: usize, csid: u32) -> Result<usize, Error> {
        let limit = self.limits.chunk_streams;
        if self.streams.len() >= limit {
            return Err(Error::TooManyChunkStreams { csid, limit });
        }
        self.streams.insert(index, Stream::new(csid));
        Ok(index)
    }

    /// Reads up to `left` bytes of payload and returns how many are left then.
    fn read_payload(&mut self, left: usize, input: &mut &[u8]) -> Result<usize, Error> {
        let mut left = left;
        if self.pending.len() > 0 {
            let pending = self.pending;
            let piece = pending.as_slice();
            let piece = piece.get(..left).unwrap_or(piece);
            self.pending.drop_front(piece.len());
            self.append(piece)?;
            left = left.saturating_sub(piece.len());
        }
        let (piece, rest) = input.split_at_checked(left).unwrap_or((input, &[]));
        *input = rest;
        self.append(piece)?;
        Ok(left.saturating_sub(piece.len()))
    }

    fn append(&mut self, piece: &[u8]) -> Result<(), Error> {
        let Some(stream) = self.streams.get_mut(self.current) else {
            return Ok(());
        };
        let growth = stream.growth(piece.len());
        let (length, limit) = (self.held.saturating_add(growth), self.limits.partials);
        if length > limit {
            return Err(Error::PartialsTooLong { length, limit });
        }
        self.held = length;
        stream.append(piece, growth);
        Ok(())
    }

    fn take_whole(&mut self) -> Option<Message> {
        let stream = self.streams.get_mut(self.current)?;
        if stream.missing() > 0 {
            return None;
        }
        self.held = self.held.saturating_sub(stream.partial.capacity());
        Some(stream.take())
    }

    /// Applies what is meant for the chunk layer (5.4.1, 5.4.2) and passes on the rest.
    fn obey(&mut self, message: Message) -> Result<Option<Message>, Error> {
        match message.kind {
            Kind::SET_CHUNK_SIZE => self.set_chunk_size(first_u32(&message)?)?,
            Kind::ABORT => self.abort(first_u32(&message)?),
            _ => return Ok(Some(message)),
        }
        Ok(None)
    }

    fn set_chunk_size(&mut self, size: u32) -> Result<(), Error> {
        if size == 0 {
            return Err(Error::ChunkSize { size });
        }
        self.chunk_size = usize::try_from(size).unwrap_or(MAX_CHUNK_SIZE).min(MAX_CHUNK_SIZE);
        Ok(())
    }

    #[cfg(test)]
    pub(super) const fn held(&self) -> usize {
        self.held
    }

    fn abort(&mut self, csid: u32) {
        if let Ok(index) = self.find(csid)
            && let Some(stream) = self.streams.get_mut(index)
        {
            self.held = self.held.saturating_sub(stream.discard());
        }
    }
}

/// What a peer may make a [`Reader`] hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message. Above [`super::MAX_MESSAGE_LEN`] it is no limit.
    pub message: usize,
    /// Bytes of all unfinished messages together.
    pub partials: usize,
    /// Chunk streams in use.
    pub chunk_streams: usize,
}

impl Limits {
    /// [`Self::message`] for a client that has not yet said who it is: 64 KiB.
    pub const MESSAGE_BEFORE_CONNECT: usize = 64 << 10;
    /// [`Self::message`] for a client that is let in: 4 MiB.
    pub const MESSAGE_AFTER_CONNECT: usize = 4 << 20;
}

impl Default for Limits {
    /// The limits for a client that has not yet said who it is: 64 KiB a message, 8 MiB in all, 128 chunk streams.
    fn default() -> Self {
        Self { message: Self::MESSAGE_BEFORE_CONNECT, partials: 8 << 20, chunk_streams: 128 }
    }
}

/// A chunk header, parsed.
struct Chunk {
    csid: u32,
    /// Where its stream is, or where it belongs.
    slot: Result<usize, usize>,
    format: Format,
    fields: Fields,
}

fn first_u32(message: &Message) -> Result<u32, Error> {
    let bytes = message.payload.first_chunk().ok_or(Error::ControlTooShort {
        kind: message.kind,
        length: message.payload.len(),
        needed: 4,
    })?;
    Ok(u32::from_be_bytes(*bytes))
}

/// A basic header of 3 bytes, a message header of 11, an extended timestamp of 4.
const MAX_HEADER_LEN: usize = 18;
