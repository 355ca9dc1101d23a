//! What an edge decides, as a state machine: clients, frames and the time come in, frames and events go out.
//! It holds its clients' publications and subscriptions and what is said about them on its links; no sockets, no clock.

mod binding;
mod context;
mod feed;
mod footprint;
mod link;
mod publication;
mod report;
mod status;
mod subscription;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Asked, Client, NotOwner, Restated};
use livecluster_mrtmp::id::{BootId, ClientId, Name, PublicationId};
use livecluster_mrtmp::route::{Key, Table};
use livecluster_rtmp::Message;
use livecluster_rtmp::broadcast::Limits;

pub use context::{ClientEvent, Counters, Gap, GapCause, Output};
use context::{Context, Timer};
pub use feed::{Closed, Feed};
pub use footprint::Footprint;
use link::Ready;
pub use link::{LinkId, Peer};
pub use publication::Flow;
use publication::Publication;
pub use status::{Figures, StreamStatus};
use subscription::Subscription;

/// What an edge's core may do and keep.
#[derive(Debug, Clone)]
pub struct Config {
    /// The edge's boot, part of the identity of its publications.
    pub boot: BootId,
    /// How long clients are held while no origin answers for their stream.
    pub hold: Duration,
    /// What the log of one stream may keep.
    pub log: Limits,
}

/// An edge's state.
#[derive(Debug)]
pub struct Core {
    cx: Context,
    publications: BTreeMap<PublicationId, Publication>,
    subscriptions: BTreeMap<Key, Subscription>,
    published: u64,
    connections: u64,
}

impl Core {
    /// An edge without clients, links or routes.
    pub fn new(config: Config, cluster: &str, now: Instant) -> Self {
        Self {
            cx: Context::new(config, Table::empty(cluster), now),
            publications: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            published: 0,
            connections: 0,
        }
    }

    /// A client wants to publish. `activity` counts the bytes that it sends, whole messages or not.
    pub fn publish(
        &mut self,
        client: (ClientId, u32),
        key: Key,
        asks: Arc<Client>,
        activity: Arc<AtomicU64>,
        now: Instant,
    ) -> PublicationId {
        self.cx.now = now;
        self.published += 1;
        let id = PublicationId { edge: self.cx.config.boot, counter: self.published };
        let mut publication = Publication::new(id, client, key, asks, activity, &self.cx);
        publication.retarget(&mut self.cx);
        self.publications.insert(id, publication);
        id
    }

    /// A publisher sent a message.
    pub fn media(&mut self, id: PublicationId, message: Message, now: Instant) -> Flow {
        self.cx.now = now;
        match self.publications.get_mut(&id) {
            Some(publication) => publication.push(message, &mut self.cx),
            None => Flow::Go,
        }
    }

    /// A publisher left its stream, or its connection ended.
    pub fn unpublish(&mut self, id: PublicationId, now: Instant) {
        self.cx.now = now;
        if let Some(publication) = self.publications.get_mut(&id) {
            publication.leave(&mut self.cx);
        }
        self.settle_publication(id);
    }

    /// A client wants to play.
    pub fn play(&mut self, client: (ClientId, u32), key: Key, asks: Arc<Client>, now: Instant) {
        self.cx.now = now;
        let cx = &mut self.cx;
        let subscription = self.subscriptions.entry(key.clone()).or_insert_with(|| Subscription::new(key, cx));
        subscription.retarget(cx);
        subscription.add_viewer(client, asks, cx);
    }

    /// A viewer left its stream, or its connection ended.
    pub fn stop(&mut self, client: (ClientId, u32), key: &Key, now: Instant) {
        self.cx.now = now;
        if let Some(subscription) = self.subscriptions.get_mut(key) {
            subscription.remove_viewer(client, &mut self.cx);
        }
        self.settle_subscription(key);
    }

    /// A newer route document is in force.
    pub fn set_routes(&mut self, table: Table, now: Instant) {
        self.cx.now = now;
        self.cx.table = Arc::new(table);
        let Context { links, table, .. } = &mut self.cx;
        links.retain_tried(|origin| table.origin(origin).is_some());
        for publication in self.publications.values_mut() {
            publication.retarget(&mut self.cx);
        }
        for subscription in self.subscriptions.values_mut() {
            subscription.retarget(&mut self.cx);
        }
    }

    /// The routes in force.
    pub fn routes(&self) -> &Arc<Table> {
        &self.cx.table
    }

