//! The frames of an established link. Each control frame is one struct; media frames carry one RTMP message.
//!
//! An edge dials an origin, the operator dials both. "Up" is from the dialling edge to the origin.

mod codec;
mod compound;
mod error;
mod fields;
pub mod limit;
mod media;
mod reader;
pub(crate) mod wire;

use std::sync::Arc;

use bytes::Bytes;

pub use self::codec::{Kind, SKIPPABLE, Way};
pub use self::error::Error;
pub use self::limit::Limits;
pub use self::media::MEDIA_FRAMING;
pub use self::reader::Reader;
use crate::id::{BootId, Channel, ClientId, Group, Name, PublicationId, Term};
use crate::route::Key;

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// Both: the sender lives.
    Heartbeat(Heartbeat),
    /// Both: the sender will close; nothing moves for it.
    GoAway(GoAway),

    /// Up: a client wants to publish.
    Publish(Publish),
    /// Down: it may; media follows.
    Accepted(Accepted),
    /// Down: it may not; the channel is free again.
    Refused(Refused),
    /// Down: the stream is another origin's; the channel or group is free again.
    NotOwner(NotOwner),
    /// Up: a publication goes on here.
    Resume(Resume),
    /// Down: send from this sequence number on.
    Have(Have),
    /// Down: nothing of this publication is here.
    Nothing(Nothing),
    /// Down: another publication has the stream now.
    Revoked(Revoked),
    /// Up: the edge no longer feeds this channel.
    Withdraw(Withdraw),
    /// Down: an edge wants the publication; up: it is in the map.
    Subscriber(Subscriber),
    /// Down: what the origin and its subscribers have appended.
    Stable(Stable),
    /// Up: the publisher's edge has dropped what is below.
    Trim(Trim),
    /// Down: is this publisher silent?
    Probe(Probe),
    /// Up: the answer, a second later at most.
    Probed(Probed),

    /// Both: one message of a publication.
    Media(Media),
    /// Both: a message in force below the first one sent; takes no part in the sequence.
    Header(Media),
    /// Both: the last number of a publication.
    End(End),

    /// Up: a client wants to play.
    Play(Play),
    /// Down: it may; it belongs to this group.
    Join(Join),
    /// Down: it may not.
    PlayRefused(PlayRefused),
    /// Up: a viewer left; down: it has to.
    Leave(Leave),
    /// Up: an edge watches a stream, or goes on watching it.
    Watch(Watch),
    /// Up: no one at this edge watches here any more; the group is free again.
    Unwatch(Unwatch),
    /// Down: which publication the group shows, from which number on.
    From(From),
    /// Down: nothing is published; `held` if a publisher may come back.
    Awaiting(Awaiting),
    /// Up: what the viewers' edge has appended.
    Ack(Ack),
    /// Up: all that was published or watched before this link came up has been named again.
    Restated(Restated),

    /// To the operator: streams of this origin or edge.
    Streams(Streams),
    /// To the operator: links of this edge.
    Links(Links),
}

/// See [`Frame::Heartbeat`]. Sent every 300 ms; any byte counts as life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Heartbeat {
    /// The sender's clock in microseconds, any origin.
    pub sent: u64,
    /// `sent` of the last heartbeat received, plus the microseconds it waited here; 0 if none came yet.
    pub echo: u64,
    /// The highest route generation that the sender has read.
    pub generation: u64,
}

/// See [`Frame::GoAway`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoAway {
    /// A sentence for the log.
    pub reason: String,
}

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

/// See [`Frame::Media`]. 22 bytes of framing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// The channel (up) or group (down).
    pub id: u32,
    /// The publication's own number for it.
    pub sequence: u64,
    /// Milliseconds modulo 2^32, as the publisher sent them.
    pub timestamp: u32,
    /// The RTMP message type id.
    pub kind: u8,
    /// The RTMP payload.
    pub payload: Bytes,
}

/// See [`Frame::End`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The channel (up) or group (down).
    pub id: u32,
    /// The publication's last number.
    pub sequence: u64,
}

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

/// See [`Frame::Ack`]. At most every 250 ms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// Which.
    pub group: Group,
    /// The first number that is missing.
    pub next: u64,
}

/// See [`Frame::Restated`]: the origin forgets what it still kept for this edge and was not named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restated {
    /// How many streams are watched on this link now; for the log.
    pub streams: u32,
}

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
