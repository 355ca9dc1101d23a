//! The one who decides.

use std::time::Instant;

use livecluster_mrtmp::route::Document;

use super::cut::Cut;
use super::drain::Drain;
use super::pace::Pace;
use super::plan::{Plan, Wait};
use super::recent::Recent;
use super::view::View;
use super::{Desired, Observed};

/// Decides on the next document. What it remembers can be lost: a new leader starts with nothing, and writes the same
/// documents, perhaps a little earlier or later.
#[derive(Debug, Default)]
pub struct Leader {
    pace: Pace,
    memory: Memory,
}

/// What a leader remembers of streams.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub recent: Recent,
    pub drain: Drain,
    pub cut: Cut,
}

impl Leader {
    /// Compares what is wanted and seen with `current`, the document as it was last read; none: there is none. To be
    /// asked after each observation and after each write, and at the latest at the decision's deadline.
    pub fn decide(
        &mut self,
        current: Option<&Document>,
        desired: &Desired,
        observed: &Observed,
        time: Time,
    ) -> Decision {
        let view = View::new(current, desired, observed);
        let is_clearing = self.pace.listing_due().is_none_or(|due| due <= time.now);
        self.memory.see(&view, is_clearing, time.now);
        match Plan::of(&view, &self.memory, time) {
            Some(plan) => self.paced(plan, time.now),
            None => Decision::default(),
        }
    }

    fn paced(&mut self, plan: Plan, now: Instant) -> Decision {
        let Plan { document, need, wait } = plan;
        let due = self.pace.due(need, now);
        let write = due.is_some_and(|due| due <= now);
        if write {
            self.pace.write(now);
            self.memory.cut.write(&document, now);
        }
        let due = due.filter(|_| !write);
        let later = [self.expiry(&document, now), self.memory.drain.deadline(now), self.memory.cut.deadline(now)];
        let deadline = due.into_iter().chain(later.into_iter().flatten()).min();
        Decision { write: write.then_some(document), deadline, wait }
    }

    /// When there will be something to clear away. What has expired already waits for lists.
    fn expiry(&self, document: &Document, now: Instant) -> Option<Instant> {
        let expiry = self.memory.recent.expiry(document)?;
        let due = self.pace.listing_due().map_or(expiry, |due| due.max(expiry));
        (due > now).then_some(due)
    }
}

impl Memory {
    /// Takes in what is seen now. Whoever is clearing forgets what has not been live for a while.
    fn see(&mut self, view: &View<'_>, is_clearing: bool, now: Instant) {
        self.cut.see(view, now);
        self.recent.see(view, self.cut.stranded(), now);
        self.recent.clear(is_clearing, now);
        self.drain.see(view, now);
    }
}

/// What a leader wants done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    /// To be written in place of the document that was read.
    pub write: Option<Document>,
    /// When to ask again if nothing happens until then.
    pub deadline: Option<Instant>,
    /// Why no origin can join or drain now, whether one shall or not.
    pub wait: Option<Wait>,
}

/// The time of a decision, by the two clocks that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// For intervals.
    pub now: Instant,
    /// Milliseconds since 1970, for generations; it may step.
    pub unix_ms: u64,
}
