//! The end of an origin in good order: every peer is told, and it serves until its streams have left.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time;

use crate::boot::{Boot, now};

/// An origin that was asked to end. It moves nothing itself: the operator hears of it, and its document sends the streams
/// elsewhere.
#[derive(Debug)]
pub(crate) struct Drain {
    boots: watch::Receiver<Arc<Boot>>,
    /// How long the process may live after it was asked to end.
    grace: Duration,
}

impl Drain {
    /// Of the newest of `boots`.
    pub fn new(boots: watch::Receiver<Arc<Boot>>, grace: Duration) -> Self {
        Self { boots, grace }
    }

    /// Until the last stream has left, or the grace period is nearly over.
    pub async fn run(self) {
        let limit = self.grace.saturating_sub(RESERVE);
        tracing::info!(?limit, streams = self.streams(), "draining");
        match time::timeout(limit, self.all_left(now())).await {
            Ok(()) => tracing::info!("all streams have left"),
            Err(_) => tracing::warn!(streams = self.streams(), "the grace period is over: edges hold what is left"),
        }
    }

    async fn all_left(&self, since: Instant) {
        while !self.has_left(since) {
            time::sleep(TICK).await;
        }
    }

    /// Also tells a boot that began meanwhile.
    fn has_left(&self, since: Instant) -> bool {
        let boot = self.boot();
        boot.begin_drain();
        let waits = now().saturating_duration_since(since) < SETTLE;
        boot.streams() == 0 && !(waits && boot.takes_streams())
    }

    fn streams(&self) -> usize {
        self.boot().streams()
    }

    fn boot(&self) -> Arc<Boot> {
        Arc::clone(&self.boots.borrow())
    }
}

/// How much of the grace period is left for closing links.
const RESERVE: Duration = Duration::from_secs(5);

/// How often it is looked whether the last stream has left.
const TICK: Duration = Duration::from_millis(50);

/// How long an origin without a stream waits for the document that gives new ones to others.
const SETTLE: Duration = Duration::from_secs(2);