    /// A link is up. What belongs to it is said again: publications first, then what is watched, then viewers.
    pub fn link_up(&mut self, peer: Peer, now: Instant) -> LinkId {
        self.cx.now = now;
        let (id, origin) = self.cx.link_up(peer);
        if let Some(origin) = origin {
            for publication in self.publications.values_mut() {
                publication.link_up(&origin, &mut self.cx);
            }
            for subscription in self.subscriptions.values_mut() {
                subscription.link_up(&origin, &mut self.cx);
            }
            let streams = self.cx.links.get_mut(id).map_or(0, |link| link.watched());
            self.cx.control(id, Frame::Restated(Restated { streams }));
        }
        self.cx.outputs.push_back(Output::Wake(id));
        id
    }

    /// A link to this origin was wanted, and could not be made; it is tried again.
    pub fn unreachable(&mut self, origin: &Name) {
        if self.cx.links.note_unreachable(origin) {
            self.cx.report_links();
        }
    }

    /// A link is lost. That is nobody's leaving: clients are held.
    pub fn link_down(&mut self, id: LinkId, now: Instant) {
        self.cx.now = now;
        let Some(link) = self.cx.links.remove(id) else {
            return;
        };
        self.cx.report_links();
        for publication in link.channels() {
            if let Some(publication) = self.publications.get_mut(publication) {
                publication.link_down(id, &mut self.cx);
            }
        }
        for key in link.groups() {
            if let Some(subscription) = self.subscriptions.get_mut(key) {
                subscription.link_down(id, &mut self.cx);
            }
        }
    }

    /// A frame came in.
    pub fn handle_frame(&mut self, link: LinkId, frame: Frame, now: Instant) -> Result<(), Violation> {
        self.cx.now = now;
        match frame {
            Frame::GoAway(_) | Frame::Heartbeat(_) => {}
            Frame::Accepted(f) => self.publication(link, f.channel, |p, at, cx| p.accepted(at, f.grant, cx)),
            Frame::Refused(f) => self.publication(link, f.channel, |p, _, cx| p.refused(f.code, f.description, cx)),
            Frame::Have(f) => self.publication(link, f.channel, |p, at, cx| p.have(at, f.next, cx)),
            Frame::Nothing(f) => self.publication(link, f.channel, |p, at, cx| p.nothing(at, cx)),
            Frame::Revoked(f) => self.publication(link, f.channel, |p, at, cx| p.revoked(at, f.last, cx)),
            Frame::Subscriber(f) => self.publication(link, f.channel, |p, at, cx| p.subscriber(at, f, cx)),
            Frame::Stable(f) => self.publication(link, f.channel, |p, at, cx| p.stable(at, f, cx)),
            Frame::Probe(f) => self.publication(link, f.channel, |p, at, cx| p.probe(at, cx)),
            Frame::From(f) => self.from(link, f),
            Frame::Awaiting(f) => self.subscription(link, f.group.0, |s, cx| s.awaiting(link, f.held, cx)),
            Frame::Header(f) => self.subscription(link, f.id, |s, cx| s.header(link, f, cx)),
            Frame::Media(f) => self.subscription(link, f.id, |s, cx| s.media(link, f, cx)),
            Frame::End(f) => self.subscription(link, f.id, |s, cx| s.end(link, f.sequence, cx)),
            Frame::Join(f) => self.viewer(link, (f.client, f.stream_id), |s, viewer, cx| s.joined(viewer, cx)),
            Frame::PlayRefused(f) => self.viewer(link, (f.client, f.stream_id), |s, viewer, cx| {
                s.play_refused(viewer, f.code, f.description, cx);
            }),
            Frame::Leave(f) => self.viewer(link, (f.client, f.stream_id), |s, viewer, cx| s.expelled(viewer, cx)),
            Frame::NotOwner(f) => self.not_owner(link, &f),
            _ => return Err(Violation),
        }
        Ok(())
    }

    /// The next frame for a link: control first, then media of all its publications in turn.
    pub fn poll_frame(&mut self, link: LinkId, now: Instant) -> Option<Frame> {
        self.cx.now = now;
        if let Some(frame) = self.cx.links.get_mut(link)?.next_control() {
            return Some(frame);
        }
        while let Some(ready) = self.cx.links.get_mut(link)?.next_ready() {
            if let Some(frame) = self.next_ready_frame(link, ready) {
                return Some(frame);
            }
        }
        None
    }

