//! A stream that clients of this edge watch: its viewers, the feed that they read, and where that comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Ack, Cause, Client, From, Leave, Media, Play, Unwatch, Watch};
use livecluster_mrtmp::id::{ClientId, Group, Name, PublicationId};
use livecluster_mrtmp::route::Key;
use livecluster_rtmp::Message;
use livecluster_rtmp::broadcast::{Append, Broadcast};
use livecluster_rtmp::message::Kind;

use super::binding::{Binding, Move};
use super::context::{ClientEvent, Context, Timer};
use super::feed::{Closed, Feed};
use super::link::LinkId;

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
    interrupted: Option<Instant>,
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
    /// It is a client's of this edge: nothing comes down.
    local: bool,
    /// Until something of what FROM announced has come, and its headers with it: the first number that viewers lack.
    lacks: Option<u64>,
}

/// An origin that is watched.
#[derive(Debug)]
struct Source {
    origin: Name,
    link: Option<(LinkId, Group)>,
    /// FROM came on this link: what follows counts.
    flows: bool,
    /// The first number that was missing here when it was asked.
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
        let feed = Feed::new(Broadcast::starting_at(0, cx.config.log));
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

    // Viewers.

    pub fn add_viewer(&mut self, client: (ClientId, u32), asks: Arc<Client>, cx: &mut Context) {
        self.viewers.insert(
            client,
            Viewer {
                asks,
                granted: false,
                seated: false,
            },
        );
        cx.viewers.insert(client, self.key.clone());
        self.ask_for(client, cx);
    }

    pub fn remove_viewer(&mut self, client: (ClientId, u32), cx: &mut Context) {
        cx.viewers.remove(&client);
        if self.viewers.remove(&client).is_none() {
            return;
        }
        if let Some((link, _)) = self.asked().and_then(|source| source.link) {
            cx.control(
                link,
                Frame::Leave(Leave {
                    client: client.0,
                    stream_id: client.1,
                }),
            );
        }
    }

    /// Asks the wanted origin to let a viewer in, if there is a link to it.
    fn ask_for(&self, client: (ClientId, u32), cx: &mut Context) {
        let (Some(viewer), Some((link, _))) = (
            self.viewers.get(&client),
            self.asked().and_then(|source| source.link),
        ) else {
            return;
        };
        let play = Play {
            client: client.0,
            stream_id: client.1,
            key: self.key.clone(),
            generation: cx.table.generation(),
            granted: viewer.granted,
            asks: Arc::clone(&viewer.asks),
        };
        cx.control(link, Frame::Play(play));
    }

    pub fn joined(&mut self, client: (ClientId, u32), cx: &mut Context) {
        let Some(viewer) = self.viewers.get_mut(&client) else {
            return;
        };
        viewer.granted = true;
        if self.bound.as_ref().is_some_and(|source| source.flows) {
            self.seat_viewers(cx);
        }
    }

    /// Viewers that were let in are given the feed, once it is known what the stream shows.
    fn seat_viewers(&mut self, cx: &mut Context) {
        for (client, viewer) in &mut self.viewers {
            if viewer.granted && !std::mem::replace(&mut viewer.seated, true) {
                cx.tell(*client, ClientEvent::Joined(Arc::clone(&self.feed)));
            }
        }
    }

    pub fn play_refused(
        &mut self,
        client: (ClientId, u32),
        code: String,
        description: String,
        cx: &mut Context,
    ) {
        cx.viewers.remove(&client);
        if self.viewers.remove(&client).is_some() {
            cx.tell(client, ClientEvent::PlayRefused { code, description });
        }
    }

    pub fn expelled(&mut self, client: (ClientId, u32), cx: &mut Context) {
        cx.viewers.remove(&client);
        if self.viewers.remove(&client).is_some() {
            cx.tell(client, ClientEvent::Expelled);
        }
    }

    // Where it comes from.

    /// The source that is asked about viewers: the wanted one.
    fn asked(&self) -> Option<&Source> {
        self.candidate.as_ref().or(self.bound.as_ref())
    }

    pub fn is_asked_at(&self, link: LinkId) -> bool {
        self.sources().any(|source| source.is_on(link))
    }

    fn sources(&self) -> impl Iterator<Item = &Source> {
        self.bound.iter().chain(&self.candidate)
    }

    /// Follows the routes.
    pub fn retarget(&mut self, cx: &mut Context) {
        let at = self.asked().map(|source| source.origin.clone());
        let live = self.showing.is_some();
        match self
            .binding
            .follow(&cx.table, &self.key, at.as_ref(), live, cx.now)
        {
            Move::To(origin) => self.go_to(origin, cx),
            Move::Later(at) => cx.timers.set(at, Timer::Subscription(self.key.clone())),
            Move::Stay => self.watch_unless_asked(cx),
        }
        self.hold(cx);
    }

