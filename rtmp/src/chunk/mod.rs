//! The chunk stream (RTMP 1.0, section 5.3): a [`Reader`] joins the chunks of a peer to messages, [`Chunked`] is a message in
//! chunks, and [`control`] holds the messages that the protocol itself sends.

#![deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

pub mod control;
mod header;
mod inline;
mod reader;
mod stream;
mod writer;

#[cfg(test)]
mod tests;

pub use reader::{Limits, Reader};
pub use writer::{Chunked, csid};

use crate::message::Kind;

/// What a peer did against the chunk protocol. There is no way back into step: close the connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A header that leaves something out, on a chunk stream that has no header to take it from (5.3.1.2).
    #[error("chunk of type {format} opens chunk stream {csid}, which has no header yet")]
    NoHeader {
        /// The chunk stream id.
        csid: u32,
        /// The chunk type, 2 or 3.
        format: u8,
    },
    /// A new message of the same length and type as the one that it interrupts.
    #[error("chunk of type 2 on chunk stream {csid} in the middle of a message, {received} bytes of it received")]
    Interrupted {
        /// The chunk stream id.
        csid: u32,
        /// How much of the message had come.
        received: usize,
    },
    /// A message above [`Limits::message`].
    #[error("message of {length} bytes exceeds the limit of {limit}")]
    MessageTooLong {
        /// The announced length in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// More bytes in unfinished messages than [`Limits::partials`].
    #[error("unfinished messages of {length} bytes exceed the limit of {limit}")]
    PartialsTooLong {
        /// What the buffers would take in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// More chunk streams than [`Limits::chunk_streams`].
    #[error("chunk stream {csid} exceeds the limit of {limit} chunk streams")]
    TooManyChunkStreams {
        /// The chunk stream id that was one too many.
        csid: u32,
        /// The limit.
        limit: usize,
    },
    /// Set Chunk Size with a size that carries nothing (5.4.1).
    #[error("chunk size of {size} is below the minimum of 1")]
    ChunkSize {
        /// The size in bytes.
        size: u32,
    },
    /// A control message that ends before its last field.
    #[error("control message of type {} has {length} bytes instead of {needed}", kind.0)]
    ControlTooShort {
        /// The type of the message.
        kind: Kind,
        /// The length of the payload in bytes.
        length: usize,
        /// The least length in bytes.
        needed: usize,
    },
}

/// The length of a message that its 24-bit field can hold (5.3.1.2.1).
pub const MAX_MESSAGE_LEN: usize = 0xFF_FFFF;
/// The chunk size that both sides start with (5.4.1).
pub const INITIAL_CHUNK_SIZE: usize = 128;
/// The largest chunk size: larger ones are equal to it, for no message is longer (5.4.1).
pub const MAX_CHUNK_SIZE: usize = 0xFF_FFFF;
/// The time field that says that an extended timestamp follows (5.3.1.3).
const EXTENDED: u32 = 0xFF_FFFF;
