//! What all logs of a process may keep together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A limit for the bytes in all logs that share it.
///
/// It is kept in three steps, so that a busy process seldom comes to the next: first logs keep less for those that lag,
/// then nobody new is taken on, at last each log has an equal share and a publisher that needs more is slowed.
#[derive(Debug)]
pub struct Budget {
    limit: usize,
    held: AtomicUsize,
    /// Logs that hold something.
    logs: AtomicUsize,
}

/// Why a stream is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no room for another stream: logs hold {held} bytes, with a limit of {limit}")]
pub struct Full {
    /// Bytes in all logs.
    pub held: usize,
    /// Bytes that they may hold.
    pub limit: usize,
}

/// The least that a log may keep, whatever the others do: some messages must fit.
const MIN_SHARE: usize = 64 << 10;

impl Budget {
    /// A budget of so many bytes, of which nothing is held.
    pub fn new(limit: usize) -> Self {
        Self { limit, held: AtomicUsize::new(0), logs: AtomicUsize::new(0) }
    }

    /// The bytes that logs may hold together.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The bytes that they hold: payloads, with a fixed cost for each message, and headers in force.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// From three quarters on each log keeps little more than what begins with its latest start point.
    pub fn is_tight(&self) -> bool {
        self.held() > self.limit / 4 * 3
    }

    /// Whether there is room for another stream: until seven eighths are held. Who finds none refuses the stream.
    pub fn check_room(&self) -> Result<(), Full> {
        let (held, limit) = (self.held(), self.limit);
        if held > limit / 8 * 7 { Err(Full { held, limit }) } else { Ok(()) }
    }

    /// Whether a log that holds so much has to give some of it up.
    fn is_share_exceeded(&self, bytes: usize) -> bool {
        let logs = self.logs.load(Ordering::Relaxed).max(1);
        self.held() > self.limit && bytes > (self.limit / logs).max(MIN_SHARE)
    }
}

/// What one log holds of a budget. Given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<Budget>,
    held: usize,
}

impl Share {
    pub fn of(budget: Arc<Budget>) -> Self {
        Self { budget, held: 0 }
    }

    /// The log holds so much now.
    pub fn set(&mut self, held: usize) {
        let Budget { held: sum, logs, .. } = &*self.budget;
        match held.checked_sub(self.held) {
            Some(more) => sum.fetch_add(more, Ordering::Relaxed),
            None => sum.fetch_sub(self.held - held, Ordering::Relaxed),
        };
        match (self.held, held) {
            (0, 1..) => _ = logs.fetch_add(1, Ordering::Relaxed),
            (1.., 0) => _ = logs.fetch_sub(1, Ordering::Relaxed),
            _ => {}
        }
        self.held = held;
    }

    pub fn is_tight(&self) -> bool {
        self.budget.is_tight()
    }

    /// Whether so many bytes of messages are more than the log may keep.
    pub fn is_exceeded(&self, bytes: usize) -> bool {
        self.budget.is_share_exceeded(bytes)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}
