//! The two ends of a connection, sans-IO: bytes and the time go in, events and bytes come out.
//!
//! A [`Server`] is what an edge runs for each connection; a [`Client`] is what drives it, in tests and under load.

#![deny(clippy::unwrap_used, clippy::indexing_slicing)]

mod client;
mod clock;
mod config;
mod event;
mod hop;
mod server;
mod stream;

pub use client::{BadTcUrl, Client, Event as ClientEvent, Options};
pub use config::Config;
pub use event::Event;
pub use server::Server;

use crate::{chunk, command, handshake};

/// Why a connection is to be closed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The peer does not speak RTMP, or not on this port.
    #[error(transparent)]
    Handshake(#[from] handshake::Error),
    /// The peer broke the chunk protocol, or a limit of it.
    #[error(transparent)]
    Chunk(#[from] chunk::Error),
    /// The peer sent a command that can not be read.
    #[error(transparent)]
    Command(#[from] command::Error),
    /// The peer sent another command before connect.
    #[error("command before connect")]
    BeforeConnect,
    /// The peer goes on sending without waiting for the answer to connect.
    #[error("{0} messages before connect was answered")]
    TooEarly(usize),
    /// The peer sends too many commands.
    #[error("more than {0} commands a second")]
    TooManyCommands(u32),
    /// The peer sends too many messages of media; those in an aggregate count one by one.
    #[error("more than {0} media messages a second")]
    TooManyMessages(u32),
    /// The peer let a deadline pass.
    #[error("timeout: {0}")]
    Timeout(Phase),
}

/// What a peer did not do in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Finish the handshake.
    Handshake,
    /// Send connect, or answer it.
    Connect,
    /// Publish or play.
    Idle,
    /// Answer a ping.
    Ping,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Handshake => "no handshake",
            Self::Connect => "no connect",
            Self::Idle => "neither publish nor play",
            Self::Ping => "no answer to a ping",
        })
    }
}

#[cfg(test)]
mod tests;
