//! How far a run is: a bar on a terminal, else a line every few seconds. Both on stderr.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// The progress of a run whose length is known.
#[derive(Debug)]
pub struct Progress {
    total: Duration,
    /// `None` without a terminal.
    bar: Option<ProgressBar>,
    next_line: Duration,
}

impl Progress {
    /// At the start.
    pub fn new(total: Duration) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(TEMPLATE);
            ProgressBar::new(milliseconds(total)).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { total, bar, next_line: LINE_INTERVAL }
    }

    /// Tells what the state is. To be called several times a second.
    pub fn show(&mut self, elapsed: Duration, state: &str) {
        if let Some(bar) = &self.bar {
            bar.set_position(milliseconds(elapsed));
            bar.set_message(state.to_owned());
        } else if elapsed >= self.next_line {
            self.next_line = elapsed + LINE_INTERVAL;
            let (elapsed, total) = (elapsed.as_secs(), self.total.as_secs());
            let _ = writeln!(io::stderr(), "{elapsed:>4}/{total} s  {state}");
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

/// How often [`Progress::show`] is to be called.
pub const INTERVAL: Duration = Duration::from_millis(200);

const LINE_INTERVAL: Duration = Duration::from_secs(5);
const TEMPLATE: &str = "{elapsed:>4} {bar:30} {msg}";

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
