//! When a document may be written.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::plan::Need;

/// The last writes, and how long one is needed already.
#[derive(Debug, Default)]
pub(super) struct Pace {
    writes: VecDeque<Instant>,
    needed_since: Option<Instant>,
}

impl Pace {
    /// When a write may happen that matters so much.
    pub fn due(&mut self, need: Need, now: Instant) -> Option<Instant> {
        if need != Need::Routes {
            self.needed_since = None;
        }
        match need {
            Need::Nothing => None,
            Need::Listing => Some(self.listing_due().unwrap_or(now)),
            Need::Routes => {
                let since = *self.needed_since.get_or_insert(now);
                Some(self.limited(since + GATHER))
            }
            Need::Loss => Some(self.limited(now)),
        }
    }

    /// The caller writes now.
    pub fn write(&mut self, now: Instant) {
        self.needed_since = None;
        self.writes.push_back(now);
        if self.writes.len() > MAX_WRITES {
            self.writes.pop_front();
        }
    }

    /// Before that, nothing is written that is for people alone, and nothing is cleared away.
    pub fn listing_due(&self) -> Option<Instant> {
        self.writes.back().map(|last| *last + LISTING)
    }

    fn limited(&self, due: Instant) -> Instant {
        let full = self.writes.front().filter(|_| self.writes.len() == MAX_WRITES);
        full.map_or(due, |first| due.max(*first + SECOND))
    }
}

/// Changes that come together are written together.
const GATHER: Duration = Duration::from_millis(100);

/// Between a write and one that is for people alone, at least.
const LISTING: Duration = Duration::from_secs(5);

/// Writes in any one second, at most.
const MAX_WRITES: usize = 4;

const SECOND: Duration = Duration::from_secs(1);