    /// What the IO layer has to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.cx.outputs.pop_front()
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        self.cx.timers.next()
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.cx.now = now;
        while let Some(timer) = self.cx.timers.take_due(now) {
            self.due(timer);
        }
    }

    /// Figures for metrics.
    pub fn counters(&mut self) -> &mut Counters {
        &mut self.cx.counters
    }

    fn due(&mut self, timer: Timer) {
        match timer {
            Timer::Publication(id) => {
                if let Some(publication) = self.publications.get_mut(&id) {
                    publication.due(&mut self.cx);
                }
                self.settle_publication(id);
            }
            Timer::Ack(key) => {
                if let Some(subscription) = self.subscriptions.get_mut(&key) {
                    subscription.acknowledge(&mut self.cx);
                }
            }
            Timer::Subscription(key) => {
                if let Some(subscription) = self.subscriptions.get_mut(&key) {
                    subscription.due(&mut self.cx);
                }
                self.settle_subscription(&key);
            }
        }
    }

    fn next_ready_frame(&mut self, link: LinkId, ready: Ready) -> Option<Frame> {
        match ready {
            Ready::Channel(channel, id) => {
                let publication = self.publications.get_mut(&id)?;
                let frame = publication.next_frame(link, channel, &mut self.cx);
                self.settle_publication(id);
                frame
            }
            Ready::Report => self.report(link),
        }
    }

    fn publication(
        &mut self,
        link: LinkId,
        channel: livecluster_mrtmp::id::Channel,
        act: impl FnOnce(&mut Publication, usize, &mut Context),
    ) {
        // A channel that is no longer known was withdrawn while the frame was under way.
        let Some(id) = self.cx.links.get_mut(link).and_then(|link| link.publication(channel)) else {
            return;
        };
        if let Some(publication) = self.publications.get_mut(&id)
            && let Some(at) = publication.uplink_at(link, channel)
        {
            act(publication, at, &mut self.cx);
        }
        self.settle_publication(id);
    }

    fn subscription(&mut self, link: LinkId, group: u32, act: impl FnOnce(&mut Subscription, &mut Context)) {
        let Some(key) = self.cx.links.get_mut(link).and_then(|link| link.stream(group)) else {
            return;
        };
        if let Some(subscription) = self.subscriptions.get_mut(&key) {
            act(subscription, &mut self.cx);
        }
        self.settle_subscription(&key);
    }

    fn viewer(
        &mut self,
        link: LinkId,
        viewer: (ClientId, u32),
        act: impl FnOnce(&mut Subscription, (ClientId, u32), &mut Context),
    ) {
        let Some(key) = self.cx.viewers.get(&viewer).cloned() else {
            return;
        };
        if let Some(subscription) = self.subscriptions.get_mut(&key)
            && subscription.is_asked_at(link)
        {
            act(subscription, viewer, &mut self.cx);
        }
        self.settle_subscription(&key);
    }

    fn from(&mut self, link: LinkId, from: livecluster_mrtmp::frame::From) {
        let own = self.publications.get(&from.publication).map(|own| Arc::clone(own.feed()));
        self.subscription(link, from.group.0, |subscription, cx| subscription.from(link, &from, own, cx));
    }

    fn not_owner(&mut self, link: LinkId, frame: &NotOwner) {
        match frame.of {
            Asked::Channel(channel) => self.publication(link, channel, |p, at, cx| p.not_owner(at, cx)),
            Asked::Group(group) => self.subscription(link, group.0, |s, cx| s.not_owner(link, cx)),
            // The watch on the same link gets the same answer; after the next one all viewers are asked for again.
            Asked::Play(..) => {}
        }
    }

    fn settle_publication(&mut self, id: PublicationId) {
        if self.publications.get(&id).is_some_and(Publication::is_over)
            && let Some(publication) = self.publications.remove(&id)
        {
            publication.withdraw(&mut self.cx);
            self.cx.timers.forget(&Timer::Publication(id));
        }
    }

    fn settle_subscription(&mut self, key: &Key) {
        if self.subscriptions.get(key).is_some_and(Subscription::is_over)
            && let Some(subscription) = self.subscriptions.remove(key)
        {
            subscription.withdraw(&mut self.cx);
            self.cx.timers.forget(&Timer::Subscription(key.clone()));
            self.cx.timers.forget(&Timer::Ack(key.clone()));
        }
    }

    /// Whether there is a publication here of which somebody may still lack something.
    pub fn has_publications(&self) -> bool {
        !self.publications.is_empty()
    }

    /// The origins that this edge is bound to.
    pub fn bound_origins(&self) -> impl Iterator<Item = &Name> {
        let publications = self.publications.values().flat_map(Publication::origins);
        publications.chain(self.subscriptions.values().flat_map(Subscription::origins))
    }
}

/// The peer sent what only an edge may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an origin sent a frame that only an edge may send")]
pub struct Violation;
