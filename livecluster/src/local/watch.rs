//! The watch links of a local cluster's parent: one to each part, on which parts report and nobody orders.

use std::fs;
use std::future::pending;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use livecluster_mrtmp::Frame;
use livecluster_mrtmp::id::{BootId, Name};
use livecluster_mrtmp::io::{self, Connection, Endpoint};
use livecluster_mrtmp::link::{Config, Opening, Role, Secrets};
use livecluster_operator::routing::{Event, Observation, Part};
use tokio::sync::{Notify, mpsc};
use tokio::time::sleep;

use super::random;

/// What all watch links have in common.
#[derive(Clone)]
pub struct Watch {
    config: Arc<Config>,
    /// The generation of the document that this process wrote last.
    generation: Arc<AtomicU64>,
    observations: mpsc::Sender<Observation>,
}

impl Watch {
    /// For the cluster with this uid and the secrets of this file, one a line.
    pub fn new(
        cluster: String,
        secrets: &Path,
        generation: Arc<AtomicU64>,
        observations: mpsc::Sender<Observation>,
    ) -> anyhow::Result<Self> {
        let boot = BootId(u64::from_le_bytes(random::bytes()?));
        let secrets =
            read(secrets).with_context(|| format!("secret file {}", secrets.display()))?;
        let config = Config::new(cluster, NAME.into(), Role::Operator, boot, secrets);
        Ok(Self {
            config: Arc::new(config),
            generation,
            observations,
        })
    }

    /// Keeps a link to the part at this address, until it is dropped.
    pub async fn run(self, part: Part, name: Name, address: SocketAddr) {
        for number in 1.. {
            match self.dial(&name, address, number).await {
                Ok(connection) => self.follow(&part, connection).await,
                Err(error) => tracing::debug!(part = %name, "no watch link: {error:#}"),
            }
            sleep(RETRY).await;
        }
    }

    async fn dial(
        &self,
        name: &Name,
        address: SocketAddr,
        number: u64,
    ) -> anyhow::Result<Connection> {
        let generation = self.generation.load(Ordering::Relaxed);
        let opening = Opening {
            nonce: random::bytes()?,
            number,
            generation,
        };
        Ok(io::dial(
            address,
            PATIENCE,
            Arc::clone(&self.config),
            name.clone(),
            opening,
        )
        .await?)
    }

    async fn follow(&self, part: &Part, connection: Connection) {
        self.tell(part, Event::LinkUp(connection.peer().boot)).await;
        let mut reports = Reports {
            watch: self,
            part,
            generation: 0,
        };
        let reason = connection
            .run(&mut reports, &Notify::new(), pending())
            .await;
        tracing::debug!(?part, "watch link lost: {reason}");
        self.tell(part, Event::LinkDown).await;
    }

    async fn tell(&self, part: &Part, event: Event) {
        // Nobody listens once the cluster ends.
        let _ = self
            .observations
            .send(Observation {
                part: part.clone(),
                event,
            })
            .await;
    }
}

/// The reports of one link.
struct Reports<'a> {
    watch: &'a Watch,
    part: &'a Part,
    generation: u64,
}

impl Reports<'_> {
    /// What of a frame is news.
    fn event(&mut self, frame: Frame) -> Option<Event> {
        match frame {
            Frame::Streams(streams) => Some(Event::Streams(streams)),
            Frame::Links(links) => Some(Event::Links(links)),
            Frame::Heartbeat(heartbeat) if heartbeat.generation > self.generation => {
                self.generation = heartbeat.generation;
                Some(Event::Generation(heartbeat.generation))
            }
            _ => None,
        }
    }
}

impl Endpoint for Reports<'_> {
    type Error = Overrun;

    fn handle_frame(&mut self, frame: Frame, _now: Instant) -> Result<(), Overrun> {
        let Some(event) = self.event(frame) else {
            return Ok(());
        };
        let observation = Observation {
            part: self.part.clone(),
            event,
        };
        self.watch
            .observations
            .try_send(observation)
            .map_err(|_| Overrun)
    }

    fn poll_frame(&mut self, _now: Instant) -> Option<Frame> {
        None
    }

    fn generation(&self) -> u64 {
        self.watch.generation.load(Ordering::Relaxed)
    }
}

/// Reports came faster than they were looked at. The next link begins with all of them.
#[derive(Debug)]
struct Overrun;

impl std::fmt::Display for Overrun {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("reports came faster than they were looked at")
    }
}

fn read(path: &Path) -> anyhow::Result<Secrets> {
    let text = fs::read_to_string(path)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(Secrets::new(
        lines.map(|line| line.as_bytes().to_vec()).collect(),
    )?)
}

/// How the parts of the cluster know this process.
const NAME: &str = "operator";

/// How long a part's machine may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between two tries.
const RETRY: Duration = Duration::from_millis(100);

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
