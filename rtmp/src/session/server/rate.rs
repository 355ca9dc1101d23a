//! How much a client sends in a second.

use std::time::{Duration, Instant};

/// What was counted in the current second.
#[derive(Debug)]
pub(super) struct Rate {
    since: Instant,
    count: usize,
}

impl Rate {
    pub fn new(now: Instant) -> Self {
        Self { since: now, count: 0 }
    }

    /// Counts so many more. False: that is more than the limit.
    pub fn allows(&mut self, more: usize, limit: u32, now: Instant) -> bool {
        if now.saturating_duration_since(self.since) >= Duration::from_secs(1) {
            *self = Self::new(now);
        }
        self.count = self.count.saturating_add(more);
        u32::try_from(self.count).is_ok_and(|count| count <= limit)
    }
}
