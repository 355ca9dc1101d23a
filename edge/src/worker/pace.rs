//! When a worker's turns are due.

use std::time::{Duration, Instant};

/// When a turn is due, so that the last viewer of it is served within the latency setting.
///
/// A message waits from when it came into its log until the viewer's share of a pass over all viewers is written. The
/// pass takes time: for a thousand viewers about as long as the shortest settings are. So a turn begins that much before
/// the oldest message has waited as long as it may, at `since + latency - pass`. The last viewer gets that message at
/// `since + latency`, all other viewers and all younger messages are earlier.
///
/// What a pass takes is the mean of what the last ones took. At most half of the setting is taken off for it: passes
/// that take longer would leave nothing to gather for, and turns would follow each other without a pause, each for one
/// message. So from there on the last viewers wait longer than they should, by what a pass takes beyond half of the
/// setting: there are too many of them for this worker and setting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    latency: Duration,
    pass: Duration,
}

/// The share of a pass in the mean.
const SHARE: u32 = 8;

impl Pace {
    /// For a latency setting.
    pub fn new(latency: Duration) -> Self {
        Self { latency, pass: Duration::ZERO }
    }

    /// When to begin a turn whose oldest message has waited since then.
    pub fn due(&self, since: Instant) -> Instant {
        since + self.latency - self.pass.min(self.latency / 2)
    }

    /// A turn has taken so long.
    pub fn take(&mut self, pass: Duration) {
        self.pass = self.pass - self.pass / SHARE + pass / SHARE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A pace after many passes of this length.
    fn used_to(latency: Duration, pass: Duration) -> Pace {
        let mut pace = Pace::new(latency);
        (0..200).for_each(|_| pace.take(pass));
        pace
    }

    /// When the last viewer is served of a turn whose pass takes so long, from the oldest message on.
    fn last_served(pace: &Pace, pass: Duration) -> Duration {
        let since = Instant::now();
        pace.due(since) + pass - since
    }

    #[test]
    fn first_turn_begins_when_its_oldest_message_has_waited_for_the_setting() {
        let since = Instant::now();

        assert_eq!(Pace::new(ms(40)).due(since), since + ms(40));
        assert_eq!(Pace::new(ms(0)).due(since), since);
    }

    #[test]
    fn last_viewer_of_a_turn_is_served_when_the_setting_is_over() {
        for pass in [ms(1), ms(12), ms(20)] {
            let served = last_served(&used_to(ms(40), pass), pass);

            assert!(served.abs_diff(ms(40)) < Duration::from_micros(10), "{served:?}");
        }
    }

    #[test]
    fn half_of_the_setting_is_left_to_gather_however_long_a_pass_takes() {
        assert_eq!(last_served(&used_to(ms(40), ms(55)), ms(55)), ms(75));
        assert_eq!(last_served(&used_to(ms(0), ms(5)), ms(5)), ms(5));
    }

    #[test]
    fn one_pass_that_takes_long_moves_the_next_turn_little() {
        let mut pace = used_to(ms(100), ms(8));

        pace.take(ms(48));

        let served = last_served(&pace, ms(8));
        assert!(served > ms(94) && served < ms(96), "{served:?}");
    }
}
