//! What a server lets its clients do.

use std::time::Duration;

use crate::{amf0, chunk};

/// The limits and the parameters of a [`super::Server`]. One is shared by all sessions of a listener.
#[derive(Debug, Clone)]
pub struct Config {
    /// The size of the chunks sent, from the answer to connect on: 1 to [`chunk::MAX_CHUNK_SIZE`] bytes.
    pub chunk_size: u32,
    /// How many bytes the client may send before it is acknowledged, and wait for before it acknowledges.
    pub window: u32,
    /// What a client may make the chunk reader hold. `message` is the limit before connect.
    pub chunks: chunk::Limits,
    /// Bytes of one message after connect.
    pub message: usize,
    /// What one command may hold.
    pub command: amf0::Limits,
    /// Commands in a second.
    pub commands: u32,
    /// Messages of media in a second, over all streams of the connection.
    pub media: u32,
    /// Streams at a time of one connection.
    pub streams: usize,
    /// Messages kept of a client that does not wait for the answer to connect.
    pub early: usize,
    /// From the start to the end of the handshake.
    pub handshake_timeout: Duration,
    /// From there to connect.
    pub connect_timeout: Duration,
    /// From the answer to connect to the first publish or play, and without any afterwards.
    pub idle_timeout: Duration,
    /// Without a byte from the client before a ping is sent.
    pub ping_interval: Duration,
    /// From a ping to the next byte from the client.
    pub ping_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            // A keyframe of a common stream in a few chunks: hardly a header, and no chunk longer than 64 KiB.
            chunk_size: 60_000,
            // A quarter of a second at 80 Mb/s.
            window: 2_500_000,
            chunks: chunk::Limits::default(),
            message: chunk::Limits::MESSAGE_AFTER_CONNECT,
            command: amf0::Limits::default(),
            commands: 100,
            // A stream has 75 to 250. An encoder that waited for a minute sends at once what it kept.
            media: 5000,
            streams: 8,
            early: 16,
            handshake_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            ping_interval: Duration::from_secs(20),
            ping_timeout: Duration::from_secs(40),
        }
    }
}
