//! Which generations other parts have, and for how long this process has lacked the newest.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time;

/// The newest generation that another part has shown, and since when this process lacks it. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Lag {
    shown: Arc<watch::Sender<Shown>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Shown {
    newest: u64,
    in_force: u64,
    since: Option<Instant>,
}

impl Lag {
    /// Another part has read this generation: it has said so in its hello or in a heartbeat.
    pub fn note(&self, generation: u64, now: Instant) {
        self.shown.send_if_modified(|shown| {
            let is_newer = generation > shown.newest;
            if is_newer {
                shown.newest = generation;
                shown.since = shown.since.or(Some(now)).filter(|_| generation > shown.in_force);
            }
            is_newer
        });
    }

    /// For how long this process has lacked what others have; zero: it lacks nothing.
    pub fn length(&self, now: Instant) -> Duration {
        self.shown.borrow().since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// A document came into force.
    pub(super) fn catch_up(&self, in_force: u64) {
        self.shown.send_modify(|shown| {
            shown.in_force = in_force;
            shown.since = shown.since.filter(|_| shown.newest > in_force);
        });
    }

    pub(super) fn patience(&self) -> Patience {
        Patience { shown: self.shown.subscribe(), newest: 0, look: None }
    }
}

/// When to look for a document that others have and that does not come.
#[derive(Debug)]
pub(super) struct Patience {
    shown: watch::Receiver<Shown>,
    /// What was lacked at the last look, or is waited for.
    newest: u64,
    /// The next look, and how long to wait before the one after it.
    look: Option<(Instant, Duration)>,
}

impl Patience {
    /// Waits until it is time to look: when something has been lacked for [`PATIENCE`], and ever more rarely if that brings
    /// nothing. Cancel-safe.
    pub async fn over(&mut self) {
        loop {
            let shown = *self.shown.borrow_and_update();
            self.plan(shown);
            let changed = self.shown.changed();
            let Some((at, pause)) = self.look else {
                // Whoever waits holds a sender, too.
                let _ = changed.await;
                continue;
            };
            if time::timeout_at(at.into(), changed).await.is_err() {
                self.look = Some((at + pause, (pause * 2).min(LONGEST_PAUSE)));
                return;
            }
        }
    }

    fn plan(&mut self, shown: Shown) {
        let Some(since) = shown.since else {
            self.look = None;
            return;
        };
        if self.look.is_none() || shown.newest > self.newest {
            let first = if self.look.is_none() { since } else { now() };
            self.look = Some((first + PATIENCE, PATIENCE));
            self.newest = shown.newest;
        }
    }
}

/// The clock of timers, as a test may have stopped it.
fn now() -> Instant {
    time::Instant::now().into_std()
}

/// How long a document that others have may take to come by itself.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// The longest pause between two looks that bring nothing.
const LONGEST_PAUSE: Duration = Duration::from_secs(32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_lasts_from_the_first_sight_of_a_newer_generation_until_it_is_in_force() {
        let start = Instant::now();
        let later = |seconds| start + Duration::from_secs(seconds);
        let lag = Lag::default();
        lag.catch_up(5);

        lag.note(5, start);
        assert_eq!(lag.length(later(1)), Duration::ZERO);

        lag.note(7, later(1));
        lag.note(6, later(2));
        lag.catch_up(6);
        assert_eq!(lag.length(later(4)), Duration::from_secs(3));

        lag.catch_up(7);
        assert_eq!(lag.length(later(4)), Duration::ZERO);
    }

    #[test]
    fn generation_that_came_before_anyone_showed_it_is_not_lacked() {
        let lag = Lag::default();
        lag.catch_up(7);

        lag.note(6, Instant::now());

        assert_eq!(lag.length(Instant::now()), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn looks_become_rarer_until_something_new_is_lacked() {
        let begin = now();
        let lag = Lag::default();
        let mut patience = lag.patience();
        lag.note(5, begin);

        for second in [1, 2, 4, 8] {
            patience.over().await;
            assert_eq!(now(), begin + Duration::from_secs(second));
        }
        lag.note(6, now());
        patience.over().await;
        assert_eq!(now(), begin + Duration::from_secs(9));

        lag.catch_up(6);
        assert!(time::timeout(Duration::from_secs(3600), patience.over()).await.is_err());
    }
}
