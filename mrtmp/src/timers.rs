//! The deadlines of a state machine: set any number, take them in the order of time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// Deadlines, each with what is due then. Who takes one checks that it still matters; those of something that is gone are
/// forgotten, so that what comes and goes leaves nothing.
#[derive(Debug)]
pub struct Timers<T> {
    queue: BTreeSet<(Instant, T)>,
    of: BTreeMap<T, BTreeSet<Instant>>,
}

impl<T: Ord + Clone> Timers<T> {
    /// Sets a deadline.
    pub fn set(&mut self, at: Instant, what: T) {
        self.of.entry(what.clone()).or_default().insert(at);
        self.queue.insert((at, what));
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Instant> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Takes one that is due.
    pub fn take_due(&mut self, now: Instant) -> Option<T> {
        if self.next()? > now {
            return None;
        }
        let (at, what) = self.queue.pop_first()?;
        if let Some(deadlines) = self.of.get_mut(&what) {
            deadlines.remove(&at);
            if deadlines.is_empty() {
                self.of.remove(&what);
            }
        }
        Some(what)
    }

    /// No deadline of this is left.
    pub fn forget(&mut self, what: &T) {
        for at in self.of.remove(what).into_iter().flatten() {
            self.queue.remove(&(at, what.clone()));
        }
    }

    /// How many are set.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self { queue: BTreeSet::new(), of: BTreeMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn deadlines_come_in_the_order_of_time_and_not_before() {
        let start = Instant::now();
        let mut timers = Timers::default();
        timers.set(start + Duration::from_secs(2), "second");
        timers.set(start + Duration::from_secs(1), "first");

        assert_eq!(timers.take_due(start), None);
        assert_eq!(timers.take_due(start + Duration::from_secs(3)), Some("first"));
        assert_eq!(timers.take_due(start + Duration::from_secs(3)), Some("second"));
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn nothing_is_left_of_what_is_forgotten() {
        let start = Instant::now();
        let mut timers = Timers::default();
        for seconds in [3, 1, 2] {
            timers.set(start + Duration::from_secs(seconds), "gone");
        }
        timers.set(start + Duration::from_secs(4), "here");

        timers.forget(&"gone");

        assert_eq!((timers.len(), timers.next()), (1, Some(start + Duration::from_secs(4))));
    }
}
