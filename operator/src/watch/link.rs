//! The task of one watch link: it dials its part again and again, and passes on what that reports.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::io::{self, Connection, Endpoint, Reason};
use livecluster_mrtmp::link::Opening;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::{Common, random};
use crate::routing::{Event, Observation, Part};

/// The link to one part.
pub(super) struct Link {
    pub common: Common,
    pub part: Part,
    pub addresses: watch::Receiver<SocketAddr>,
}

impl Link {
    /// Until nobody keeps it.
    pub async fn run(mut self) {
        loop {
            let address = *self.addresses.borrow_and_update();
            match self.dial(address).await {
                Ok(connection) => self.follow(connection).await,
                Err(error) => tracing::debug!(part = %self.part.name(), %error, "no watch link"),
            }
            // A new address is a reason to hurry.
            if let Ok(Err(_)) = timeout(RETRY, self.addresses.changed()).await {
                return;
            }
        }
    }

    async fn dial(&self, address: SocketAddr) -> Result<Connection, io::Error> {
        let number = self.common.opened.fetch_add(1, Ordering::Relaxed) + 1;
        let generation = self.common.generation.load(Ordering::Relaxed);
        let nonce = random().map_err(std::io::Error::other)?;
        let opening = Opening { nonce, number, generation };
        let config = Arc::clone(&self.common.configs.borrow());
        io::dial(address, PATIENCE, config, self.part.name().clone(), opening).await
    }

    /// Until the link is lost, or the part is elsewhere.
    async fn follow(&mut self, connection: Connection) {
        self.tell(Event::LinkUp(connection.peer().boot)).await;
        let mut reports = Reports { common: &self.common, part: &self.part, generation: 0 };
        let mut addresses = self.addresses.clone();
        let moved = async move { drop(addresses.changed().await) };
        match connection.run(&mut reports, &Notify::new(), moved).await {
            Reason::Shutdown => tracing::debug!(part = %self.part.name(), "is elsewhere by now"),
            reason => tracing::debug!(part = %self.part.name(), %reason, "watch link lost"),
        }
        self.tell(Event::LinkDown).await;
    }

    async fn tell(&self, event: Event) {
        // Nobody listens once the cluster ends.
        let _ = self.common.observations.send(Observation { part: self.part.clone(), event }).await;
    }
}

/// The reports of one link.
pub(super) struct Reports<'a> {
    pub common: &'a Common,
    pub part: &'a Part,
    pub generation: u64,
}

impl Reports<'_> {
    /// What of a frame is news.
    pub fn event(&mut self, frame: Frame) -> Option<Event> {
        match frame {
            Frame::Streams(streams) => Some(Event::Streams(streams)),
            Frame::Links(links) => Some(Event::Links(links)),
            Frame::GoAway(goaway) if goaway.is_draining() => Some(Event::Leaving),
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
        let observation = Observation { part: self.part.clone(), event };
        self.common.observations.try_send(observation).map_err(|_| Overrun)
    }

    fn poll_frame(&mut self, _now: Instant) -> Option<Frame> {
        None
    }

    fn generation(&self) -> u64 {
        self.common.generation.load(Ordering::Relaxed)
    }
}

/// Reports came faster than they were looked at. The next link begins with all of them.
#[derive(Debug, thiserror::Error)]
#[error("reports came faster than they were looked at")]
pub(super) struct Overrun;

/// How long a part's machine may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between two tries.
const RETRY: Duration = Duration::from_millis(100);
