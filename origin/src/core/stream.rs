//! One stream at its origin: its publications, who may publish next, who watches, who plays.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Cause, Join, Media, Play, PlayRefused, Watch};
use livecluster_mrtmp::id::{BootId, Channel, ClientId, Group, Name, PublicationId, Term};
use livecluster_mrtmp::route::Key;
use livecluster_rtmp::broadcast::Append;

use super::context::Context;
use super::link::{LinkId, Ready};
use super::publication::Publication;
use super::takeover::Newcomer;
use super::watcher::{View, Watcher};

/// A stream that someone publishes or watches.
#[derive(Debug)]
pub struct Stream {
    pub(super) key: Key,
    pub(super) publications: BTreeMap<PublicationId, Publication>,
    pub(super) current: Option<PublicationId>,
    /// Publishes without an answer yet, oldest first.
    pub(super) newcomers: Vec<Newcomer>,
    pub(super) last_term: Term,
    watchers: BTreeMap<(LinkId, Group), Watcher>,
    /// Edges whose link was lost, until they are taken for gone.
    absent: BTreeMap<Name, Instant>,
    /// Edges that watch at another origin, until the publisher's edge is there too, or they are taken for gone.
    moved: BTreeMap<Name, Instant>,
    viewers: BTreeSet<(LinkId, ClientId, u32)>,
}

/// How long stability is collected before the publisher's edge is told.
const STABLE_EVERY: Duration = Duration::from_millis(250);
/// How long viewers wait for the tail of a publication that was superseded.
const TAIL: Duration = Duration::from_secs(2);

impl Stream {
    pub(super) fn new(key: Key) -> Self {
        Self {
            key,
            publications: BTreeMap::new(),
            current: None,
            newcomers: Vec::new(),
            last_term: Term::default(),
            watchers: BTreeMap::new(),
            absent: BTreeMap::new(),
            moved: BTreeMap::new(),
            viewers: BTreeSet::new(),
        }
    }

    /// Its key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// What is published now.
    pub fn current(&self) -> Option<&Publication> {
        self.current.and_then(|id| self.publications.get(&id))
    }

    /// Viewers at all edges.
    pub fn viewers(&self) -> usize {
        self.viewers.len()
    }

    /// Edges that watch.
    pub fn edges(&self) -> usize {
        self.watchers.len()
    }

    pub(super) fn largest_log(&self) -> usize {
        let logs = self.publications.values().map(|one| one.log.bytes());
        logs.max().unwrap_or(0)
    }

    pub(super) fn is_over(&self) -> bool {
        self.publications.is_empty()
            && self.newcomers.is_empty()
            && self.watchers.is_empty()
            && self.viewers.is_empty()
    }

    // Media.

    pub(super) fn is_fed_by(&self, id: PublicationId, link: LinkId, channel: Channel) -> bool {
        self.publications
            .get(&id)
            .is_some_and(|publication| publication.source == Some((link, channel)))
    }

    pub(super) fn header(&mut self, id: PublicationId, media: Media, cx: &mut Context) {
        if let Some(publication) = self.publications.get_mut(&id) {
            publication.header(media, cx);
        }
    }

    pub(super) fn media(&mut self, id: PublicationId, media: Media, cx: &mut Context) {
        let Some(publication) = self.publications.get_mut(&id) else {
            return;
        };
        let began = publication.is_empty();
        if publication.append(media, cx) == Append::Appended {
            self.appended(id, began, cx);
        }
    }

    pub(super) fn end(&mut self, id: PublicationId, sequence: u64, cx: &mut Context) {
        let Some(publication) = self.publications.get_mut(&id) else {
            return;
        };
        if publication.finish(sequence, cx) != Append::Appended {
            return;
        }
        if self.current == Some(id) {
            self.current = None;
        }
        self.appended(id, true, cx);
        self.decide(cx);
        cx.report(&self.key);
    }

    fn appended(&mut self, id: PublicationId, began: bool, cx: &mut Context) {
        let Some(publication) = self.publications.get_mut(&id) else {
            return;
        };
        if publication.stable_at.is_none() {
            publication.stable_at = Some(cx.now.instant + STABLE_EVERY);
            cx.after(STABLE_EVERY, &self.key);
        }
        let caught_up = publication.next() == publication.expected;
        for watcher in self.watchers.values_mut() {
            wake(watcher, publication, &self.key, cx);
        }
        if began || self.someone_waits_for(id) {
            self.reconsider(cx);
        }
        if caught_up {
            self.decide(cx);
        }
    }

    fn someone_waits_for(&self, id: PublicationId) -> bool {
        self.watchers
            .values()
            .any(|watcher| matches!(watcher.view, View::Waiting(Some((at, _))) if at == id))
    }

