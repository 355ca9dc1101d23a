//! Bytes that no good client sends.

use bytes::Bytes;
use livecluster_rtmp::Message;
use livecluster_rtmp::chunk::Chunked;
use livecluster_rtmp::handshake::Handshake;
use livecluster_rtmp::message::Kind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Part;
use super::wait::LIMIT;

/// A connection without a session.
#[derive(Debug)]
pub struct Raw(TcpStream);

impl Raw {
    /// Before the first byte.
    pub async fn connect(edge: &Part) -> Self {
        let socket = TcpStream::connect(edge.rtmp.expect("an edge")).await;
        Self(socket.expect("a connection"))
    }

    /// Behind the handshake.
    pub async fn shake_hands(edge: &Part) -> Self {
        let mut raw = Self::connect(edge).await;
        let (mut handshake, mut output) = (Handshake::client(), Vec::new());
        handshake.start(&mut output);
        let mut is_open = false;
        while !is_open {
            raw.send(&output).await;
            output.clear();
            let mut input = [0; HANDSHAKE_LEN];
            let len = raw.0.read(&mut input).await.expect("bytes");
            let read = handshake.read(&mut &input[..len], &mut output);
            is_open = read.expect("a handshake");
        }
        raw.send(&output).await;
        raw
    }

    /// Sends bytes. The edge may close before it has read all.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes).await;
    }

    /// Waits until the edge has closed the connection.
    pub async fn until_closed(mut self) {
        let mut input = vec![0; HANDSHAKE_LEN];
        let closed = async { while matches!(self.0.read(&mut input).await, Ok(1..)) {} };
        timeout(LIMIT, closed).await.expect("the edge closes");
    }
}

/// A message of the connection's own stream, in chunks of the first size.
pub fn message(kind: Kind, payload: impl Into<Bytes>) -> Vec<u8> {
    chunks(&Message { kind, timestamp: 0, stream_id: 0, payload: payload.into() })
}

/// A message in chunks of the first size.
pub fn chunks(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    Chunked::new(3, message, 128).write(&mut bytes);
    bytes
}

/// S0, S1 and S2.
const HANDSHAKE_LEN: usize = 3073;
