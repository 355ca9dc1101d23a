//! What the drill tells at the end: a line a fault, and every promise that was broken.

use std::fmt::Write;

use serde::Serialize;

use super::cluster::Figures;
use super::fault::{Fault, Promise};
use super::score::Score;
use super::stage::Seen;
use crate::bench::percentiles::{Percentiles, Times};
use crate::bench::units::{bytes, count, milliseconds};

/// The report. Field by field the object that `--json` prints.
#[derive(Debug, Serialize)]
pub struct Report {
    /// `drill`.
    pub drill: &'static str,
    /// What the choices began with.
    pub seed: u64,
    /// What encoders, viewers and cluster there were.
    pub load: String,
    /// One of each kind.
    pub faults: Vec<Row>,
    /// A sentence for each promise that was broken. If there is one the exit code is 1.
    pub promises_broken: Vec<String>,
}

/// All faults of a kind.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Which kind.
    pub fault: String,
    /// How often it was done.
    pub runs: u32,
    /// What all clients saw.
    #[serde(flatten)]
    pub score: Score,
    /// Of each viewer whom the fault concerned, the longest pause less what was usual before.
    pub gap_ms: Option<Percentiles>,
    /// What edges sent again.
    pub bytes_resent: u64,
    /// How often a stream went from one origin to another.
    pub moves: u64,
    /// By how much the drill itself was late at most: gaps are too long by as much.
    pub late_ms: f64,
    #[serde(skip)]
    promise: Promise,
    #[serde(skip)]
    gaps: Times,
    /// What counts of gaps: what the drill was not late itself, and what is beyond the fault if that is promised.
    #[serde(skip)]
    counted: Times,
    /// What went wrong otherwise.
    #[serde(skip)]
    troubles: Vec<String>,
}

impl Row {
    /// Before the first.
    pub fn new(fault: Fault, promise: Promise) -> Self {
        Self {
            fault: fault.name(),
            runs: 0,
            score: Score::default(),
            gap_ms: None,
            bytes_resent: 0,
            moves: 0,
            late_ms: 0.0,
            promise,
            gaps: Times::new(),
            counted: Times::new(),
            troubles: Vec::new(),
        }
    }

    /// Takes one run in.
    pub fn add(&mut self, seen: &Seen, figures: Figures) {
        self.runs += 1;
        self.score.add(&seen.score);
        let is_beyond = matches!(self.promise, Promise::Beyond(_));
        let granted = if is_beyond { seen.lasted + seen.late } else { seen.late };
        for gap in &seen.gaps {
            self.gaps.record(*gap);
            self.counted.record(gap.saturating_sub(granted));
        }
        self.gap_ms = self.gaps.percentiles();
        self.late_ms = self.late_ms.max(milliseconds(seen.late));
        self.bytes_resent += figures.resent;
        self.moves += figures.moves;
    }

    /// Something else that must not be.
    pub fn trouble(&mut self, run: u32, error: &anyhow::Error) {
        self.troubles.push(format!("{}, run {run}: {error:#}", self.fault));
    }

    /// A sentence for each promise that was broken.
    pub fn broken(&self) -> Vec<String> {
        let Score { disconnects, lost, repeated, out_of_order, told_ended, .. } = self.score;
        let counts = [
            (disconnects, "disconnects"),
            (lost, "frames lost"),
            (repeated, "frames repeated"),
            (out_of_order, "frames out of order"),
            (told_ended, "viewers were told that their stream ended"),
        ];
        let counts = counts.into_iter().filter(|(number, _)| *number > 0);
        let counts = counts.map(|(number, what)| format!("{}: {} {what}, promised are 0", self.fault, count(number)));
        let reasons = self.score.reasons.iter().map(|(reason, times)| format!("{}: {times} {reason}", self.fault));
        let reasons = reasons.filter(|_| disconnects > 0);
        counts.chain(reasons).chain(self.broken_gap()).chain(self.troubles.iter().cloned()).collect()
    }

    /// For people.
    pub fn line(&self) -> String {
        let Score { disconnects, lost, repeated, out_of_order, .. } = self.score;
        let [runs, disconnects, lost, repeated, out_of_order, moves] =
            [self.runs.into(), disconnects, lost, repeated, out_of_order, self.moves].map(count);
        let gap = self.gap_ms.map(|Percentiles { p50, p99, max, .. }| [p50, p99, max].map(|time| format!("{time:.0}")));
        let [p50, p99, max] = gap.unwrap_or_else(|| ["-"; 3].map(str::to_owned));
        let (late, resent) = (format!("{:.0}", self.late_ms), bytes(self.bytes_resent));
        let fault = self.fault.clone();
        line([fault, runs, disconnects, lost, repeated, out_of_order, p50, p99, max, late, moves, resent])
    }

