//! How far a drill is, on stderr: a line that changes on a terminal, else a line a kind of fault.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};

/// The progress of a drill of so many faults.
#[derive(Debug)]
pub struct Progress {
    /// `None` without a terminal.
    bar: Option<ProgressBar>,
}

impl Progress {
    /// At the start.
    pub fn new(faults: u64) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(TEMPLATE);
            ProgressBar::new(faults).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar }
    }

    /// What goes on.
    pub fn show(&self, state: String) {
        if let Some(bar) = &self.bar {
            bar.set_message(state);
        }
    }

    /// A fault is done.
    pub fn advance(&self) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    /// Something that is to stay.
    pub fn tell(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| drop(writeln!(io::stderr(), "{line}"))),
            None => drop(writeln!(io::stderr(), "{line}")),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

const TEMPLATE: &str = "{elapsed:>5} {bar:30} {pos}/{len} {msg}";
