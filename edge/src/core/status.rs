//! What the core shows of itself.

use livecluster_mrtmp::id::{Name, Term};
use livecluster_mrtmp::route::Key;

use super::{Core, Feed};

/// Sums over all streams.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Streams published by clients of this edge.
    pub publications: u64,
    /// Streams watched by clients of this edge.
    pub subscriptions: u64,
    /// Streams that come down from origins.
    pub upstream: u64,
    /// Bytes of publications that some edge or their origin may still lack, and those of the largest one.
    pub unstable_bytes: u64,
    /// See `unstable_bytes`.
    pub largest_unstable: u64,
    /// Publications that no origin takes just now.
    pub held: u64,
    /// Publications whose clients are read slowly, for their logs are full.
    pub slowed: u64,
}

/// One stream, for a status page.
#[derive(Debug)]
pub struct StreamStatus<'a> {
    /// The stream.
    pub key: &'a Key,
    /// A client of this edge publishes it.
    pub is_published: bool,
    /// It can't be forwarded, or does not come down, just now.
    pub is_held: bool,
    /// Its origin.
    pub origin: Option<&'a Name>,
    /// Its fence, if it is published here.
    pub term: Option<Term>,
    /// Clients of this edge that watch it.
    pub viewers: usize,
    /// Its log.
    pub feed: &'a Feed,
}

impl Core {
    /// Sums over all streams.
    pub fn figures(&self) -> Figures {
        let own = self.publications.values();
        let watched = self.subscriptions.values();
        let unstable = own.clone().map(|one| one.unstable_bytes());
        Figures {
            publications: number(self.publications.len()),
            subscriptions: number(self.subscriptions.len()),
            upstream: number(watched.filter(|one| one.is_upstream()).count()),
            unstable_bytes: number(unstable.clone().sum()),
            largest_unstable: number(unstable.max().unwrap_or(0)),
            held: number(own.clone().filter(|one| one.is_held()).count()),
            slowed: number(own.filter(|one| one.is_slowed()).count()),
        }
    }

    /// All streams.
    pub fn streams(&self) -> impl Iterator<Item = StreamStatus<'_>> {
        let own = self.publications.values().map(|one| StreamStatus {
            key: one.key(),
            is_published: true,
            is_held: one.is_held(),
            origin: one.origins().last(),
            term: one.grant().map(|grant| grant.term),
            viewers: 0,
            feed: one.feed(),
        });
        let watched = self.subscriptions.values().map(|one| StreamStatus {
            key: one.key(),
            is_published: false,
            is_held: one.is_held(),
            origin: one.origins().last(),
            term: None,
            viewers: one.viewers(),
            feed: one.feed(),
        });
        own.chain(watched)
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
