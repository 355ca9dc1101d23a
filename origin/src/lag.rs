//! How long other parts have been ahead of this origin's route document.

use std::time::{Duration, Instant};

/// The newest generation that a peer has shown, and since when this origin lacks it.
#[derive(Debug, Default)]
pub(crate) struct Lag {
    newest: u64,
    since: Option<Instant>,
}

impl Lag {
    /// A peer has read this generation; this origin has `in_force`.
    pub fn note(&mut self, shown: u64, in_force: u64, now: Instant) {
        self.newest = self.newest.max(shown);
        if self.newest > in_force {
            self.since.get_or_insert(now);
        }
    }

    /// A document came into force.
    pub fn catch_up(&mut self, in_force: u64) {
        if in_force >= self.newest {
            self.since = None;
        }
    }

    /// Zero: no peer has a newer document.
    pub fn length(&self, now: Instant) -> Duration {
        self.since
            .map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_lasts_from_the_first_sight_of_a_newer_generation_until_it_is_in_force() {
        let start = Instant::now();
        let later = |seconds| start + Duration::from_secs(seconds);
        let mut lag = Lag::default();

        lag.note(5, 5, start);
        assert_eq!(lag.length(later(1)), Duration::ZERO);

        lag.note(7, 5, later(1));
        lag.note(6, 5, later(2));
        lag.catch_up(6);
        assert_eq!(lag.length(later(4)), Duration::from_secs(3));

        lag.catch_up(7);
        assert_eq!(lag.length(later(4)), Duration::ZERO);
    }
}
