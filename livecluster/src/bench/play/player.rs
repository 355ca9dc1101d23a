//! The socket of one viewer: reads, and tells the audience what came.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use super::audience::Audience;
use crate::bench::clock::Clock;
use crate::bench::connection::{Connection, Lost};
use crate::bench::lock;
use crate::bench::target::Target;

/// A player that has not connected yet.
#[derive(Debug)]
pub struct Player {
    /// Which viewer of the audience it is.
    pub index: usize,
    /// The number of its stream.
    pub stream: u32,
    /// Where the stream is.
    pub target: Arc<Target>,
    /// The address of that.
    pub address: SocketAddr,
    /// Tells when frames arrive.
    pub clock: Clock,
    /// Where it tells what came.
    pub audience: Arc<Mutex<Audience>>,
}

impl Player {
    /// Watches until the server ends the connection.
    pub async fn run(self) {
        let Err(lost) = self.watch().await;
        let now = self.clock.now();
        lock(&self.audience).lose(self.index, &lost, now);
    }

    /// Watches until the connection is lost.
    pub async fn watch(&self) -> Result<Infallible, Lost> {
        lock(&self.audience).connect(self.index, self.clock.now());
        let mut connection = Connection::open(self.address, &self.target).await?;
        let stream_id = connection.create_stream().await?;
        let name = self.target.stream(self.stream);
        lock(&self.audience).ask(self.index, self.clock.now());
        connection.client.call(stream_id, "play", [name.as_str().into()]);
        loop {
            connection.flush().await?;
            let bytes = connection.read().await?;
            self.tell(&mut connection, bytes)?;
        }
    }

    fn tell(&self, connection: &mut Connection, bytes: usize) -> Result<(), Lost> {
        let now = self.clock.now();
        let mut audience = lock(&self.audience);
        audience.read(bytes);
        while let Some(event) = connection.client.poll_event() {
            audience.handle(self.index, event, now)?;
        }
        Ok(())
    }
}
