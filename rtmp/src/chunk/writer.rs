//! A message cut into chunks: the headers beside the payload, which is shared and never copied.

use super::inline::Inline;
use super::{EXTENDED, MAX_CHUNK_SIZE, MAX_MESSAGE_LEN};
use crate::message::{Kind, Message};
use bytes::Bytes;

/// A message as it goes over the wire: a type 0 chunk, and type 3 chunks for the rest.
///
/// The bytes depend on no other message, so that the same ones go to any number of peers with this chunk size, in any order.
#[derive(Debug, Clone)]
pub struct Chunked {
    payload: Bytes,
    chunk_size: usize,
    len: usize,
    header: Inline<18>,
    continuation: Inline<7>,
}

impl Chunked {
    /// Cuts `message` for chunk stream `csid`, 2 to 65599, and a peer that was told `chunk_size`, 1 to [`MAX_CHUNK_SIZE`].
    ///
    /// Values outside are moved to the nearest bound. A payload beyond [`MAX_MESSAGE_LEN`], which RTMP cannot carry, is cut.
    pub fn new(csid: u32, message: &Message, chunk_size: usize) -> Self {
        let payload = message.payload.slice(..message.payload.len().min(MAX_MESSAGE_LEN));
        let chunk_size = chunk_size.clamp(1, MAX_CHUNK_SIZE);
        let mut continuation = Inline::EMPTY;
        write_basic(TYPE_3, csid, &mut continuation);
        write_extended(message.timestamp, &mut continuation);
        let header = header(csid, message, payload.len());
        let continuations = payload.len().saturating_sub(1).checked_div(chunk_size).unwrap_or_default();
        let headers = continuations.saturating_mul(continuation.len()).saturating_add(header.len());
        Self { len: payload.len().saturating_add(headers), payload, chunk_size, header, continuation }
    }

    /// The number of bytes on the wire, headers included.
    #[expect(clippy::len_without_is_empty, reason = "a message has a header: it is never empty")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The bytes on the wire from `offset` on, in pieces for a vectored write. No piece is empty.
    pub fn slices(&self, offset: usize) -> impl Iterator<Item = &[u8]> {
        let mut offset = offset;
        std::iter::from_fn(move || {
            let slice = self.slice(offset)?;
            offset = offset.saturating_add(slice.len());
            Some(slice)
        })
    }

    /// Appends all the bytes to `into`.
    pub fn write(&self, into: &mut Vec<u8>) {
        into.reserve(self.len);
        self.slices(0).for_each(|slice| into.extend_from_slice(slice));
    }

    /// The piece that holds the byte at `offset`, from there on: of the header, of the payload or of a continuation header.
    fn slice(&self, offset: usize) -> Option<&[u8]> {
        let Some(offset) = offset.checked_sub(self.header.len()) else {
            return self.header.as_slice().get(offset..);
        };
        let stride = self.chunk_size.saturating_add(self.continuation.len());
        let (index, within) = (offset.checked_div(stride)?, offset.checked_rem(stride)?);
        let start = index.saturating_mul(self.chunk_size);
        let end = start.saturating_add(self.chunk_size).min(self.payload.len());
        if let Some(within) = within.checked_sub(self.chunk_size) {
            return self.continuation.as_slice().get(within..).filter(|_| end < self.payload.len());
        }
        self.payload.get(start.saturating_add(within)..end).filter(|piece| !piece.is_empty())
    }
}

/// The chunk stream on which a server sends messages of a kind. One a kind, so that a long video message can be interleaved.
pub const fn csid(kind: Kind) -> u32 {
    match kind {
        // 5.4: protocol control messages are sent on chunk stream 2.
        Kind::SET_CHUNK_SIZE | Kind::ABORT | Kind::ACKNOWLEDGEMENT | Kind::USER_CONTROL => 2,
        Kind::WINDOW_ACKNOWLEDGEMENT_SIZE | Kind::SET_PEER_BANDWIDTH => 2,
        Kind::AUDIO => 4,
        Kind::DATA_AMF0 | Kind::DATA_AMF3 => 5,
        Kind::VIDEO | Kind::AGGREGATE => 6,
        // Commands and shared objects, and what no one knows.
        _ => 3,
    }
}

fn header(csid: u32, message: &Message, length: usize) -> Inline<18> {
    let mut header = Inline::EMPTY;
    write_basic(TYPE_0, csid, &mut header);
    header.append(&u24(message.timestamp.min(EXTENDED)));
    header.append(&u24(u32::try_from(length).unwrap_or(u32::MAX)));
    header.append(&[message.kind.0]);
    header.append(&message.stream_id.to_le_bytes());
    write_extended(message.timestamp, &mut header);
    header
}

/// Writes a basic header in its shortest form (5.3.1.1).
fn write_basic<const N: usize>(format: u8, csid: u32, into: &mut Inline<N>) {
    let csid = csid.clamp(MIN_CSID, MAX_CSID);
    let [_, _, high, low] = csid.saturating_sub(64).to_be_bytes();
    match csid {
        ..64 => into.append(&[format | csid.to_be_bytes()[3]]),
        64..320 => into.append(&[format, low]),
        _ => into.append(&[format | 1, low, high]),
    };
}

/// 5.3.1.3: a time that does not fit in 24 bits follows the header, of type 3 chunks too.
fn write_extended<const N: usize>(timestamp: u32, into: &mut Inline<N>) {
    if timestamp >= EXTENDED {
        into.append(&timestamp.to_be_bytes());
    }
}

fn u24(value: u32) -> [u8; 3] {
    let [_, bytes @ ..] = value.to_be_bytes();
    bytes
}

const MIN_CSID: u32 = 2;
const MAX_CSID: u32 = 65_599;
const TYPE_0: u8 = 0;
const TYPE_3: u8 = 3 << 6;
