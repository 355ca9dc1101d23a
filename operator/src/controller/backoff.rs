//! When a cluster whose reconciliation has failed is looked at again.

use std::time::Duration;

/// After so many failures in a row. `chance` is 0 to 1: clusters that failed together don't come back together.
pub fn delay(failures: u32, chance: f64) -> Duration {
    let doubled = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16));
    doubled.min(LAST).mul_f64(0.8 + 0.2 * chance.clamp(0.0, 1.0))
}

const FIRST: Duration = Duration::from_secs(1);
const LAST: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delay_doubles_from_a_second_to_five_minutes() {
        let seconds = [1, 2, 3, 4, 8, 9, 10, 100].map(|failures| delay(failures, 1.0).as_secs());

        assert_eq!(seconds, [1, 2, 4, 8, 128, 256, 300, 300]);
    }

    #[test]
    fn chance_takes_a_fifth_off_at_most() {
        assert_eq!(delay(100, 0.0), Duration::from_secs(240));
        assert_eq!(delay(1, 0.5), Duration::from_millis(900));
    }
}
