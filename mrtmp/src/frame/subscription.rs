//! Frames about streams that are watched, and their viewers.

use std::sync::Arc;

use super::Client;
#[cfg(doc)]
use super::Frame;
use crate::id::{ClientId, Group, PublicationId, Term};
use crate::route::Key;

/// See [`Frame::Play`]. Answered by Join, PlayRefused or NotOwner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Play {
    /// The client.
    pub client: ClientId,
    /// The edge's number for this play; one client never has the same twice.
    pub stream_id: u32,
    /// The stream.
    pub key: Key,
    /// The edge's route generation.
    pub generation: u64,
    /// An origin has let it in before: it is counted, not asked again.
    pub granted: bool,
    /// Who asks.
    pub asks: Arc<Client>,
}

/// See [`Frame::Join`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// The client.
    pub client: ClientId,
    /// The edge's number for this play; one client never has the same twice.
    pub stream_id: u32,
}

/// See [`Frame::PlayRefused`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlayRefused {
    /// The client.
    pub client: ClientId,
    /// The edge's number for this play; one client never has the same twice.
    pub stream_id: u32,
    /// A NetStream code.
    pub code: String,
    /// A sentence for people.
    pub description: String,
}

/// See [`Frame::Leave`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leave {
    /// The client.
    pub client: ClientId,
    /// The edge's number for this play; one client never has the same twice.
    pub stream_id: u32,
}

/// See [`Frame::Watch`]. Answered by From, Awaiting or NotOwner, and again whenever that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// The edge's number for it.
    pub group: Group,
    /// The stream.
    pub key: Key,
    /// The edge's route generation.
    pub generation: u64,
    /// The publication that the edge's viewers see, and the first number that is missing there.
    pub at: Option<(PublicationId, u64)>,
}

/// See [`Frame::Unwatch`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwatch {
    /// Which.
    pub group: Group,
    /// The edge watches at another origin from now on: for the publisher's edge it has not left.
    pub moves: bool,
}

/// See [`Frame::From`]. Headers, then media from `next` on follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct From {
    /// Which.
    pub group: Group,
    /// The publication that the group shows now.
    pub publication: PublicationId,
    /// Its fence.
    pub term: Term,
    /// The number of the first message that follows.
    pub next: u64,
    /// Why it starts there.
    pub cause: Cause,
    /// The publication that this one took over, and the last number of that one.
    pub previous: Option<(PublicationId, u64)>,
}

/// Why a group goes on at a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// At the latest start point, or exactly where the edge said that it is.
    Continue,
    /// There is a hole below `next` that nobody can fill.
    Discontinuity,
    /// The publication is another than the edge named.
    Change,
    /// The publication is the edge's own: nothing comes down.
    Local,
}

/// See [`Frame::Awaiting`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaiting {
    /// Which.
    pub group: Group,
    /// A publication that the edge named may still be resumed: its viewers are not told yet.
    pub held: bool,
}

/// See [`Frame::Ack`]. At most every 250 ms, and once more when the group shows another publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// Which.
    pub group: Group,
    /// What of: the group may show another by now.
    pub publication: PublicationId,
    /// The first number that is missing.
    pub next: u64,
}

/// See [`Frame::Restated`]: the origin forgets what it still kept for this edge and was not named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restated {
    /// How many streams are watched on this link now; for the log.
    pub streams: u32,
}
