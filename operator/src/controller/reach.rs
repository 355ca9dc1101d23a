//! Whether this process reaches what it leads: one whose machine is cut off from pods, but not from the API, must not go
//! on deciding, for it can remove nothing that is lost, and would see nothing come back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time;

use super::clusters::Clusters;
use super::metrics::Counts;
use crate::lease::Leadership;
use crate::routing::Reach;

/// Waits until this process leads, has reached fewer than half of the parts of all clusters for [`PATIENCE`], and may give
/// the lead up. What is reached is shown meanwhile, whether this process leads or not.
pub async fn fell_short(served: &[Arc<Clusters>], leadership: &Leadership, counts: &Counts) {
    let mut ticks = time::interval(EVERY);
    let mut shortfall = Shortfall::default();
    loop {
        let now = ticks.tick().await.into_std();
        let reach: Reach = served.iter().map(|clusters| clusters.reach()).sum();
        counts.reach(reach);
        if shortfall.is_long(reach, now) && leadership.may_give_up(now) {
            let Reach { parts, linked } = reach;
            tracing::warn!(parts, linked, "fewer than half of the parts are reached: another operator shall lead");
            return;
        }
    }
}

/// Since when too little is reached.
#[derive(Debug, Default)]
struct Shortfall {
    since: Option<Instant>,
}

impl Shortfall {
    fn is_long(&mut self, reach: Reach, now: Instant) -> bool {
        if !reach.is_short() {
            self.since = None;
            return false;
        }
        now.saturating_duration_since(*self.since.get_or_insert(now)) >= PATIENCE
    }
}

/// How long fewer than half of the parts are missed before the lead is given up: links come back within a second.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often that is looked at.
const EVERY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lasting_shortfall_counts() {
        let begin = Instant::now();
        let after = |seconds| begin + Duration::from_secs(seconds);
        let (few, half) = (Reach { parts: 5, linked: 2 }, Reach { parts: 4, linked: 2 });
        let mut shortfall = Shortfall::default();

        let seen = [(few, 0), (few, 4), (half, 5), (few, 6), (few, 10), (few, 11)];

        let long = seen.map(|(reach, second)| shortfall.is_long(reach, after(second)));
        assert_eq!(long, [false, false, false, false, false, true]);
    }

    #[test]
    fn who_has_no_parts_misses_none() {
        assert!(!Reach::default().is_short());
    }
}
