//! Frames with which parts report to an operator.

#[cfg(doc)]
use super::Frame;
use crate::id::{BootId, Name, PublicationId, Term};
use crate::route::Key;

/// See [`Frame::Streams`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Streams {
    /// What is listed is all there is; else it is what changed.
    pub complete: bool,
    /// The highest route generation that the sender has read.
    pub generation: u64,
    /// The streams; none: gone.
    pub streams: Vec<(Key, Option<StreamState>)>,
}

/// A stream as its origin, or an edge that is bound to an origin for it, sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamState {
    /// The origin.
    pub origin: Name,
    /// The current publication and its fence, if there is one.
    pub publication: Option<(PublicationId, Term)>,
    /// Its publisher can't be heard just now.
    pub held: bool,
}

/// See [`Frame::Links`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// Each origin, the boot it showed, and whether the link is up.
    pub origins: Vec<(Name, Option<BootId>, bool)>,
    /// Clients connected.
    pub connections: u64,
}
