//! What a run must keep to, and whether it did.

use super::report::Report;
use crate::bench::units::count;

/// Bounds of a run. One that is not stated is not checked; if any is, every viewer must have got a keyframe.
#[derive(Debug, Default, Clone, clap::Args)]
pub struct Bounds {
    /// Frames that may be lost or damaged, over all viewers
    #[arg(long, value_name = "FRAMES")]
    max_lost: Option<u64>,
    /// Frames that may come twice or out of order, over all viewers
    #[arg(long, value_name = "FRAMES")]
    max_repeated: Option<u64>,
    /// The longest pause between two frames that any viewer may have, in milliseconds
    #[arg(long, value_name = "MS")]
    max_gap_ms: Option<u64>,
    /// Viewers that may be refused or disconnected
    #[arg(long, value_name = "VIEWERS")]
    max_disconnects: Option<u64>,
    /// How late 1 of 100 frames may be (latency p99), in milliseconds
    #[arg(long, value_name = "MS")]
    max_latency_ms: Option<u64>,
}

impl Bounds {
    /// A sentence for each bound that the run broke.
    pub fn broken(&self, report: &Report) -> Vec<String> {
        let lost = report.frames_lost + report.frames_damaged;
        let repeated = report.frames_repeated + report.frames_out_of_order;
        let pause = report.longest_pause_ms.map(|pause| pause.max);
        let latency = report.latency_ms.map(|latency| latency.p99);
        let checks = [
            over(self.max_lost, lost, "frames lost or damaged"),
            over(self.max_repeated, repeated, "frames repeated or out of order"),
            over(self.max_disconnects, report.disconnects, "disconnects"),
            over_ms(self.max_gap_ms, pause, "the longest pause"),
            over_ms(self.max_latency_ms, latency, "the latency p99"),
            self.unwatched(report),
        ];
        checks.into_iter().flatten().collect()
    }

    fn unwatched(&self, report: &Report) -> Option<String> {
        let Self { max_lost, max_repeated, max_gap_ms, max_disconnects, max_latency_ms } = self;
        let counts = [max_lost, max_repeated, max_gap_ms, max_disconnects, max_latency_ms];
        let is_bound = counts.into_iter().any(Option::is_some);
        let unwatched = report.viewers.saturating_sub(report.watching);
        // Those that were disconnected have a bound of their own.
        let allowed = max_disconnects.map_or(0, |bound| bound.min(report.disconnects));
        (is_bound && u64::from(unwatched) > allowed).then(|| {
            let viewers = report.viewers;
            format!("{unwatched} of {viewers} viewers never got a keyframe")
        })
    }
}

fn over(bound: Option<u64>, found: u64, what: &str) -> Option<String> {
    let bound = bound.filter(|bound| found > *bound)?;
    Some(format!("{} {what}, at most {} allowed", count(found), count(bound)))
}

fn over_ms(bound: Option<u64>, found: Option<f64>, what: &str) -> Option<String> {
    let found = found?;
    let bound = bound.filter(|bound| found > *bound as f64)?;
    Some(format!("{what} is {found:.1} ms, at most {bound} ms allowed"))
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::report;
    use super::*;
    use crate::bench::percentiles::Percentiles;

    const ALL: Bounds = Bounds {
        max_lost: Some(0),
        max_repeated: Some(0),
        max_gap_ms: Some(500),
        max_disconnects: Some(0),
        max_latency_ms: Some(100),
    };

    fn times(p99: f64, max: f64) -> Option<Percentiles> {
        let (p50, p90) = (1.0, 2.0);
        Some(Percentiles { p50, p90, p99, max })
    }

    #[test]
    fn run_within_its_bounds_breaks_none() {
        let report = Report { latency_ms: times(100.0, 300.0), longest_pause_ms: times(100.0, 500.0), ..report() };

        assert!(ALL.broken(&report).is_empty());
    }

    #[test]
    fn each_broken_bound_is_told() {
        let report = Report {
            frames_lost: 1,
            frames_damaged: 1,
            frames_repeated: 3,
            disconnects: 1,
            latency_ms: times(100.5, 300.0),
            longest_pause_ms: times(100.0, 501.0),
            ..report()
        };

        assert_eq!(
            ALL.broken(&report),
            [
                "2 frames lost or damaged, at most 0 allowed",
                "3 frames repeated or out of order, at most 0 allowed",
                "1 disconnects, at most 0 allowed",
                "the longest pause is 501.0 ms, at most 500 ms allowed",
                "the latency p99 is 100.5 ms, at most 100 ms allowed",
            ]
        );
        assert!(Bounds::default().broken(&report).is_empty());
    }

    #[test]
    fn viewers_without_a_keyframe_break_any_bound() {
        let report = Report { watching: 7, ..report() };
        let bounds = Bounds { max_lost: Some(0), ..Bounds::default() };

        assert_eq!(bounds.broken(&report), ["3 of 10 viewers never got a keyframe"]);
        assert!(Bounds::default().broken(&report).is_empty());
    }

    #[test]
    fn disconnects_within_their_bound_need_no_keyframe() {
        let report = Report { watching: 7, disconnects: 3, ..report() };
        let bounds = Bounds { max_disconnects: Some(3), ..Bounds::default() };

        assert!(bounds.broken(&report).is_empty());
    }
}
