//! The deadlines of a state machine: set any number, take them in the order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// Deadlines, each with what is due then. A deadline is never withdrawn: who takes it checks that it still matters.
#[derive(Debug)]
pub struct Timers<T> {
    heap: BinaryHeap<Reverse<(Instant, T)>>,
}

impl<T: Ord> Timers<T> {
    /// Sets a deadline.
    pub fn set(&mut self, at: Instant, what: T) {
        self.heap.push(Reverse((at, what)));
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes one that is due.
    pub fn take_due(&mut self, now: Instant) -> Option<T> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, what))| what)
    }
}

impl<T: Ord> Default for Timers<T> {
    fn default() -> Self {
        Self {
            heap: BinaryHeap::new(),
        }
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
        assert_eq!(
            timers.take_due(start + Duration::from_secs(3)),
            Some("first")
        );
        assert_eq!(
            timers.take_due(start + Duration::from_secs(3)),
            Some("second")
        );
        assert_eq!(timers.next(), None);
    }
}
