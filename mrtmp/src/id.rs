//! The numbers and names by which the parts of a cluster know each other, their clients and their publications.

use std::sync::Arc;

/// A part's name: unique in its cluster, kept over restarts (`demo-origin-0`). Addresses are reused, names are not.
pub type Name = Arc<str>;

/// A number drawn at random at each start of a process: the same name with another boot id has lost its memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BootId(pub u64);

/// A client of one edge; the edge never uses a number twice in one boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub u64);

/// One run of one publisher: unique, unordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicationId {
    /// The boot of the publisher's edge.
    pub edge: BootId,
    /// Counted by that edge.
    pub counter: u64,
}

/// The fence between publications of one stream: given when an origin accepts one, compared, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Term {
    /// The route generation in force at the origin that accepted.
    pub generation: u64,
    /// max(previous + 1, unix time in ms) at that origin.
    pub counter: u64,
}

/// A number that the dialling edge gives to one publication on one link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Channel(pub u32);

/// A number that the dialling edge gives to one stream that it watches on one link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Group(pub u32);