    fn go_to(&mut self, origin: Name, cx: &mut Context) {
        if let Some(source) = self.candidate.take() {
            self.leave(&source, cx);
        }
        // What flows goes on flowing until the new origin answers.
        if self
            .bound
            .as_ref()
            .is_some_and(|bound| !bound.flows || bound.origin == origin)
            && let Some(source) = self.bound.take()
        {
            self.leave(&source, cx);
        }
        self.candidate = Some(Source::at(origin));
        self.watch(cx);
        cx.report_stream(&self.key);
    }

    /// The stream comes from another origin now. One that can't be told is told when it can.
    fn leave(&mut self, source: &Source, cx: &mut Context) {
        match source.link {
            Some(_) => source.unwatch(true, cx),
            None => drop(self.left.insert(source.origin.clone())),
        }
    }

    /// Tells an origin that was left without a word that this edge watches elsewhere; else the publisher's edge would
    /// hear that it has left.
    fn say_moved(&mut self, origin: &Name, cx: &mut Context) {
        if !self.left.remove(origin) {
            return;
        }
        let Some((link, found)) = cx
            .links
            .to(origin)
            .and_then(|link| Some((link, cx.links.get_mut(link)?)))
        else {
            return;
        };
        let group = found.open_group(&self.key);
        found.close_group(group);
        let watch = self.watch_frame(group, cx);
        cx.control(link, Frame::Watch(watch));
        cx.control(link, Frame::Unwatch(Unwatch { group, moves: true }));
    }

    fn watch_unless_asked(&mut self, cx: &mut Context) {
        if self.asked().is_some_and(|source| source.link.is_none()) {
            self.watch(cx);
        }
    }

    /// Watches at the wanted origin, from where this edge stands, if there is a link to it.
    fn watch(&mut self, cx: &mut Context) {
        let Some(origin) = self.asked().map(|source| source.origin.clone()) else {
            return;
        };
        let Some(link) = cx.link_to(&origin) else {
            return;
        };
        let Some(group) = cx
            .links
            .get_mut(link)
            .map(|found| found.open_group(&self.key))
        else {
            return;
        };
        let next = self.next();
        let source = self.candidate.as_mut().or(self.bound.as_mut());
        if let Some(source) = source {
            source.ask((link, group), next);
        }
        cx.control(link, Frame::Watch(self.watch_frame(group, cx)));
        for client in self.viewers.keys().copied().collect::<Vec<_>>() {
            self.ask_for(client, cx);
        }
    }

    fn watch_frame(&self, group: Group, cx: &Context) -> Watch {
        let at = self.showing.filter(|_| self.feed.closed().is_none());
        let next = self.next();
        Watch {
            group,
            key: self.key.clone(),
            generation: cx.table.generation(),
            at: at.map(|showing| (showing.publication, next)),
        }
    }

    /// The first number that viewers lack of what is shown.
    fn next(&self) -> u64 {
        let lacks = self.showing.and_then(|showing| showing.lacks);
        lacks.unwrap_or_else(|| self.feed.log().next())
    }

    /// Asks the same origin again, on the same link, from where this edge stands. The new group is opened before the
    /// old one is given up, so that this edge never leaves the publisher's map.
    fn watch_again(&mut self, link: LinkId, cx: &mut Context) {
        let Some(group) = cx
            .links
            .get_mut(link)
            .map(|found| found.open_group(&self.key))
        else {
            return;
        };
        cx.control(link, Frame::Watch(self.watch_frame(group, cx)));
        let next = self.next();
        if let Some(source) = self.source_on(link) {
            source.unwatch(false, cx);
            source.ask((link, group), next);
        }
    }

    fn source_on(&mut self, link: LinkId) -> Option<&mut Source> {
        self.bound
            .iter_mut()
            .chain(&mut self.candidate)
            .find(|source| source.is_on(link))
    }

    pub fn link_up(&mut self, origin: &Name, cx: &mut Context) {
        if self
            .asked()
            .is_some_and(|source| source.origin == *origin && source.link.is_none())
        {
            self.left.remove(origin);
            self.watch(cx);
        }
        self.say_moved(origin, cx);
    }

    pub fn link_down(&mut self, link: LinkId, cx: &mut Context) {
        if self.bound.as_ref().is_some_and(|source| source.is_on(link)) && self.candidate.is_some()
        {
            self.left
                .extend(self.bound.take().map(|bound| bound.origin));
            self.take_candidate_that_awaits(cx);
        }
        if let Some(source) = self.source_on(link) {
            source.rest();
            let origin = source.origin.clone();
            cx.outputs.push_back(super::Output::Dial(origin));
        }
        self.interrupt();
        self.hold(cx);
    }

