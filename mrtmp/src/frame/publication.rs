//! Frames about publications: who publishes what, and who has what of it.

use std::sync::Arc;

use bytes::Bytes;

#[cfg(doc)]
use super::Frame;
use crate::id::{Channel, ClientId, Group, Name, PublicationId, Term};
use crate::route::Key;

/// Who asks, as the origin's policy needs it. Sent with every publish and play.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Client {
    /// `app` of connect, instance included, query removed.
    pub app: String,
    /// `tcUrl` of connect.
    pub tc_url: String,
    /// The query of the stream's name, without `?`.
    pub query: String,
    /// The client's address.
    pub address: String,
}

/// See [`Frame::Publish`]. Answered by Accepted, Refused or NotOwner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// The edge's number for it.
    pub channel: Channel,
    /// The publication.
    pub publication: PublicationId,
    /// Whose it is.
    pub client: ClientId,
    /// The stream.
    pub key: Key,
    /// The edge's route generation.
    pub generation: u64,
    /// Who asks.
    pub asks: Arc<Client>,
}

/// What an origin gave; shown again at a resume so that nobody has to be asked twice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grant {
    /// The fence.
    pub term: Term,
    /// The identity of the key with which it was published; equal identities may take each other over. Empty: no key.
    pub identity: Bytes,
    /// Accepted by an origin that might not have known an earlier holder.
    pub provisional: bool,
    /// The publication it follows, and the last number of that one.
    pub previous: Option<(PublicationId, u64)>,
}

/// See [`Frame::Accepted`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Which.
    pub channel: Channel,
    /// The grant.
    pub grant: Grant,
}

/// See [`Frame::Refused`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which.
    pub channel: Channel,
    /// A NetStream code.
    pub code: String,
    /// A sentence for people.
    pub description: String,
}

/// See [`Frame::NotOwner`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotOwner {
    /// What was asked.
    pub of: Asked,
    /// The generation in which the origin is not the owner.
    pub generation: u64,
}

/// A question that can be sent to the wrong origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A publish or resume.
    Channel(Channel),
    /// A watch.
    Group(Group),
    /// A play.
    Play(ClientId, u32),
}

/// See [`Frame::Resume`]. Answered by Have, Nothing, Revoked or NotOwner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// The edge's number for it.
    pub channel: Channel,
    /// The publication.
    pub publication: PublicationId,
    /// Whose it is.
    pub client: ClientId,
    /// The stream.
    pub key: Key,
    /// The edge's route generation.
    pub generation: u64,
    /// What an origin gave it.
    pub grant: Grant,
    /// The lowest number that the edge still holds.
    pub oldest: u64,
    /// The number that the edge will stamp next.
    pub next: u64,
    /// Its last number, if it has ended.
    pub ended: Option<u64>,
    /// What each viewers' edge has appended, as far as the publisher's edge knows.
    pub map: Vec<(Name, u64)>,
}

/// See [`Frame::Have`]. Also asks to go back when a number was skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Have {
    /// Which.
    pub channel: Channel,
    /// The first number that is missing.
    pub next: u64,
}

/// See [`Frame::Nothing`]: the edge sends headers, then from the earlier of first unstable and latest start point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nothing {
    /// Which.
    pub channel: Channel,
}

/// See [`Frame::Revoked`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// Which.
    pub channel: Channel,
    /// What is at or above this number is void; what is below is kept until it is stable.
    pub last: u64,
}

/// See [`Frame::Withdraw`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdraw {
    /// Which.
    pub channel: Channel,
}

/// See [`Frame::Subscriber`]. The same struct comes back once the edge is in the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// Which.
    pub channel: Channel,
    /// The viewers' edge.
    pub edge: Name,
    /// The first number that this edge needs.
    pub next: u64,
}

/// See [`Frame::Stable`]. Lists only what changed; at most every 250 ms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stable {
    /// Which.
    pub channel: Channel,
    /// The origin's own next number.
    pub next: u64,
    /// Each viewers' edge and its next number; none: that edge no longer wants the publication.
    pub edges: Vec<(Name, Option<u64>)>,
}

/// See [`Frame::Trim`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trim {
    /// Which.
    pub channel: Channel,
    /// The lowest number still held at the publisher's edge.
    pub oldest: u64,
}

/// See [`Frame::Probe`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Which.
    pub channel: Channel,
}

/// See [`Frame::Probed`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// Which.
    pub channel: Channel,
    /// No byte came from the publisher for a second after the probe.
    pub silent: bool,
}
