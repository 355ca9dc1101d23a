//! Which route document every reader has to have by now.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The generations that were stored in the last [`PATIENCE`], and the one before.
#[derive(Debug, Default)]
pub(super) struct Published(VecDeque<(u64, Instant)>);

impl Published {
    /// This generation is the stored one now.
    pub fn note(&mut self, generation: u64, now: Instant) {
        if self.0.back().is_none_or(|(last, _)| *last != generation) {
            self.0.push_back((generation, now));
        }
        while self.0.get(1).is_some_and(|(_, since)| *since + PATIENCE <= now) {
            self.0.pop_front();
        }
    }

    /// The generation that was there to be read for [`PATIENCE`], if any.
    pub fn due(&self, now: Instant) -> Option<u64> {
        let due = self.0.iter().rev().find(|(_, since)| *since + PATIENCE <= now);
        due.map(|(generation, _)| *generation)
    }

    /// When another one will be.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        self.0.iter().map(|(_, since)| *since + PATIENCE).find(|due| *due > now)
    }
}

/// How long a reader may take to have what was stored.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generation_is_due_once_it_was_there_for_ten_seconds_though_others_follow() {
        let (mut published, start) = (Published::default(), Instant::now());
        let second = Duration::from_secs(1);
        for at in 0..30_u32 {
            published.note(100 + u64::from(at), start + second * at);
        }

        assert_eq!(published.due(start + second * 29), Some(119));
        assert_eq!(published.deadline(start + second * 29), Some(start + second * 30));
        assert!(published.0.len() <= 12, "{}", published.0.len());
        assert_eq!(published.due(start + second * 60), Some(129));
        assert_eq!(published.deadline(start + second * 60), None);
    }
}