    fn broken_gap(&self) -> Option<String> {
        let (promised, what) = match self.promise {
            Promise::Gap(promised) => (milliseconds(promised), "gap p99"),
            Promise::Beyond(promised) => (milliseconds(promised), "gap p99 beyond the fault"),
            Promise::Nothing => return None,
        };
        let (fault, found) = (&self.fault, self.counted.percentiles()?.p99);
        (found >= promised)
            .then(|| format!("{fault}: the {what} is at least {found:.0} ms, promised are less than {promised:.0} ms"))
    }
}

impl Report {
    /// For people.
    pub fn table(&self) -> String {
        let mut text = format!("{}, seed {}\n\n{}\n", self.load, self.seed, head());
        for row in &self.faults {
            let _ = writeln!(text, "{}", row.line());
        }
        let _ = writeln!(text, "\nlate: by how much the drill itself was late at most. Gaps are too long by as much.");
        for sentence in &self.promises_broken {
            let _ = writeln!(text, "BROKEN  {sentence}");
        }
        text
    }
}

/// The head of the table.
pub fn head() -> String {
    line([
        "fault",
        "runs",
        "disconnects",
        "lost",
        "repeated",
        "out of order",
        "gap p50",
        "p99",
        "max ms",
        "late",
        "moves",
        "resent",
    ])
}

fn line<T: AsRef<str>>([fault, cells @ ..]: [T; 12]) -> String {
    let cells = cells.iter().zip(WIDTHS).map(|(cell, width)| format!("{:>width$}", cell.as_ref()));
    format!("{:<10}{}", fault.as_ref(), cells.collect::<String>())
}

/// Of the columns behind the fault.
const WIDTHS: [usize; 11] = [5, 13, 7, 10, 14, 9, 7, 8, 6, 7, 11];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn seen(lost: u64, gaps: &[u64], lasted: u64) -> Seen {
        Seen {
            score: Score { lost, ..Score::default() },
            gaps: gaps.iter().copied().map(Duration::from_millis).collect(),
            lasted: Duration::from_millis(lasted),
            late: Duration::ZERO,
        }
    }

    #[test]
    fn each_broken_promise_is_a_sentence() {
        let mut row = Row::new(Fault::Kill, Fault::Kill.promise());
        row.add(&seen(0, &[10, 20], 300), Figures::default());
        row.add(&seen(3, &[30, 700], 300), Figures { resent: 5000, moves: 2 });
        row.trouble(2, &anyhow::anyhow!("it stays away"));

        assert_eq!(
            row.broken(),
            [
                "kill: 3 frames lost, promised are 0",
                "kill: the gap p99 is at least 700 ms, promised are less than 500 ms",
                "kill, run 2: it stays away",
            ]
        );
    }

    #[test]
    fn gap_is_no_broken_promise_as_far_as_the_drill_itself_was_late() {
        let mut row = Row::new(Fault::Kill, Fault::Kill.promise());

        row.add(&Seen { late: Duration::from_millis(250), ..seen(0, &[700], 0) }, Figures::default());

        assert_eq!(row.broken(), [""; 0]);
        assert_eq!((row.gap_ms.map(|gap| gap.max.round()), row.late_ms), (Some(700.0), 250.0));
    }

    #[test]
    fn gap_may_be_as_long_as_the_fault_if_that_is_promised() {
        let mut row = Row::new(Fault::Restart, Fault::Restart.promise());

        row.add(&seen(0, &[2400], 2000), Figures::default());
        assert!(row.broken().is_empty());

        row.add(&seen(0, &[2600], 2000), Figures::default());
        assert_eq!(row.broken().len(), 1);
    }

    #[test]
    fn columns_are_aligned_with_their_head() {
        let mut row = Row::new(Fault::Publisher, Promise::Nothing);
        row.add(&seen(0, &[12, 12], 300), Figures { resent: 12_000_000, moves: 70 });

        assert_eq!(head().len(), row.line().len());
        assert!(row.line().ends_with("12     12      12     0     70   12.00 MB"), "{}", row.line());
    }
}
