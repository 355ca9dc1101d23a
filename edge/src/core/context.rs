//! What every part of the core uses: routes, links, deadlines and what goes out.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::id::{ClientId, Name, PublicationId, Term};
use livecluster_mrtmp::link::Role;
use livecluster_mrtmp::route::{Key, Table};
use livecluster_mrtmp::timers::Timers;

use super::link::{LinkId, Links, Peer, Ready};
use super::{Config, Feed};

#[derive(Debug)]
pub(super) struct Context {
    pub config: Config,
    pub table: Arc<Table>,
    pub links: Links,
    pub timers: Timers<Timer>,
    pub outputs: VecDeque<Output>,
    /// The stream that each viewer asked for.
    pub viewers: HashMap<(ClientId, u32), Key>,
    pub counters: Counters,
    pub now: Instant,
}

/// What is looked at when its time comes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    Publication(PublicationId),
    Subscription(Key),
    Ack(Key),
}

/// What the IO layer has to do.
#[derive(Debug)]
pub enum Output {
    /// This link has frames to send.
    Wake(LinkId),
    /// A link to this origin is wanted.
    Dial(Name),
    /// Something happened to a client's message stream.
    Client {
        /// The client.
        client: ClientId,
        /// Its message stream.
        stream_id: u32,
        /// What happened.
        event: ClientEvent,
    },
    /// A stream goes on after an interruption.
    Gap(Gap),
}

/// A stream that is watched here goes on after its source was lost or changed.
#[derive(Debug, Clone)]
pub struct Gap {
    /// The stream.
    pub key: Key,
    /// The origin that it came from.
    pub from: Name,
    /// The one that it comes from now.
    pub to: Name,
    /// Why.
    pub cause: GapCause,
    /// The fence of its publication.
    pub term: Option<Term>,
    /// From the last message before to the first one after.
    pub length: Duration,
}

/// Why a stream had a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapCause {
    /// The link was lost, and came up again.
    Link,
    /// The link was lost, and another origin took over.
    Failover,
    /// The routes took it to another origin.
    Move,
}

impl GapCause {
    /// As metrics and logs name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Failover => "failover",
            Self::Move => "move",
        }
    }
}

/// What happened to a client's message stream.
#[derive(Debug)]
pub enum ClientEvent {
    /// It may publish.
    Published,
    /// It may not.
    PublishRefused {
        /// A NetStream code.
        code: String,
        /// A sentence for people.
        description: String,
    },
    /// It has ended, and all that it sent is where it belongs; or nobody says so in time.
    Unpublished,
    /// Another publisher has the stream now.
    Revoked,
    /// A publisher that was slowed may go on.
    Go,
    /// It may play this.
    Joined(Arc<Feed>),
    /// It may not play.
    PlayRefused {
        /// A NetStream code.
        code: String,
        /// A sentence for people.
        description: String,
    },
    /// The origin wants it to leave.
    Expelled,
    /// No origin answered for its stream within the hold time.
    HoldEnded,
}

/// Figures for metrics, counted since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Messages that came twice and were dropped.
    pub duplicates: u64,
    /// Messages sent again after a resume.
    pub replayed: u64,
    /// Holes that nobody could fill.
    pub discontinuities: u64,
    /// Viewers' edges that left a map because they held back more than the budget.
    pub laggards: u64,
    /// Payload bytes sent again after a resume.
    pub replayed_bytes: u64,
    /// Streams published here whose origin, or the link to it, was lost, and that went to another.
    pub failovers: u64,
    /// Streams published here that the routes took from one origin that worked to another.
    pub moves: u64,
}

impl Context {
    pub fn new(config: Config, table: Table, now: Instant) -> Self {
        Self {
            config,
            table: Arc::new(table),
            links: Links::default(),
            timers: Timers::default(),
            outputs: VecDeque::new(),
            viewers: HashMap::new(),
            counters: Counters::default(),
            now,
        }
    }

    /// Registers a link. Returns the origin at its other end, if it is one.
    pub fn link_up(&mut self, peer: Peer) -> (LinkId, Option<Name>) {
        let origin = (peer.role == Role::Origin).then(|| peer.name.clone());
        let id = self.links.insert(peer);
        self.report_links();
        (id, origin)
    }

    /// The link to this origin; if there is none, it is asked for.
    pub fn link_to(&mut self, origin: &Name) -> Option<LinkId> {
        let link = self.links.to(origin);
        if link.is_none() {
            self.outputs.push_back(Output::Dial(origin.clone()));
        }
        link
    }

    /// Queues a control frame.
    pub fn control(&mut self, link: LinkId, frame: Frame) {
        if let Some(found) = self.links.get_mut(link) {
            found.push_control(frame);
            self.outputs.push_back(Output::Wake(link));
        }
    }

    /// Media is there to be sent.
    pub fn ready(&mut self, link: LinkId, ready: Ready) {
        if let Some(found) = self.links.get_mut(link) {
            found.push_ready(ready);
            self.outputs.push_back(Output::Wake(link));
        }
    }

    pub fn tell(&mut self, (client, stream_id): (ClientId, u32), event: ClientEvent) {
        self.outputs.push_back(Output::Client { client, stream_id, event });
    }

    /// The operators are told about a change of this stream's binding.
    pub fn report_stream(&mut self, key: &Key) {
        for link in self.links.note_stream(key) {
            self.outputs.push_back(Output::Wake(link));
        }
    }

    /// The operators are told about a change of links.
    pub fn report_links(&mut self) {
        for link in self.links.note_links() {
            self.outputs.push_back(Output::Wake(link));
        }
    }

    pub fn after(&mut self, delay: Duration, timer: Timer) {
        self.timers.set(self.now + delay, timer);
    }
}
