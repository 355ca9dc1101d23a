//! A position in a log.

use std::sync::Arc;

use super::{Broadcast, Entry};

/// A reader's position: the number it needs next, and at which start point it begins unless it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    next: u64,
    /// All headers below this number are known to the reader.
    has: u64,
    begins: Option<Begin>,
}

/// Where a reader begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begin {
    /// At the latest start point.
    Latest,
    /// At the first start point that it has not passed.
    First,
}

/// What a reader does next.
#[derive(Debug)]
pub enum Step {
    /// It starts, or goes on after a hole: these headers first, then from the cursor's place on. `skipped` messages
    /// were lost to it.
    Jump {
        /// Headers in force that the reader lacks.
        headers: Vec<Arc<Entry>>,
        /// Messages between its old place and the new one; 0 at the start.
        skipped: u64,
    },
    /// Messages from [`Cursor::next`] on are there.
    Read,
    /// Nothing is there yet.
    Wait,
    /// It has read all, and the publication has ended.
    End,
}

impl Cursor {
    /// A reader that knows nothing: it starts at the latest start point.
    pub fn new() -> Self {
        Self { next: 0, has: 0, begins: Some(Begin::Latest) }
    }

    /// A reader that comes from the publication before: it misses nothing of this one.
    pub fn following() -> Self {
        Self { begins: Some(Begin::First), ..Self::new() }
    }

    /// A reader that has everything below `next`.
    pub fn at(next: u64) -> Self {
        Self { next, has: next, begins: None }
    }

    /// The number that it needs next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// It has read everything below this number.
    pub fn advance_to(&mut self, next: u64) {
        self.next = next;
        self.has = self.has.max(next);
    }

    /// It reads nothing until the next start point after what is in the log now.
    pub fn wait_for_start_point(&mut self, log: &Broadcast) {
        self.next = log.next();
        self.begins = Some(Begin::First);
    }

    /// Looks where the reader stands. The one lag rule: who fell off the tail goes on at the latest start point.
    pub fn step(&mut self, log: &Broadcast) -> Step {
        let start = match self.begins {
            None if self.next >= log.oldest() => return self.follow(log),
            None | Some(Begin::Latest) => log.latest_start_point(),
            Some(Begin::First) => log.start_point_from(self.next),
        };
        match start {
            Some(start) => self.jump(log, start),
            None if log.end().is_some() => Step::End,
            None => Step::Wait,
        }
    }

    fn follow(&self, log: &Broadcast) -> Step {
        if self.next < log.last_in_log() {
            Step::Read
        } else if log.end().is_some() {
            Step::End
        } else {
            Step::Wait
        }
    }

    fn jump(&mut self, log: &Broadcast, start: u64) -> Step {
        let skipped = match self.begins {
            None => start.saturating_sub(self.next),
            Some(_) => 0,
        };
        let headers = log.headers(self.has, start);
        *self = Self::at(start);
        Step::Jump { headers, skipped }
    }
}

impl Default for Cursor {
    fn default() -> Self {
        Self::new()
    }
}
