//! Connecting, accepting, and the handshake of both.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::time;

use super::socket::{Socket, now};
use super::{Counters, Error};
use crate::id::Name;
use crate::link::{Config, Event, Link, Opening, Peer};

/// A link that is up. Its clock runs: call [`Self::run`] at once. Drop it to close it.
#[derive(Debug)]
pub struct Connection {
    pub(super) socket: Socket,
    peer: Peer,
}

/// Connects within `patience` and shakes hands within the configuration's deadline. `expected` is the name of the part
/// that should be at `address`.
pub async fn dial(
    address: impl ToSocketAddrs,
    patience: Duration,
    config: Arc<Config>,
    expected: Name,
    opening: Opening,
) -> Result<Connection, Error> {
    let connected = time::timeout(patience, TcpStream::connect(address)).await;
    let stream = connected.map_err(|_| Error::Slow(patience))??;
    Connection::dial(stream, config, expected, opening).await
}

/// Shakes hands on an accepted socket. Run it in the connection's own task: a peer may take the whole deadline.
pub async fn accept(stream: TcpStream, config: Arc<Config>, opening: Opening) -> Result<Connection, Error> {
    let link = Link::listen(config, opening, now());
    Connection::shake_hands(Socket::new(stream, link)?).await
}

impl Connection {
    /// As the dialling side of a socket that the caller has set up, with buffer sizes of its own for instance.
    pub async fn dial(stream: TcpStream, config: Arc<Config>, expected: Name, opening: Opening) -> Result<Self, Error> {
        let link = Link::dial(config, expected, opening, now())?;
        Self::shake_hands(Socket::new(stream, link)?).await
    }

    /// Who is at the other end.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// What goes over this link; it goes on counting while [`Self::run`] runs.
    pub fn counters(&self) -> Arc<Counters> {
        self.socket.counters.clone()
    }

    /// Up means that our last word is written too.
    async fn shake_hands(mut socket: Socket) -> Result<Self, Error> {
        let mut up = None;
        loop {
            socket.gather_link();
            if let Some(peer) = up.take_if(|_| socket.batch.is_empty()) {
                return Ok(Self { socket, peer });
            }
            if let Err(error) = socket.turn().await {
                socket.finish().await;
                return Err(error);
            }
            // What follows is for the endpoint.
            if up.is_none()
                && let Some(Event::Up(peer)) = socket.link.poll_event()
            {
                up = Some(peer);
            }
        }
    }
}
