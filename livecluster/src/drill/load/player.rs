//! The socket of one viewer: reads, tells the audience what came, and connects again when it has lost its connection.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::sleep;

use crate::bench::clock::Clock;
use crate::bench::connection::{Connection, Lost};
use crate::bench::lock;
use crate::bench::target::Target;
use crate::drill::audience::Audience;

/// A viewer that has not connected yet.
#[derive(Debug)]
pub struct Player {
    /// Which viewer of the audience it is.
    pub index: usize,
    /// The number of its stream.
    pub stream: u32,
    /// Its edge.
    pub target: Arc<Target>,
    /// The address of that.
    pub address: SocketAddr,
    /// Tells when frames arrive.
    pub clock: Clock,
    /// Where it tells what came.
    pub audience: Arc<Mutex<Audience>>,
}

impl Player {
    /// Watches for as long as the task runs.
    pub async fn run(self) {
        loop {
            if let Err(lost) = self.watch().await {
                lock(&self.audience).lose(self.index, &lost);
            }
            sleep(RETRY).await;
        }
    }

    async fn watch(&self) -> Result<(), Lost> {
        lock(&self.audience).connect(self.index, self.clock.now());
        let mut connection = Connection::open(self.address, &self.target).await?;
        let stream_id = connection.create_stream().await?;
        let name = self.target.stream(self.stream);
        lock(&self.audience).ask(self.index, self.clock.now());
        connection.client.call(stream_id, "play", [name.as_str().into()]);
        loop {
            connection.flush().await?;
            connection.read().await?;
            self.tell(&mut connection)?;
        }
    }

    fn tell(&self, connection: &mut Connection) -> Result<(), Lost> {
        let now = self.clock.now();
        let mut audience = lock(&self.audience);
        while let Some(event) = connection.client.poll_event() {
            audience.handle(self.index, event, now)?;
        }
        Ok(())
    }
}

/// Between two connections.
const RETRY: Duration = Duration::from_millis(500);
