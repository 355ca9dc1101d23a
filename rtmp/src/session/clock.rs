//! The deadlines of a server session.

use std::time::{Duration, Instant};

use super::{Config, Error, Phase};

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    /// For a step of the client.
    For(Phase),
    /// For our own side: the client has no deadline.
    Us,
    /// For nothing: the client is busy, as long as it is there.
    Alive,
}

/// When the client has to have done what.
#[derive(Debug)]
pub(super) struct Clock {
    /// The time of the last call that told it.
    now: Instant,
    started: Instant,
    waiting: Waiting,
    since: Instant,
    heard: Instant,
    pinged: Option<Instant>,
}

/// What is to be done at a deadline.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing, it is too early.
    Nothing,
    /// Send a ping: milliseconds since the start.
    Ping(u32),
}

impl Clock {
    pub fn new(now: Instant) -> Self {
        let waiting = Waiting::For(Phase::Handshake);
        Self { now, started: now, waiting, since: now, heard: now, pinged: None }
    }

    /// Takes the time of a call.
    pub fn set(&mut self, now: Instant) {
        self.now = now;
    }

    /// Bytes came in.
    pub fn hear(&mut self, now: Instant) {
        self.now = now;
        self.heard = now;
        self.pinged = None;
    }

    /// Starts to wait for something, unless it is being waited for already.
    pub fn wait(&mut self, waiting: Waiting) {
        if self.waiting != waiting {
            self.waiting = waiting;
            self.since = self.now;
        }
    }

    pub fn now(&self) -> Instant {
        self.now
    }

    /// When bytes came in last.
    pub fn heard(&self) -> Instant {
        self.heard
    }

    /// The next time at which something is due.
    pub fn deadline(&self, config: &Config) -> Option<Instant> {
        let step = self.step_deadline(config);
        let ping = self.is_connected().then(|| self.ping_deadline(config));
        [step, ping].into_iter().flatten().min()
    }

    pub fn handle_timeout(&mut self, config: &Config, now: Instant) -> Result<Due, Error> {
        self.now = now;
        if let Waiting::For(phase) = self.waiting
            && self.step_deadline(config).is_some_and(|deadline| now >= deadline)
        {
            return Err(Error::Timeout(phase));
        }
        if !self.is_connected() || now < self.ping_deadline(config) {
            return Ok(Due::Nothing);
        }
        if self.pinged.is_some() {
            return Err(Error::Timeout(Phase::Ping));
        }
        self.pinged = Some(now);
        Ok(Due::Ping(milliseconds(now.saturating_duration_since(self.started))))
    }

    fn step_deadline(&self, config: &Config) -> Option<Instant> {
        let timeout = match self.waiting {
            Waiting::For(Phase::Handshake) => config.handshake_timeout,
            Waiting::For(Phase::Connect) => config.connect_timeout,
            Waiting::For(Phase::Idle) => config.idle_timeout,
            _ => return None,
        };
        Some(self.since + timeout)
    }

    fn ping_deadline(&self, config: &Config) -> Instant {
        match self.pinged {
            Some(pinged) => pinged + config.ping_timeout,
            None => self.heard + config.ping_interval,
        }
    }

    fn is_connected(&self) -> bool {
        matches!(self.waiting, Waiting::Alive | Waiting::For(Phase::Idle))
    }
}

/// Modulo 2^32, as RTMP counts.
fn milliseconds(duration: Duration) -> u32 {
    let [.., a, b, c, d] = duration.as_millis().to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}
