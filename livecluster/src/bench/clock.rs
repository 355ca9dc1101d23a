//! The time that marks carry: since the Unix epoch, and yet never going back within a process.

use std::time::{Duration, Instant, SystemTime};

/// Tells the time as it was set when the process started. Publisher and viewer on two machines need their clocks
/// synchronised, or latencies are off by the difference.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    started: Instant,
    unix: Duration,
}

impl Clock {
    /// Takes the time of the machine.
    pub fn new() -> Self {
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self { started: Instant::now(), unix: unix.unwrap_or_default() }
    }

    /// The time since the Unix epoch.
    pub fn now(&self) -> Duration {
        self.unix + self.started.elapsed()
    }
}
