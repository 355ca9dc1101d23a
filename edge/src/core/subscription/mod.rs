//! A stream that clients of this edge watch: its viewers, the feed that they read, and where that comes from.

mod answers;
mod media;
mod route;
mod viewers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Client, Media, Unwatch};
use livecluster_mrtmp::id::{ClientId, Group, Name, PublicationId, Term};
use livecluster_mrtmp::route::Key;
use livecluster_rtmp::Message;
use livecluster_rtmp::broadcast::Broadcast;
use livecluster_rtmp::message::Kind;

use crate::core::binding::Binding;
use crate::core::context::{ClientEvent, Context, Timer};
use crate::core::feed::{Closed, Feed};
use crate::core::link::LinkId;

/// A stream that is watched here.
#[derive(Debug)]
pub(super) struct Subscription {
    key: Key,
    viewers: BTreeMap<(ClientId, u32), Viewer>,
    feed: Arc<Feed>,
    /// The publication in `feed`.
    showing: Option<Showing>,
    /// The last publication whose end was seen here, and the first number after it: it is not shown again.
    ended: Option<(PublicationId, u64)>,
    /// Where media comes from.
    bound: Option<Source>,
    /// The origin that the routes want, until it has answered.
    candidate: Option<Source>,
    /// Origins that were left while there was no link: they may still list this edge.
    left: BTreeSet<Name>,
    binding: Binding,
    ack_is_due: bool,
    /// Since when no origin has answered for it.
    unfed_since: Option<Instant>,
    /// The source was lost or changed: when the last message before that came.
    interrupted: Option<Interruption>,
    last_media: Option<Instant>,
}

#[derive(Debug)]
struct Viewer {
    asks: Arc<Client>,
    /// An origin has let it in.
    granted: bool,
    /// It reads a feed.
    seated: bool,
}

/// What the feed shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Showing {
    publication: PublicationId,
    term: Term,
    /// It is a client's of this edge: nothing comes down.
    local: bool,
    /// Until something of what FROM announced has come, and its headers with it: the first number that viewers lack.
    lacks: Option<u64>,
}

/// The source was lost or changed.
#[derive(Debug)]
struct Interruption {
    /// When the last message before came.
    since: Instant,
    from: Name,
    /// The link was lost; else the routes said so.
    was_lost: bool,
}

/// An origin that is watched.
#[derive(Debug)]
struct Source {
    origin: Name,
    link: Option<(LinkId, Group)>,
    /// FROM came on this link: what follows counts.
    flows: bool,
    /// The publication that was shown here when it was asked, and the first number of it that was missing.
    asked_about: Option<PublicationId>,
    asked: u64,
    /// What AWAITING said while the stream still came from elsewhere.
    awaits: Option<bool>,
}

/// How long appended messages wait for their acknowledgement.
const ACK_EVERY: Duration = Duration::from_millis(200);
/// How long a source waits after NOT_OWNER if no newer document comes.
const ASK_AGAIN: Duration = Duration::from_secs(1);

impl Subscription {
    pub fn new(key: Key, cx: &Context) -> Self {
        let feed = Feed::new(Broadcast::starting_at(0, cx.config.log.clone()));
        feed.close(Closed::Ended);
        Self {
            key,
            viewers: BTreeMap::new(),
            feed,
            showing: None,
            ended: None,
            bound: None,
            candidate: None,
            left: BTreeSet::new(),
            binding: Binding::default(),
            ack_is_due: false,
            unfed_since: None,
            interrupted: None,
            last_media: None,
        }
    }

    /// No one watches.
    pub fn is_over(&self) -> bool {
        self.viewers.is_empty()
    }

    pub fn key(&self) -> &Key {
        &self.key
    }

    pub fn feed(&self) -> &Arc<Feed> {
        &self.feed
    }

    pub fn viewers(&self) -> usize {
        self.viewers.len()
    }

    /// It comes down from an origin.
    pub fn is_upstream(&self) -> bool {
        self.showing.is_some_and(|showing| !showing.local)
    }

    /// No origin answers for it just now.
    pub fn is_held(&self) -> bool {
        self.unfed_since.is_some()
    }

    pub fn origins(&self) -> impl Iterator<Item = &Name> {
        self.sources().map(|source| &source.origin)
    }

    /// The publication that viewers see, unless it is over.
    fn shown(&self) -> Option<PublicationId> {
        self.showing.filter(|_| self.feed.closed().is_none()).map(|showing| showing.publication)
    }

    /// The first number that viewers lack of what is shown.
    fn next(&self) -> u64 {
        let lacks = self.showing.and_then(|showing| showing.lacks);
        lacks.unwrap_or_else(|| self.feed.log().next())
    }

    /// Starts the hold unless some origin answers.
    fn hold(&mut self, cx: &mut Context) {
        let answered = self.sources().any(|source| source.flows);
        if answered {
            self.unfed_since = None;
        } else if self.unfed_since.is_none() {
            self.unfed_since = Some(cx.now);
            cx.after(cx.config.hold, Timer::Subscription(self.key.clone()));
        }
    }

    pub fn due(&mut self, cx: &mut Context) {
        self.retarget(cx);
        let held_out = self.unfed_since.is_some_and(|since| cx.now.saturating_duration_since(since) >= cx.config.hold);
        if !held_out {
            return;
        }
        for client in std::mem::take(&mut self.viewers).into_keys() {
            cx.viewers.remove(&client);
            cx.tell(client, ClientEvent::HoldEnded);
        }
    }

    /// No one watches: the origins are told, the feed ends.
    pub fn withdraw(self, cx: &mut Context) {
        for source in self.sources() {
            source.unwatch(false, cx);
        }
        cx.report_stream(&self.key);
    }
}

impl Source {
    fn at(origin: Name) -> Self {
        Self { origin, link: None, flows: false, asked_about: None, asked: 0, awaits: None }
    }

    /// It was asked to go on at `next`, and has not answered.
    fn ask(&mut self, at: (LinkId, Group), about: Option<PublicationId>, next: u64) {
        self.link = Some(at);
        self.flows = false;
        (self.asked_about, self.asked) = (about, next);
        self.awaits = None;
    }

    fn is_on(&self, link: LinkId) -> bool {
        self.link.is_some_and(|(id, _)| id == link)
    }

    fn rest(&mut self) {
        self.link = None;
        self.flows = false;
        self.awaits = None;
    }

    fn unwatch(&self, moves: bool, cx: &mut Context) {
        let Some((link, group)) = self.link else {
            return;
        };
        if let Some(found) = cx.links.get_mut(link) {
            found.close_group(group);
        }
        cx.control(link, Frame::Unwatch(Unwatch { group, moves }));
    }
}

fn message(media: Media) -> Message {
    Message { kind: Kind(media.kind), timestamp: media.timestamp, stream_id: 1, payload: media.payload }
}
