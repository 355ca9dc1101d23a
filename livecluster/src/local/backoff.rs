//! How soon a child that died is started again.

use std::time::Duration;

/// Doubles from [`FIRST`] to [`LAST`], and starts anew after a child that ran for [`STEADY`].
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Backoff {
    /// How long to wait after a child that ran for so long.
    pub fn after(&mut self, ran: Duration) -> Duration {
        if ran >= STEADY {
            self.next = FIRST;
        }
        let delay = self.next;
        self.next = LAST.min(delay * 2);
        delay
    }
}

const FIRST: Duration = Duration::from_millis(50);

const LAST: Duration = Duration::from_secs(5);

const STEADY: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delay_doubles_up_to_its_limit() {
        let mut backoff = Backoff::default();

        let delays: Vec<_> = (0..9).map(|_| backoff.after(Duration::ZERO).as_millis()).collect();

        assert_eq!(delays, [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    }

    #[test]
    fn child_that_ran_for_a_while_is_started_at_once_again() {
        let mut backoff = Backoff::default();
        backoff.after(Duration::ZERO);
        backoff.after(Duration::ZERO);

        assert_eq!(backoff.after(STEADY), FIRST);
    }
}
