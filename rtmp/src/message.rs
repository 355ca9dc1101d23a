//! The message: what chunks carry and what a stream is made of (RTMP 1.0, section 6.1).

use bytes::Bytes;

/// One RTMP message, its chunks joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What the payload is.
    pub kind: Kind,
    /// Milliseconds, absolute, modulo 2^32 (section 5.3.1).
    pub timestamp: u32,
    /// The message stream id: 0 for the connection, else a stream that the client created.
    pub stream_id: u32,
    /// The payload, without any chunk header.
    pub payload: Bytes,
}

/// A message type id. Unknown ids are legal: a relay passes them on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind(pub u8);

impl Kind {
    /// Set Chunk Size (5.4.1).
    pub const SET_CHUNK_SIZE: Self = Self(1);
    /// Abort Message (5.4.2).
    pub const ABORT: Self = Self(2);
    /// Acknowledgement (5.4.3).
    pub const ACKNOWLEDGEMENT: Self = Self(3);
    /// User Control Message (6.2).
    pub const USER_CONTROL: Self = Self(4);
    /// Window Acknowledgement Size (5.4.4).
    pub const WINDOW_ACKNOWLEDGEMENT_SIZE: Self = Self(5);
    /// Set Peer Bandwidth (5.4.5).
    pub const SET_PEER_BANDWIDTH: Self = Self(6);
    /// Audio Message (7.1.4).
    pub const AUDIO: Self = Self(8);
    /// Video Message (7.1.5).
    pub const VIDEO: Self = Self(9);
    /// Data Message, AMF3 (7.1.2).
    pub const DATA_AMF3: Self = Self(15);
    /// Shared Object Message, AMF3 (7.1.3).
    pub const SHARED_OBJECT_AMF3: Self = Self(16);
    /// Command Message, AMF3 (7.1.1).
    pub const COMMAND_AMF3: Self = Self(17);
    /// Data Message, AMF0 (7.1.2).
    pub const DATA_AMF0: Self = Self(18);
    /// Shared Object Message, AMF0 (7.1.3).
    pub const SHARED_OBJECT_AMF0: Self = Self(19);
    /// Command Message, AMF0 (7.1.1).
    pub const COMMAND_AMF0: Self = Self(20);
    /// Aggregate Message (7.1.6).
    pub const AGGREGATE: Self = Self(22);

    /// Whether a stream is made of such messages: audio, video or data.
    pub const fn is_media(self) -> bool {
        matches!(self, Self::AUDIO | Self::VIDEO | Self::DATA_AMF0 | Self::DATA_AMF3)
    }
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Kind({})", self.0)
    }
}
