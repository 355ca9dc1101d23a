//! One message of a log, with what a relay must know of it, and its chunks, made once.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crate::chunk::{self, Chunked};
use crate::codec::{self, Classified, Codec, Media, Role};
use crate::message::{Kind, Message};

/// A message in a log.
#[derive(Debug)]
pub struct Entry {
    /// The publication's number for it.
    pub sequence: u64,
    /// The message. Its timestamp is the publisher's; its stream id means nothing.
    pub message: Message,
    /// When it came into this log.
    pub at: Instant,
    classified: Classified,
    chunks: OnceLock<Chunked>,
}

impl Entry {
    pub(super) fn new(sequence: u64, message: Message, at: Instant) -> Self {
        Self {
            sequence,
            at,
            classified: codec::classify(message.kind, &message.payload),
            message,
            chunks: OnceLock::new(),
        }
    }

    /// The message as it goes to viewers: on message stream 1, `offset` ms later than the publisher said. Made at the
    /// first call; every viewer of a log is given the same chunk size and offset.
    pub fn chunks(&self, offset: u32, chunk_size: usize) -> &Chunked {
        self.chunks.get_or_init(|| self.rechunk(1, offset, chunk_size))
    }

    /// The message for one viewer who needs it in another way.
    pub fn rechunk(&self, stream_id: u32, offset: u32, chunk_size: usize) -> Chunked {
        let message =
            Message { stream_id, timestamp: self.message.timestamp.wrapping_add(offset), ..self.message.clone() };
        Chunked::new(chunk::csid(message.kind), &message, chunk_size)
    }

    /// Video, audio or data.
    pub fn media(&self) -> Media {
        self.classified.media
    }

    /// Whether late joiners need it first.
    pub fn is_header(&self) -> bool {
        self.classified.is_header()
    }

    /// Whether decoding of this track can start here.
    pub fn is_keyframe_of(&self, track: u8) -> bool {
        self.classified.keyframe_track() == Some(track)
    }

    /// Whether decoding of some track can start here.
    pub fn is_keyframe(&self) -> bool {
        self.classified.keyframe_track().is_some()
    }

    /// The codec that the message names, if it does.
    pub fn codec(&self) -> Option<Codec> {
        self.classified.codec
    }

    pub(super) fn header_keys(&self) -> impl Iterator<Item = codec::HeaderKey> {
        self.classified.headers()
    }

    /// The video track for which this message is a keyframe or a configuration.
    pub(super) fn video_track(&self) -> Option<u8> {
        let tells = matches!(self.classified.role, Role::Keyframe | Role::Header(codec::Header::Configuration));
        (self.message.kind == Kind::VIDEO && tells).then(|| self.classified.tracks.first()).flatten()
    }

    /// What it counts against a budget: its payload and what keeping it takes.
    pub(super) fn cost(&self) -> usize {
        self.message.payload.len().saturating_add(size_of::<Arc<Self>>() + size_of::<Self>())
    }
}
