//! The pauses between the frames that a viewer gets: those that are usual, and the longest since a fault.

use std::time::Duration;

/// The pauses of one viewer. All times are since the Unix epoch.
#[derive(Debug, Default)]
pub struct Rhythm {
    /// When the last frame came.
    last: Option<Duration>,
    /// The last pauses; a ring once it is full.
    recent: Vec<Duration>,
    oldest: usize,
    fault: Option<Fault>,
}

/// What has been seen since a fault.
#[derive(Debug, Clone, Copy)]
struct Fault {
    usual: Duration,
    longest: Duration,
}

impl Rhythm {
    /// A frame comes.
    pub fn hear(&mut self, now: Duration) {
        let Some(last) = self.last.replace(now) else {
            return;
        };
        let pause = now.saturating_sub(last);
        match &mut self.fault {
            Some(fault) => fault.longest = fault.longest.max(pause),
            None => self.remember(pause),
        }
    }

    /// Nothing comes any more, and nothing need come.
    pub fn rest(&mut self) {
        *self = Self::default();
    }

    /// Whether enough is known of what is usual.
    pub fn is_known(&self) -> bool {
        self.recent.len() >= ENOUGH
    }

    /// A fault begins: what comes now is not usual.
    pub fn begin(&mut self) {
        self.fault = Some(Fault { usual: self.usual(), longest: Duration::ZERO });
    }

    /// The fault is over: by how much its longest pause exceeds what was usual before, the one that still goes on
    /// included. `None` if no fault had begun, or the viewer got nothing before it.
    pub fn end(&mut self, now: Duration) -> Option<Duration> {
        let fault = self.fault.take()?;
        let goes_on = now.saturating_sub(self.last?);
        Some(fault.longest.max(goes_on).saturating_sub(fault.usual))
    }

    /// 99 of 100 pauses are at most this.
    fn usual(&self) -> Duration {
        let mut pauses = self.recent.clone();
        let index = (pauses.len() * 99 / 100).min(pauses.len().saturating_sub(1));
        match pauses.is_empty() {
            true => Duration::ZERO,
            false => *pauses.select_nth_unstable(index).1,
        }
    }

    fn remember(&mut self, pause: Duration) {
        if self.recent.len() < KEPT {
            self.recent.push(pause);
        } else if let Some(place) = self.recent.get_mut(self.oldest) {
            *place = pause;
            self.oldest = (self.oldest + 1) % KEPT;
        }
    }
}

/// About 15 seconds of video and audio.
const KEPT: usize = 1024;

/// About 3 seconds of video and audio.
const ENOUGH: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// A frame every 40 ms up to `until`.
    fn steady(rhythm: &mut Rhythm, from: u64, until: u64) {
        (from..=until).step_by(40).for_each(|time| rhythm.hear(at(time)));
    }

    #[test]
    fn gap_is_what_exceeds_the_usual_pause() {
        let mut rhythm = Rhythm::default();
        steady(&mut rhythm, 0, 20_000);
        assert!(rhythm.is_known());

        rhythm.begin();
        steady(&mut rhythm, 20_300, 21_020);

        assert_eq!(rhythm.end(at(21_020)), Some(at(260)));
        assert_eq!(rhythm.end(at(21_020)), None);
    }

    #[test]
    fn pause_that_goes_on_counts() {
        let mut rhythm = Rhythm::default();
        steady(&mut rhythm, 0, 20_000);

        rhythm.begin();

        assert_eq!(rhythm.end(at(25_000)), Some(at(4960)));
    }

    #[test]
    fn pauses_of_a_fault_are_not_usual() {
        let mut rhythm = Rhythm::default();
        steady(&mut rhythm, 0, 8000);
        for _ in 0..10 {
            rhythm.begin();
            let last = rhythm.last.expect("a frame");
            rhythm.hear(last + at(540));
            assert_eq!(rhythm.end(last + at(540)), Some(at(500)));
        }
    }

    #[test]
    fn viewer_without_a_frame_has_no_gap() {
        let mut rhythm = Rhythm::default();
        rhythm.begin();

        assert_eq!(rhythm.end(at(100)), None);
    }
}
