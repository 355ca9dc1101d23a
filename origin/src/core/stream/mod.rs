//! One stream at its origin: its publications, who may publish next, who watches, who plays.

mod feed;
mod show;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Join, Play, PlayRefused};
use livecluster_mrtmp::id::{ClientId, Group, Name, PublicationId, Term};
use livecluster_mrtmp::route::Key;

use crate::core::context::Context;
use crate::core::link::{LinkId, Ready};
use crate::core::publication::Publication;
use crate::core::takeover::Newcomer;
use crate::core::watcher::Watcher;

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
    /// When it came here on an edge's word, ahead of the document.
    adopted: Option<Instant>,
}

impl Stream {
    pub(super) fn new(key: Key, adopted: Option<Instant>) -> Self {
        Self {
            key,
            adopted,
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

    pub(super) fn publications(&self) -> usize {
        self.publications.len()
    }

    pub(super) fn largest_log(&self) -> usize {
        let logs = self.publications.values().map(|one| one.log.bytes());
        logs.max().unwrap_or(0)
    }

    pub(super) fn is_over(&self) -> bool {
        self.publications.is_empty() && self.newcomers.is_empty() && self.watchers.is_empty() && self.viewers.is_empty()
    }

    /// Since when it is this origin's.
    pub(super) fn adopted_since(&self, cx: &Context) -> Instant {
        let documented = cx.adoption.since(&self.key);
        self.adopted.map_or(documented, |adopted| adopted.max(documented))
    }

    /// Whether this very publication is known here.
    pub(super) fn knows(&self, id: PublicationId) -> bool {
        self.publications.contains_key(&id) || self.newcomers.iter().any(|one| one.publish.publication == id)
    }

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
        cx.control(link, Frame::Join(Join { client: play.client, stream_id: play.stream_id }));
    }

    pub(super) fn leave(&mut self, link: LinkId, (client, stream_id): (ClientId, u32)) {
        self.viewers.remove(&(link, client, stream_id));
    }

    pub(super) fn link_down(&mut self, link: LinkId, edge: &Name, cx: &mut Context) {
        self.viewers.retain(|(of, ..)| *of != link);
        let watched = self.watchers.len();
        self.watchers.retain(|(of, _), _| *of != link);
        if self.watchers.len() < watched {
            self.absent.insert(edge.clone(), cx.now.instant + cx.config.hold);
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
        let gone: Vec<_> = away.filter(|(_, at)| **at <= now).map(|(edge, _)| edge.clone()).collect();
        for edge in gone {
            self.absent.remove(&edge);
            self.moved.remove(&edge);
            self.unlist(&edge, cx);
        }
        self.end_holds(cx);
        self.decide(cx);
        self.reconsider(cx);
        for until in self.publications.values().filter_map(Publication::tail_until).filter(|until| *until > now) {
            cx.timers.set(until, self.key.clone());
        }
    }

    /// Publications whose publisher's edge stayed away are over; their viewers are told.
    fn end_holds(&mut self, cx: &mut Context) {
        let (now, hold) = (cx.now.instant, cx.config.hold);
        let over: Vec<_> = self
            .publications
            .values()
            .filter(|one| one.held_since.is_some_and(|since| now.saturating_duration_since(since) >= hold))
            .map(|one| one.id)
            .collect();
        for id in over {
            self.dismiss_watchers(id, cx);
            self.forget(id, cx);
        }
    }
}

/// Queues an edge that can be sent something.
fn wake(watcher: &mut Watcher, publication: &Publication, key: &Key, cx: &mut Context) {
    if !watcher.is_ready && watcher.has_more(publication) {
        watcher.is_ready = true;
        cx.ready(watcher.link, Ready::Group(watcher.group, key.clone()));
    }
}
