//! A TCP stream and the link that it carries: bytes in, bytes out, time.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncWriteExt, Interest, Ready};
use tokio::net::TcpStream;
use tokio::time;

use super::Counters;
use super::batch::Batch;
use crate::link::{self, Link};

/// Why there is no link, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody answered at the address in time.
    #[error("no connection within {0:?}")]
    Slow(Duration),
    /// The peer closed the connection.
    #[error("the peer closed the connection")]
    Closed,
    /// The connection failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The protocol was broken, the peer is silent, or this process was frozen.
    #[error(transparent)]
    Link(#[from] link::Error),
}

#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    pub(super) link: Link,
    pub(super) batch: Batch,
    pub(super) counters: Arc<Counters>,
    input: Box<[u8]>,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, link: Link) -> Result<Self, Error> {
        stream.set_nodelay(true)?;
        let input = vec![0; INPUT_LEN].into();
        Ok(Self { stream, link, batch: Batch::default(), counters: Arc::default(), input })
    }

    /// Waits until socket or clock want something, and does it. Cancel-safe: it does nothing before it has waited.
    pub(super) async fn turn(&mut self) -> Result<(), Error> {
        let deadline = self.link.deadline().unwrap_or_else(now);
        tokio::select! {
            ready = self.stream.ready(self.interest()) => self.transfer(ready?),
            () = time::sleep_until(deadline.into()) => Ok(self.link.handle_timeout(now())?),
        }
    }

    /// Writes what is left, for as long as the peer may be waiting for it, and ends our side of the connection.
    pub(super) async fn finish(mut self) {
        self.batch.append(|own| self.link.poll_output(now(), own));
        // The link is over: what can't be written now has no one to go to.
        let _ = time::timeout(LAST_WORDS, self.flush()).await;
    }

    /// Queues what the link has to say.
    pub(super) fn gather_link(&mut self) {
        self.batch.append(|own| self.link.poll_output(now(), own));
    }

    fn interest(&self) -> Interest {
        if self.batch.is_empty() { Interest::READABLE } else { Interest::READABLE | Interest::WRITABLE }
    }

    fn transfer(&mut self, ready: Ready) -> Result<(), Error> {
        if ready.is_writable() {
            self.write()?;
        }
        if ready.is_readable() || ready.is_read_closed() {
            self.read()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), Error> {
        while !self.batch.is_empty() {
            let Some(written) = unless_blocked(self.batch.write_with(|slices| self.stream.try_write_vectored(slices)))?
            else {
                return Ok(());
            };
            self.counters.count_out(written);
        }
        Ok(())
    }

    fn read(&mut self) -> Result<(), Error> {
        match unless_blocked(self.stream.try_read(&mut self.input))? {
            None => Ok(()),
            Some(0) => Err(Error::Closed),
            Some(length) => {
                self.counters.count_in(length);
                let input = self.input.get(..length).unwrap_or(&[]);
                Ok(self.link.handle_input(input, now())?)
            }
        }
    }

    async fn flush(&mut self) -> Result<(), Error> {
        while !self.batch.is_empty() {
            self.stream.writable().await?;
            self.write()?;
        }
        Ok(self.stream.shutdown().await?)
    }
}

/// The clock, as a test may have stopped it.
pub(super) fn now() -> Instant {
    time::Instant::now().into_std()
}

fn unless_blocked(result: std::io::Result<usize>) -> std::io::Result<Option<usize>> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        other => other.map(Some),
    }
}

/// How much is read at once.
const INPUT_LEN: usize = 64 * 1024;
/// How long an ended link may take to write its last words.
const LAST_WORDS: Duration = Duration::from_millis(500);