    pub(super) fn trim(&mut self, id: PublicationId, oldest: u64) {
        if let Some(publication) = self.publications.get_mut(&id) {
            publication.trim(oldest);
        }
    }

    pub(super) fn entered(&mut self, id: PublicationId, edge: &Name, cx: &mut Context) {
        if let Some(publication) = self.publications.get_mut(&id) {
            publication.set_entered(edge);
        }
        self.reconsider(cx);
    }

    // Edges that watch.

    pub(super) fn watch(&mut self, link: LinkId, watch: &Watch, cx: &mut Context) {
        let Some(edge) = cx.links.name_of(link) else {
            return;
        };
        self.absent.remove(&edge);
        self.moved.remove(&edge);
        let watcher = Watcher::new(edge, link, watch.group, watch.at, cx.now.instant);
        self.watchers.insert((link, watch.group), watcher);
        self.reconsider(cx);
        cx.after(TAIL, &self.key);
        cx.after(cx.config.hold, &self.key);
    }

    pub(super) fn unwatch(&mut self, at: (LinkId, Group), moves: bool, cx: &mut Context) {
        let Some(watcher) = self.watchers.remove(&at) else {
            return;
        };
        if !moves {
            return self.unlist(&watcher.edge, cx);
        }
        let until = cx.now.instant + cx.config.hold;
        self.moved.insert(watcher.edge, until);
        cx.after(cx.config.hold, &self.key);
    }

    pub(super) fn is_watched_on(&self, link: LinkId) -> bool {
        self.watchers.keys().any(|(of, _)| *of == link)
    }

    /// An edge that no longer watches has no viewers: they left, or are counted at another origin.
    pub(super) fn dismiss_viewers(&mut self, link: LinkId, cx: &mut Context) {
        self.viewers.retain(|(of, ..)| *of != link);
        if let Some(link) = cx.links.get_mut(link) {
            link.remove_viewers_of(&self.key);
        }
    }

    /// An edge no longer wants the stream, unless another group of it does.
    fn unlist(&mut self, edge: &Name, cx: &mut Context) {
        if self.watchers.values().any(|watcher| watcher.edge == *edge) {
            return;
        }
        for publication in self.publications.values_mut() {
            publication.note(edge, None);
            publication.tell_stable(cx);
        }
    }

    pub(super) fn acknowledged(&mut self, at: (LinkId, Group), next: u64, cx: &mut Context) {
        let Some(watcher) = self.watchers.get(&at) else {
            return;
        };
        let (View::Showing(id, sent), edge) = (watcher.view, watcher.edge.clone()) else {
            return;
        };
        // More than was sent: it is about the publication that the group showed before.
        if next > sent {
            return;
        }
        let Some(publication) = self.publications.get_mut(&id) else {
            return;
        };
        publication.note(&edge, Some(next));
        if publication.stable_at.is_none() {
            publication.stable_at = Some(cx.now.instant + STABLE_EVERY);
            cx.after(STABLE_EVERY, &self.key);
        }
    }

    /// An edge has named all that it still has and wants: what it did not name is over.
    pub(super) fn restated(&mut self, edge: &Name, boot: BootId, cx: &mut Context) {
        if self.absent.remove(edge).is_some() {
            self.unlist(edge, cx);
        }
        let unnamed = self
            .publications
            .values()
            .filter(|one| one.edge == *edge && one.source.is_none());
        for id in unnamed.map(|one| one.id).collect::<Vec<_>>() {
            // The edge lost its memory: this publisher comes back nowhere.
            if id.edge != boot {
                self.dismiss_watchers(id, cx);
            }
            self.forget(id, cx);
        }
        self.decide(cx);
    }

    pub(super) fn next_frame(&mut self, at: (LinkId, Group), cx: &mut Context) -> Option<Frame> {
        let watcher = self.watchers.get_mut(&at)?;
        watcher.is_ready = false;
        let View::Showing(id, _) = watcher.view else {
            return None;
        };
        let publication = self.publications.get(&id)?;
        let frame = watcher.next_frame(publication, cx);
        wake(watcher, publication, &self.key, cx);
        if frame.is_none() || !watcher.is_ready {
            self.reconsider_one(at, cx);
        }
        frame
    }

    /// Looks for every edge at what it is to be shown.
    pub(super) fn reconsider(&mut self, cx: &mut Context) {
        for at in self.watchers.keys().copied().collect::<Vec<_>>() {
            self.reconsider_one(at, cx);
        }
    }

