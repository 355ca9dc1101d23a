//! The frames of an established link. Each control frame is one struct; media frames carry one RTMP message.
//!
//! An edge dials an origin, the operator dials both. "Up" is from the dialling edge to the origin.

mod codec;
mod compound;
mod error;
mod fields;
pub mod limit;
mod media;
mod publication;
mod reader;
mod report;
mod subscription;
pub(crate) mod wire;

use bytes::Bytes;

pub use self::codec::{Kind, SKIPPABLE, Way};
pub use self::error::Error;
pub use self::limit::Limits;
pub use self::media::MEDIA_FRAMING;
pub use self::publication::{
    Accepted, Asked, Client, Grant, Have, NotOwner, Nothing, Probe, Probed, Publish, Refused, Resume, Revoked, Stable,
    Subscriber, Trim, Withdraw,
};
pub use self::reader::Reader;
pub use self::report::{Links, StreamState, Streams};
pub use self::subscription::{Ack, Awaiting, Cause, From, Join, Leave, Play, PlayRefused, Restated, Unwatch, Watch};

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
    /// Another publication has the stream now. Down: here; up: at another origin.
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
    /// A sentence for the log, or [`Self::DRAINING`].
    pub reason: String,
}

impl GoAway {
    /// The reason of a part that serves on until its streams have left.
    pub const DRAINING: &str = "draining";

    /// Whether the sender serves on until its streams have left.
    pub fn is_draining(&self) -> bool {
        self.reason == Self::DRAINING
    }
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
