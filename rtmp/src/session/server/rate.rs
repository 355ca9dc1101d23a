//! How many commands a client sends.

use std::time::{Duration, Instant};

use crate::session::Error;

/// The commands of the current second.
#[derive(Debug)]
pub(super) struct Rate {
    since: Instant,
    count: u32,
}

impl Rate {
    pub fn new(now: Instant) -> Self {
        Self {
            since: now,
            count: 0,
        }
    }

    /// Counts one; an error if it is one too many.
    pub fn count(&mut self, limit: u32, now: Instant) -> Result<(), Error> {
        if now.saturating_duration_since(self.since) >= Duration::from_secs(1) {
            *self = Self::new(now);
        }
        self.count = self.count.saturating_add(1);
        if self.count > limit {
            return Err(Error::TooManyCommands(limit));
        }
        Ok(())
    }
}