    fn reconsider_one(&mut self, at: (LinkId, Group), cx: &mut Context) {
        let Some(watcher) = self.watchers.get(&at) else {
            return;
        };
        match watcher.view {
            View::Waiting(None) => self.start(at, None, cx),
            View::Waiting(Some(wanted)) => self.resume_watcher(at, wanted, cx),
            View::Local(id) => self.after_end_of(at, id, u64::MAX, cx),
            View::Showing(id, next) => self.after_end_of(at, id, next, cx),
        }
    }

    /// Goes over to the current publication once the edge has all of the one that it is shown.
    fn after_end_of(
        &mut self,
        at: (LinkId, Group),
        id: PublicationId,
        next: u64,
        cx: &mut Context,
    ) {
        let over = match self.publications.get(&id) {
            Some(shown) => shown.is_complete() && next >= shown.next().min(shown.limit()),
            None => true,
        };
        let Some(watcher) = self.watchers.get_mut(&at) else {
            return;
        };
        match self.publications.get(&id) {
            Some(_) if !over => {}
            // Its publisher may come back, here or at another origin.
            None if self.current.is_none() => {
                watcher.wait_for(Some((id, next)), cx.now.instant);
                cx.after(cx.config.hold, &self.key);
            }
            _ if self.current.is_some_and(|current| current != id) => {
                let ended = self
                    .publications
                    .get(&id)
                    .is_some_and(|shown| shown.log.end().is_some());
                let cause = if ended {
                    Cause::Continue
                } else {
                    Cause::Change
                };
                self.start(at, Some(cause), cx);
            }
            _ => {}
        }
    }

    /// Shows the current publication from its latest start point, once its publisher's edge knows of this edge.
    fn start(&mut self, at: (LinkId, Group), cause: Option<Cause>, cx: &mut Context) {
        let Some(watcher) = self.watchers.get_mut(&at) else {
            return;
        };
        let Some(current) = self.current.and_then(|id| self.publications.get_mut(&id)) else {
            return watcher.await_publisher(false, cx);
        };
        if current.edge == watcher.edge {
            return watcher.show_local(current, cx);
        }
        if !current.has_entered(&watcher.edge) {
            let next = current
                .log
                .latest_start_point()
                .unwrap_or_else(|| current.log.oldest());
            return current.ask_to_enter(&watcher.edge, next, cx);
        }
        if current.is_empty() {
            return;
        }
        watcher.show_latest(current, cause.unwrap_or(Cause::Continue), cx);
        wake(watcher, current, &self.key, cx);
    }

    /// An edge that had a publication goes on with it, if that can still be.
    fn resume_watcher(
        &mut self,
        at: (LinkId, Group),
        (wanted, next): (PublicationId, u64),
        cx: &mut Context,
    ) {
        let Some(watcher) = self.watchers.get_mut(&at) else {
            return;
        };
        let waited = cx.now.instant.saturating_duration_since(watcher.since);
        let held_out = waited >= cx.config.hold;
        let Some(publication) = self.publications.get_mut(&wanted) else {
            return match self.follows(wanted, next, waited, held_out, cx) {
                Some(cause) => self.start(at, Some(cause), cx),
                None if held_out => self.give_up(at, cx),
                None => self.tell_held(at, cx),
            };
        };
        if publication.edge == watcher.edge {
            return watcher.show_local(publication, cx);
        }
        if !publication.has_entered(&watcher.edge) && publication.source.is_some() {
            publication.ask_to_enter(&watcher.edge, next, cx);
            return;
        }
        let log = &publication.log;
        if publication.is_empty() || next > publication.next() {
            // It has not come this far yet, or never will.
            return match publication.is_complete() && self.current != Some(wanted) {
                true => self.start(at, Some(Cause::Change), cx),
                false => watcher.await_publisher(true, cx),
            };
        }
        match next >= log.oldest() {
            true => watcher.go_on(publication, next, cx),
            false => watcher.show_latest(publication, Cause::Discontinuity, cx),
        }
        wake(watcher, publication, &self.key, cx);
    }

    /// Whether the current publication is what viewers of an unknown one go on with, and now.
    fn follows(
        &self,
        wanted: PublicationId,
        next: u64,
        waited: Duration,
        held_out: bool,
        cx: &Context,
    ) -> Option<Cause> {
        let current = self.current()?;
        if current
            .provisional_until
            .is_some_and(|until| cx.now.instant < until)
            && !held_out
        {
            return None;
        }
        match current.grant.previous {
            Some((previous, last)) if previous == wanted => {
                (next >= last || waited >= TAIL).then_some(Cause::Change)
            }
            _ => held_out.then_some(Cause::Change),
        }
    }

    fn tell_held(&mut self, at: (LinkId, Group), cx: &mut Context) {
        if let Some(watcher) = self.watchers.get_mut(&at) {
            watcher.await_publisher(true, cx);
        }
    }

