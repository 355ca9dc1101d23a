//! How much a client sends in a second.

use std::time::{Duration, Instant};

/// What was counted in the current second.
#[derive(Debug)]
pub(super) struct Rate {
    since: Instant,
    count: usize,
    /// What may come on top, because it had to wait.
    credit: u64,
}

impl Rate {
    pub fn new(now: Instant) -> Self {
        Self { since: now, count: 0, credit: 0 }
    }

    /// Counts so many more. False: that is more than the limit.
    pub fn allows(&mut self, more: usize, limit: u32, now: Instant) -> bool {
        if now.saturating_duration_since(self.since) >= Duration::from_secs(1) {
            (self.since, self.count) = (now, 0);
        }
        self.count = self.count.saturating_add(more);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let above = self.count.saturating_sub(limit);
        self.count -= above;
        let above = u64::try_from(above).unwrap_or(u64::MAX);
        let is_covered = above <= self.credit;
        self.credit = self.credit.saturating_sub(above);
        is_covered
    }

    /// Nothing was read for so long: what comes now may be all that had to wait.
    pub fn credit(&mut self, unread: Duration, limit: u32) {
        let seconds = unread.as_secs().saturating_add(1);
        self.credit = self.credit.saturating_add(seconds.saturating_mul(limit.into()));
    }
}
