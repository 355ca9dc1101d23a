//! Times of many, told in four numbers.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::units::milliseconds;

/// Counts times of 1 µs to 1 h; those beyond count as the bound. Exact to three digits.
#[derive(Debug, Clone)]
pub struct Times(Histogram<u64>);

impl Times {
    /// Without any.
    pub fn new() -> Self {
        Self(Histogram::new_with_bounds(1, MAX_MICROSECONDS, 3).expect("bounds are constant"))
    }

    /// Counts one.
    pub fn record(&mut self, time: Duration) {
        let microseconds = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.0.saturating_record(microseconds);
    }

    /// What they are like; `None` without any.
    pub fn percentiles(&self) -> Option<Percentiles> {
        let at = |quantile| milliseconds(Duration::from_micros(self.0.value_at_quantile(quantile)));
        (!self.0.is_empty()).then(|| Percentiles { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1.0) })
    }
}

/// Percentiles of times, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Percentiles {
    /// Half of them are at most this.
    pub p50: f64,
    /// Nine of ten are at most this.
    pub p90: f64,
    /// 99 of 100 are at most this.
    pub p99: f64,
    /// All are at most this.
    pub max: f64,
}

const MAX_MICROSECONDS: u64 = 3_600_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_exact_to_three_digits() {
        let mut times = Times::new();

        (1..=1000).for_each(|number| times.record(Duration::from_millis(number)));

        let Percentiles { p50, p90, p99, max } = times.percentiles().unwrap();
        for (found, exact) in [(p50, 500.0), (p90, 900.0), (p99, 990.0), (max, 1000.0)] {
            assert!((found - exact).abs() <= exact / 1000.0, "{found} for {exact}");
        }
    }

    #[test]
    fn times_beyond_the_bounds_count() {
        let mut times = Times::new();
        assert_eq!(times.percentiles(), None);

        times.record(Duration::ZERO);
        times.record(Duration::from_secs(100_000));

        assert!(times.percentiles().unwrap().p50 <= 0.001);
        assert!(times.percentiles().unwrap().max >= 3_600_000.0);
    }
}