    fn give_up(&mut self, at: (LinkId, Group), cx: &mut Context) {
        if let Some(watcher) = self.watchers.get_mut(&at) {
            watcher.view = View::Waiting(None);
            watcher.await_publisher(false, cx);
        }
    }

    /// Whether some edge waits for a publication that is not here.
    pub(super) fn is_awaited(&self) -> bool {
        self.watchers
            .values()
            .any(|watcher| matches!(watcher.view, View::Waiting(Some((id, _))) if !self.publications.contains_key(&id)))
    }

    // Viewers.

    pub(super) fn play(&mut self, link: LinkId, play: &Play, cx: &mut Context) {
        if !play.granted && !cx.applications.allows(self.key.app()) {
            cx.counters.refusals += 1;
            let refused = PlayRefused {
                client: play.client,
                stream_id: play.stream_id,
                code: "NetStream.Play.Failed".to_owned(),
                description: format!("application {} is not listed", self.key.app()),
            };
            return cx.control(link, Frame::PlayRefused(refused));
        }
        self.viewers.insert((link, play.client, play.stream_id));
        cx.control(
            link,
            Frame::Join(Join {
                client: play.client,
                stream_id: play.stream_id,
            }),
        );
    }

    pub(super) fn leave(&mut self, link: LinkId, (client, stream_id): (ClientId, u32)) {
        self.viewers.remove(&(link, client, stream_id));
    }

    // Links and time.

    pub(super) fn link_down(&mut self, link: LinkId, edge: &Name, cx: &mut Context) {
        self.viewers.retain(|(of, ..)| *of != link);
        let watched = self.watchers.len();
        self.watchers.retain(|(of, _), _| *of != link);
        if self.watchers.len() < watched {
            self.absent
                .insert(edge.clone(), cx.now.instant + cx.config.hold);
        }
        for publication in self.publications.values_mut() {
            if publication.source.is_some_and(|(of, _)| of == link) {
                publication.unbind(cx.now.instant);
            }
        }
        self.newcomers.retain(|newcomer| newcomer.link != link);
        self.decide(cx);
        cx.after(cx.config.hold, &self.key);
        cx.report(&self.key);
    }

    pub(super) fn due(&mut self, cx: &mut Context) {
        let now = cx.now.instant;
        for publication in self.publications.values_mut() {
            if publication.stable_at.is_some_and(|at| at <= now) {
                publication.tell_stable(cx);
            }
        }
        let away = self.absent.iter().chain(&self.moved);
        let gone: Vec<_> = away
            .filter(|(_, at)| **at <= now)
            .map(|(edge, _)| edge.clone())
            .collect();
        for edge in gone {
            self.absent.remove(&edge);
            self.moved.remove(&edge);
            self.unlist(&edge, cx);
        }
        self.end_holds(cx);
        self.decide(cx);
        self.reconsider(cx);
    }

    /// Publications whose publisher's edge stayed away are over; their viewers are told.
    fn end_holds(&mut self, cx: &mut Context) {
        let (now, hold) = (cx.now.instant, cx.config.hold);
        let over: Vec<_> = self
            .publications
            .values()
            .filter(|one| {
                one.held_since
                    .is_some_and(|since| now.saturating_duration_since(since) >= hold)
            })
            .map(|one| one.id)
            .collect();
        for id in over {
            self.dismiss_watchers(id, cx);
            self.forget(id, cx);
        }
    }

    /// The publisher's edge needs a publication no more, or not here: if it has ended, its viewers wait for another.
    pub(super) fn withdrawn(&mut self, id: PublicationId, cx: &mut Context) {
        let ended = |publication: &Publication| publication.log.end().is_some();
        if self.publications.get(&id).is_some_and(ended) {
            self.dismiss_watchers(id, cx);
        }
        self.forget(id, cx);
    }

    /// Who was shown a publication, or waited for it, waits for whatever comes.
    fn dismiss_watchers(&mut self, id: PublicationId, cx: &Context) {
        for watcher in self.watchers.values_mut() {
            if watcher.view.publication() == Some(id) {
                watcher.wait_for(None, cx.now.instant);
            }
        }
    }

    /// Nothing of a publication is kept.
    fn forget(&mut self, id: PublicationId, cx: &mut Context) {
        self.publications.remove(&id);
        if self.current == Some(id) {
            self.current = None;
        }
        self.reconsider(cx);
        cx.report(&self.key);
    }
}

/// Queues an edge that can be sent something.
fn wake(watcher: &mut Watcher, publication: &Publication, key: &Key, cx: &mut Context) {
    if !watcher.is_ready && watcher.has_more(publication) {
        watcher.is_ready = true;
        cx.ready(watcher.link, Ready::Group(watcher.group, key.clone()));
    }
}