    /// What the wanted origin said while the stream came from another counts now.
    fn take_candidate_that_awaits(&mut self, cx: &mut Context) {
        if let Some((link, held)) = self.candidate_that_awaits() {
            self.awaiting(link, held, cx);
        }
    }

    fn candidate_that_awaits(&self) -> Option<(LinkId, bool)> {
        let candidate = self.candidate.as_ref()?;
        Some((candidate.link?.0, candidate.awaits?))
    }

    pub fn not_owner(&mut self, link: LinkId, cx: &mut Context) {
        if let Some(source) = self.source_on(link) {
            if let Some((link, group)) = source.link
                && let Some(link) = cx.links.get_mut(link)
            {
                link.close_group(group);
            }
            source.rest();
        }
        self.hold(cx);
        cx.after(ASK_AGAIN, Timer::Subscription(self.key.clone()));
    }

    fn interrupt(&mut self) {
        if self.interrupted.is_none() && self.feed.closed().is_none() {
            self.interrupted = self.last_media;
        }
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

    // What an origin says.

    pub fn from(&mut self, link: LinkId, from: &From, own: Option<Arc<Feed>>, cx: &mut Context) {
        if !self.is_current_group(link, from.group) {
            return;
        }
        let next = self.feed.log().next();
        let same = self
            .showing
            .is_some_and(|showing| showing.publication == from.publication)
            && self.feed.closed().is_none();
        if let Some((_, next)) = self.ended.filter(|(id, _)| *id == from.publication) {
            return self.decline(link, from.group, next, cx);
        }
        match from.cause {
            Cause::Local => return self.show_local(link, from, own, cx),
            // This edge has moved on since it asked, or asked about a log that is no longer there.
            Cause::Discontinuity | Cause::Continue if same && self.has_not_begun() => {
                self.skip_to(from, cx);
            }
            Cause::Discontinuity | Cause::Continue
                if same && self.must_ask_again(link, from, next) =>
            {
                return self.watch_again(link, cx);
            }
            Cause::Discontinuity if same => self.skip_to(from, cx),
            Cause::Continue if same => {}
            _ => self.show(from, cx),
        }
        self.flow(link, cx);
    }

    /// All of what an origin will send was seen here to its end: it is acknowledged, and nothing of it is taken.
    fn decline(&mut self, link: LinkId, group: Group, next: u64, cx: &mut Context) {
        cx.control(link, Frame::Ack(Ack { group, next }));
        if self.feed.closed().is_some() {
            self.showing = None;
            self.flow(link, cx);
        } else if let Some(source) = self.source_on(link) {
            source.flows = false;
        }
    }

    fn must_ask_again(&self, link: LinkId, from: &From, next: u64) -> bool {
        let has_moved_on = self
            .sources()
            .any(|source| source.is_on(link) && !source.flows && next > source.asked);
        match from.cause {
            Cause::Discontinuity => has_moved_on || next >= from.next,
            _ => next < from.next,
        }
    }

    fn is_current_group(&self, link: LinkId, group: Group) -> bool {
        self.sources()
            .any(|source| source.link == Some((link, group)))
    }

    /// The answer of the wanted origin binds to it; the old one is left only now.
    fn flow(&mut self, link: LinkId, cx: &mut Context) {
        if self
            .candidate
            .as_ref()
            .is_some_and(|source| source.is_on(link))
        {
            let old = self.bound.take();
            self.bound = self.candidate.take();
            if let Some(old) = old {
                self.leave(&old, cx);
                self.interrupt();
            }
        }
        if let Some(source) = self.source_on(link) {
            source.flows = true;
        }
        self.hold(cx);
        self.seat_viewers(cx);
        cx.report_stream(&self.key);
    }

    /// Goes over to another publication.
    fn show(&mut self, from: &From, cx: &Context) {
        let feed = Feed::new(Broadcast::starting_at(from.next, cx.config.log));
        self.replace(feed, from, false);
    }

    fn show_local(&mut self, link: LinkId, from: &From, own: Option<Arc<Feed>>, cx: &mut Context) {
        let Some(own) = own else {
            return;
        };
        if !Arc::ptr_eq(&own, &self.feed) {
            self.replace(own, from, true);
        }
        self.flow(link, cx);
    }

    fn replace(&mut self, feed: Arc<Feed>, from: &From, local: bool) {
        self.feed.follow_with(&feed);
        self.feed = feed;
        self.showing = Some(Showing {
            publication: from.publication,
            local,
            lacks: (!local).then_some(0),
        });
    }

    fn has_not_begun(&self) -> bool {
        self.showing.is_some_and(|showing| showing.lacks.is_some())
    }

    fn skip_to(&mut self, from: &From, cx: &mut Context) {
        cx.counters.discontinuities += u64::from(!self.has_not_begun());
        let lacks = self.next();
        if let Some(showing) = &mut self.showing {
            showing.lacks = Some(lacks);
        }
        let feed = Feed::new(Broadcast::starting_at(from.next, cx.config.log));
        self.feed.skip_to(&feed);
        self.feed = feed;
    }

    pub fn awaiting(&mut self, link: LinkId, held: bool, cx: &mut Context) {
        let is_fed = self.showing.is_some() && self.feed.closed().is_none();
        if is_fed
            && self.bound.as_ref().is_some_and(|bound| bound.flows)
            && let Some(candidate) = self.candidate.as_mut().filter(|one| one.is_on(link))
        {
            candidate.awaits = Some(held);
            return;
        }
        if !held {
            self.feed.close(Closed::Ended);
            self.showing = None;
        }
        self.flow(link, cx);
    }

    pub fn header(&mut self, link: LinkId, media: Media, cx: &mut Context) {
        if self.takes_from(link, media.id) {
            self.feed
                .log()
                .preset(media.sequence, message(media), cx.now);
        }
    }

    pub fn media(&mut self, link: LinkId, media: Media, cx: &mut Context) {
        if !self.takes_from(link, media.id) {
            cx.counters.duplicates += 1;
            return;
        }
        match self.feed.append(media.sequence, message(media), cx.now) {
            Append::Appended => self.appended(cx),
            Append::Duplicate | Append::Ended => cx.counters.duplicates += 1,
            Append::Gap => self.watch_again(link, cx),
        }
    }

    pub fn end(&mut self, link: LinkId, sequence: u64, cx: &mut Context) {
        let Some((_, Group(id))) = self.bound.as_ref().and_then(|bound| bound.link) else {
            return;
        };
        if !self.takes_from(link, id) {
            return;
        }
        match self.feed.finish(sequence) {
            Append::Appended => self.ended(cx),
            Append::Gap => self.watch_again(link, cx),
            Append::Duplicate | Append::Ended => {}
        }
    }

    /// No origin is to wait for what has ended.
    fn ended(&mut self, cx: &mut Context) {
        self.appended(cx);
        let next = self.feed.log().next();
        self.ended = self.showing.map(|showing| (showing.publication, next));
        if let Some((link, _)) = self.candidate_that_awaits() {
            self.watch_again(link, cx);
        }
    }

    /// Only the bound source counts, and only a publication that comes down.
    fn takes_from(&self, link: LinkId, group: u32) -> bool {
        let bound = self
            .bound
            .as_ref()
            .is_some_and(|source| source.flows && source.link == Some((link, Group(group))));
        bound && self.showing.is_some_and(|showing| !showing.local)
    }

    fn appended(&mut self, cx: &mut Context) {
        if let Some(before) = self.interrupted.take() {
            cx.counters
                .gaps
                .push(cx.now.saturating_duration_since(before));
        }
        self.last_media = Some(cx.now);
        if let Some(showing) = &mut self.showing {
            showing.lacks = None;
        }
        if !std::mem::replace(&mut self.ack_is_due, true) {
            cx.after(ACK_EVERY, Timer::Ack(self.key.clone()));
        }
    }

    pub fn acknowledge(&mut self, cx: &mut Context) {
        self.ack_is_due = false;
        if self.has_not_begun() || self.showing.is_none_or(|showing| showing.local) {
            return;
        }
        if let Some((link, group)) = self
            .bound
            .as_ref()
            .filter(|bound| bound.flows)
            .and_then(|bound| bound.link)
        {
            let next = self.feed.log().next();
            cx.control(link, Frame::Ack(Ack { group, next }));
        }
    }

    // Time.

    pub fn due(&mut self, cx: &mut Context) {
        self.retarget(cx);
        let held_out = self
            .unfed_since
            .is_some_and(|since| cx.now.saturating_duration_since(since) >= cx.config.hold);
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
        Self {
            origin,
            link: None,
            flows: false,
            asked: 0,
            awaits: None,
        }
    }

    /// It was asked to go on at `next`, and has not answered.
    fn ask(&mut self, at: (LinkId, Group), next: u64) {
        self.link = Some(at);
        self.flows = false;
        self.asked = next;
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
    Message {
        kind: Kind(media.kind),
        timestamp: media.timestamp,
        stream_id: 1,
        payload: media.payload,
    }
}
