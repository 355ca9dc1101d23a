//! A link's sense of time: when to send a heartbeat, whether the peer lives, whether this process was asleep.

use std::time::{Duration, Instant};

use super::Error;
use crate::frame::Heartbeat;

/// The clock of a link that is up.
#[derive(Debug)]
pub(super) struct Clock {
    started: Instant,
    /// When the peer was last heard, put off by what our own timer was late.
    heard: Instant,
    beat_at: Instant,
    /// A heartbeat is to be sent.
    due: bool,
    /// The peer's clock in its last heartbeat, and when that came.
    beat: Option<(u64, Instant)>,
    round_trip: Option<Duration>,
}

impl Clock {
    /// Begins with a heartbeat.
    pub(super) fn new(now: Instant) -> Self {
        Self { started: now, heard: now, beat_at: now + HEARTBEAT_INTERVAL, due: true, beat: None, round_trip: None }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.beat_at.min(self.heard + SILENCE_LIMIT)
    }

    pub(super) fn hear(&mut self, now: Instant) {
        self.heard = self.heard.max(now);
    }

    /// The deadline has come. Time in which we did not run does not count against the peer: what it sent then may
    /// still wait in the socket.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        let late = now.saturating_duration_since(self.deadline());
        self.heard = (self.heard + late).min(now);
        let silence = now.saturating_duration_since(self.heard);
        if silence >= SILENCE_LIMIT {
            return Err(Error::Silent(silence));
        }
        if now >= self.beat_at {
            self.due = true;
            self.beat_at = now + HEARTBEAT_INTERVAL;
        }
        Ok(())
    }

    /// The heartbeat to send now, if one is due.
    pub(super) fn poll_heartbeat(&mut self, generation: u64, now: Instant) -> Option<Heartbeat> {
        let due = std::mem::take(&mut self.due);
        let waited = |(sent, came): (u64, Instant)| sent.saturating_add(micros(now.saturating_duration_since(came)));
        due.then(|| Heartbeat { sent: self.ticks(now), echo: self.beat.map_or(0, waited), generation })
    }

    pub(super) fn handle_heartbeat(&mut self, heartbeat: Heartbeat, now: Instant) {
        self.beat = Some((heartbeat.sent, now));
        if heartbeat.echo == 0 {
            return;
        }
        // An echo from the future is a mistake: it says nothing.
        let Some(micros) = self.ticks(now).checked_sub(heartbeat.echo) else {
            return;
        };
        let sample = Duration::from_micros(micros).min(LONGEST_ROUND_TRIP);
        self.round_trip = Some(self.round_trip.map_or(sample, |old| old * 7 / 8 + sample / 8));
    }

    pub(super) fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Microseconds of this link; never 0, which says "none".
    fn ticks(&self, now: Instant) -> u64 {
        micros(now.saturating_duration_since(self.started)).saturating_add(1)
    }
}

/// Finds that this process did not run for a while, for a timer that is not a link's: an origin checks it before it
/// reads any socket. Links have their own.
#[derive(Debug, Clone, Copy)]
pub struct Watchdog {
    due: Instant,
}

impl Watchdog {
    /// A timer that is set for `due`.
    pub fn new(due: Instant) -> Self {
        Self { due }
    }

    /// Sets the timer anew.
    pub fn set(&mut self, due: Instant) {
        self.due = due;
    }

    /// [`Error::Frozen`] if the timer is late by more than [`SILENCE_LIMIT`].
    pub fn check(&self, now: Instant) -> Result<(), Error> {
        let late = now.saturating_duration_since(self.due);
        if late > SILENCE_LIMIT {
            return Err(Error::Frozen(late));
        }
        Ok(())
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// How often a side says that it lives.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(300);
/// How long a side may say nothing.
pub const SILENCE_LIMIT: Duration = Duration::from_millis(1200);
/// What is longer is a mistake, not a sample.
const LONGEST_ROUND_TRIP: Duration = Duration::from_secs(60);
