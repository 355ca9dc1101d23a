//! A report for people: labelled lines, and percentiles in columns.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::percentiles::Percentiles;
use super::units::count;

/// Text in the making.
#[derive(Debug, Default)]
pub struct Table(String);

impl Table {
    /// A line of numbers and what they count. What is `None` is left out.
    pub fn counts(&mut self, label: &str, cells: &[(u64, &str)]) {
        let cells: Vec<String> = cells.iter().map(|(number, what)| format!("{} {what}", count(*number))).collect();
        self.line(label, &cells.join(", "));
    }

    /// A line of text.
    pub fn line(&mut self, label: &str, text: &str) {
        let _ = writeln!(self.0, "{label:<LABEL_WIDTH$}{text}");
    }

    /// The head of a block of percentiles.
    pub fn percentiles_head(&mut self) {
        let [p50, p90, p99, max] = ["p50", "p90", "p99", "max"];
        let _ = writeln!(self.0, "\n{:<LABEL_WIDTH$}{p50:>11}{p90:>11}{p99:>11}{max:>11}", "milliseconds");
    }

    /// A line of percentiles; dashes if there is nothing to tell.
    pub fn percentiles(&mut self, label: &str, percentiles: Option<Percentiles>) {
        let cells = match percentiles {
            Some(Percentiles { p50, p90, p99, max }) => [p50, p90, p99, max].map(|time| format!("{time:.1}")),
            None => ["-"; 4].map(str::to_owned),
        };
        let [p50, p90, p99, max] = cells;
        self.line(label, &format!("{p50:>11}{p90:>11}{p99:>11}{max:>11}"));
    }

    /// A line for each reason, with how often it was one.
    pub fn reasons(&mut self, reasons: &BTreeMap<String, u64>) {
        for (reason, times) in reasons {
            self.line("", &format!("{} {reason}", count(*times)));
        }
    }

    /// A line for each sentence.
    pub fn verdicts(&mut self, label: &str, sentences: &[String]) {
        for sentence in sentences {
            self.line(label, sentence);
        }
    }

    /// The text.
    pub fn finish(self) -> String {
        self.0
    }
}

const LABEL_WIDTH: usize = 26;
