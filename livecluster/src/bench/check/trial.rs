//! One check: a viewer that waits, a publisher that begins, and what comes through.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::Failed;
use super::verdict::{Passed, Seen};
use crate::bench::clock::Clock;
use crate::bench::lock;
use crate::bench::place::Place;
use crate::bench::play::{Audience, Player};
use crate::bench::publish::{Plan, Publisher, Sent};
use crate::bench::target::Target;

/// A stream that nobody else has, and the two ends of it.
pub struct Trial {
    place: Place,
    clock: Clock,
    plan: Plan,
    times: Times,
    sent: Arc<Mutex<Sent>>,
    audience: Arc<Mutex<Audience>>,
}

/// How long it takes.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// For how long frames are sent.
    pub duration: Duration,
    /// For how long an answer is waited for, and for how long the rest of the frames.
    pub patience: Duration,
}

impl Trial {
    /// Finds out where clients are let in.
    pub async fn begin(target: Target, times: Times) -> Result<Self, Failed> {
        Ok(Self {
            place: Place::first(&[target], false).await?,
            clock: Clock::new(),
            plan: Plan::new(VIDEO, FPS, GOP, AUDIO)?,
            times,
            sent: Arc::new(Mutex::new(Sent::new())),
            audience: Arc::new(Mutex::new(Audience::new([PUBLISHER].into_iter()))),
        })
    }

    /// Watches and publishes.
    pub async fn run(self) -> Result<Passed, Failed> {
        let player = self.player();
        tokio::select! {
            Err(lost) = player.watch() => Err(Failed::Viewer { url: self.place.target().to_string(), lost }),
            result = self.publish() => result,
        }
    }

    /// Once the viewer waits, so that it may miss nothing.
    async fn publish(&self) -> Result<Passed, Failed> {
        let waits = self.until(|| lock(&self.audience).counts().playing > 0).await;
        waits.then_some(()).ok_or_else(|| self.late("the viewer was not answered", self.times.patience))?;
        let limit = self.times.duration + self.times.patience;
        let published = timeout(limit, self.publisher().publish()).await;
        let published = published.map_err(|_| self.late(self.is_late_to(), limit))?;
        published.map_err(|lost| Failed::Publisher { url: self.place.target().to_string(), lost })?;
        let last = self.plan.last_until(self.times.duration);
        self.until(|| lock(&self.audience).latest(0) == last).await;
        Ok(self.seen(last).verdict()?)
    }

    fn is_late_to(&self) -> &'static str {
        if lock(&self.sent).has_begun() { "the publisher could not send all" } else { "the publisher was not answered" }
    }

    fn seen(&self, last: [Option<u32>; 2]) -> Seen {
        let audience = lock(&self.audience);
        Seen {
            url: self.place.target().to_string(),
            last,
            latest: audience.latest(0),
            waited: self.times.patience,
            counts: audience.counts().clone(),
        }
    }

    /// Whether something becomes true in time.
    async fn until(&self, is_so: impl Fn() -> bool) -> bool {
        let end = Instant::now() + self.times.patience;
        while !is_so() {
            if Instant::now() >= end {
                return false;
            }
            sleep(LOOK_AGAIN).await;
        }
        true
    }

    fn late(&self, what: &'static str, limit: Duration) -> Failed {
        Failed::Late { what, url: self.place.target().to_string(), limit }
    }

    fn player(&self) -> Player<Audience> {
        Player {
            index: 0,
            stream: PUBLISHER,
            place: self.place.clone(),
            clock: self.clock,
            audience: Arc::clone(&self.audience),
        }
    }

    fn publisher(&self) -> Publisher {
        Publisher {
            number: PUBLISHER,
            place: self.place.clone(),
            clock: self.clock,
            plan: self.plan,
            duration: self.times.duration,
            sent: Arc::clone(&self.sent),
        }
    }
}

/// How often what is waited for is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The one publisher.
const PUBLISHER: u32 = 0;
/// Video, in bits a second: enough to be seen in figures, and no load.
const VIDEO: u64 = 1_000_000;
/// Pictures a second.
const FPS: u32 = 25;
/// From one keyframe to the next.
const GOP: Duration = Duration::from_secs(1);
/// Audio, in bits a second.
const AUDIO: u64 = 64_000;
