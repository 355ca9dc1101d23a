//! How much an edge keeps, for metrics and for checks that it lets go.

use super::Core;

/// What an edge keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Footprint {
    /// Publications, with those whose end is not stable yet.
    pub publications: usize,
    /// Streams that are watched.
    pub subscriptions: usize,
    /// Viewers, with those that were not let in yet.
    pub viewers: usize,
    /// Channels and groups on all links.
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
        let published = self.publications.values().map(|own| own.feed());
        let feeds = published.chain(self.subscriptions.values().map(|one| one.feed()));
        Footprint {
            publications: self.publications.len(),
            subscriptions: self.subscriptions.len(),
            viewers: self.cx.viewers.len(),
            numbers: self.cx.links.numbers(),
            deadlines: self.cx.timers.len(),
            largest_log: feeds.map(|feed| feed.log().bytes()).max().unwrap_or(0),
        }
    }
}
