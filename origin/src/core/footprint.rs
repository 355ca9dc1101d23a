//! How much an origin keeps, for metrics and for checks that it lets go.

use super::{Core, Stream};

/// What an origin keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Footprint {
    /// Streams that somebody publishes or watches.
    pub streams: usize,
    /// Publications, with those that are over and not forgotten yet.
    pub publications: usize,
    /// Questions that wait for a newer document.
    pub ahead: usize,
    /// Channels, groups and viewers on all links.
    pub numbers: usize,
    /// Deadlines that are set.
    pub deadlines: usize,
    /// Bytes of the largest log.
    pub largest_log: usize,
}

impl Footprint {
    /// Nothing is kept.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Core {
    /// What is kept now.
    pub fn footprint(&self) -> Footprint {
        Footprint {
            streams: self.streams.len(),
            publications: self.streams.values().map(Stream::publications).sum(),
            ahead: self.ahead.len(),
            numbers: self.cx.links.numbers(),
            deadlines: self.cx.timers.len(),
            largest_log: self.streams.values().map(Stream::largest_log).max().unwrap_or(0),
        }
    }
}
