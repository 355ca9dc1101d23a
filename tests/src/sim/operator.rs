//! The operator of a simulated cluster: its decisions as they are, its watch links in their simplest faithful form.

use std::collections::BTreeMap;
use std::time::Duration;

use livecluster_edge::core as edge;
use livecluster_mrtmp::Frame;
use livecluster_mrtmp::id::{BootId, Name};
use livecluster_mrtmp::link::Role;
use livecluster_mrtmp::route::{Document, Key};
use livecluster_operator::routing::{
    Desired, DesiredOrigin, Event as Seen, Leader, Observation, Observed, Part, Time, Wish,
};
use livecluster_origin::core as origin;

use super::{CLUSTER, Event, Reader, World};

/// Who decides on the route document, if the setup has one.
#[derive(Debug, Default)]
pub(super) struct Operator {
    leader: Leader,
    pub(super) observed: Observed,
    pub(super) desired: Desired,
    watches: BTreeMap<Reader, Watch>,
    /// Whatever of an earlier life is still under way finds nobody.
    life: u64,
    runs: bool,
    decides_at: Option<Duration>,
}

/// A watch link that is up.
#[derive(Debug)]
struct Watch {
    link: Link,
    /// When the newest report arrives.
    last: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Edge(edge::LinkId),
    Origin(origin::LinkId),
}

impl World {
    /// An operator comes, or comes back, with nothing in its memory but what people want.
    pub fn start_operator(&mut self) {
        self.trace(|| "the operator starts".to_owned());
        let origins = self.origins.iter().map(|origin| (origin.name.clone(), wanted(&origin.name)));
        let mut desired = Desired { cluster: CLUSTER.to_owned(), origins: origins.collect(), ..Desired::default() };
        if !self.operator.desired.origins.is_empty() {
            desired = std::mem::take(&mut self.operator.desired);
        }
        self.operator = Operator { desired, life: self.operator.life + 1, runs: true, ..Operator::default() };
        for part in self.readers() {
            self.watch(part);
        }
        self.decide();
    }

    /// The operator is gone; its watch links with it.
    pub fn stop_operator(&mut self) {
        self.trace(|| "the operator stops".to_owned());
        self.operator.runs = false;
        for (part, watch) in std::mem::take(&mut self.operator.watches) {
            self.close_watch(part, &watch);
        }
    }

    /// What is wanted of an origin.
    pub fn wish(&mut self, at: usize, wish: Wish) {
        let name = self.origin_name(at);
        if let Some(origin) = self.operator.desired.origins.get_mut(&name) {
            origin.wish = wish;
        }
        self.decide();
    }

    /// Somebody wants a stream on this origin.
    pub fn want_moved(&mut self, stream: &str, at: usize) {
        let key = Key::of("live", stream).expect("a valid name");
        self.operator.desired.moves.insert(key, self.origin_name(at));
        self.decide();
    }

    /// Nobody wants a stream anywhere but where it is.
    pub fn end_moves(&mut self) {
        self.operator.desired.moves.clear();
        self.decide();
    }

    /// The route document is deleted; its readers keep what they have.
    pub fn delete_document(&mut self) {
        self.trace(|| "the document is deleted".to_owned());
        self.routes.is_deleted = true;
        self.decide();
    }

    // Watch links.

    /// A part has started, or the operator has: a watch link comes up soon.
    pub(super) fn watch(&mut self, part: Reader) {
        let life = self.operator.life;
        let late = self.random.between(Duration::from_millis(1), Duration::from_millis(200));
        self.after(late, move |world| {
            if life == world.operator.life && world.operator.runs {
                world.open_watch(part);
            }
        });
    }

    fn open_watch(&mut self, part: Reader) {
        if self.operator.watches.contains_key(&part) {
            return;
        }
        let (instant, name) = (self.instant(), Name::from("operator"));
        let boot = BootId(self.operator.life);
        let (link, peer_boot) = match part {
            Reader::Edge(at) => {
                let peer = edge::Peer { name, role: Role::Operator, boot };
                (Link::Edge(self.edges[at].core.link_up(peer, instant)), self.edges[at].boot)
            }
            Reader::Origin(at) => {
                let now = self.origin_now(at);
                let boot_of = self.origins[at].boot;
                let Some(core) = self.origins[at].core() else {
                    return self.watch(part);
                };
                let peer = origin::Peer { name, role: Role::Operator, boot };
                (Link::Origin(core.link_up(peer, now)), boot_of)
            }
        };
        self.operator.watches.insert(part, Watch { link, last: self.now });
        self.see(part, Seen::Started);
        self.see(part, Seen::LinkUp(peer_boot));
        self.after_part(part);
    }

    fn close_watch(&mut self, part: Reader, watch: &Watch) {
        self.trace(|| format!("{part:?} and the operator lose each other"));
        let instant = self.instant();
        match (part, watch.link) {
            (Reader::Edge(at), Link::Edge(link)) => self.edges[at].core.link_down(link, instant),
            (Reader::Origin(at), Link::Origin(link)) => {
                let now = self.origin_now(at);
                if let Some(core) = self.origins[at].core() {
                    core.link_down(link, now);
                }
            }
            _ => {}
        }
        self.after_part(part);
    }

    fn after_part(&mut self, part: Reader) {
        match part {
            Reader::Edge(at) => self.after_edge(at),
            Reader::Origin(at) => self.after_origin(at),
        }
    }

    /// No watch link to a part for this time.
    pub fn cut_watch(&mut self, part: Reader, time: Duration) {
        self.lose_watch(part, false);
        let life = self.operator.life;
        self.after(time, move |world| {
            if life == world.operator.life {
                world.watch(part);
            }
        });
    }

    /// A part's watch link is lost; the operator finds that, and that its process is gone if that can be known.
    pub(super) fn lose_watch(&mut self, part: Reader, is_known_gone: bool) {
        let Some(mut watch) = self.operator.watches.remove(&part) else {
            return;
        };
        self.close_watch(part, &watch);
        let late = self.random.between(Duration::from_millis(1), Duration::from_millis(200));
        watch.last = watch.last.max(self.now + late);
        self.see_at(part, Seen::LinkDown, watch.last);
        if is_known_gone {
            self.see_at(part, Seen::Gone, watch.last);
        }
    }

    /// A part of this cluster wants to send something on a link that is no wire: a report.
    pub(super) fn edge_reports(&mut self, at: usize, link: edge::LinkId) {
        let part = Reader::Edge(at);
        if self.operator.watches.get(&part).is_none_or(|watch| watch.link != Link::Edge(link)) {
            return;
        }
        let now = self.instant();
        while let Some(frame) = self.edges[at].core.poll_frame(link, now) {
            self.report(part, frame);
        }
    }

    /// See [`Self::edge_reports`].
    pub(super) fn origin_reports(&mut self, at: usize, link: origin::LinkId) {
        let part = Reader::Origin(at);
        if self.operator.watches.get(&part).is_none_or(|watch| watch.link != Link::Origin(link)) {
            return;
        }
        let now = self.origin_now(at);
        while let Some(frame) = self.origins[at].core().and_then(|core| core.poll_frame(link, now)) {
            self.report(part, frame);
        }
    }

    fn report(&mut self, part: Reader, frame: Frame) {
        match frame {
            Frame::Streams(streams) => self.see(part, Seen::Streams(streams)),
            Frame::Links(links) => self.see(part, Seen::Links(links)),
            Frame::GoAway(_) => self.see(part, Seen::Leaving),
            _ => {}
        }
    }

    /// A part has read a document: its next heartbeat says so.
    pub(super) fn tell_generation(&mut self, part: Reader, document: &Document) {
        if self.operator.watches.contains_key(&part) {
            self.see(part, Seen::Generation(document.generation));
        }
    }

    /// The operator learns something of a part after a while, in the order in which it happened.
    fn see(&mut self, part: Reader, event: Seen) {
        let (least, most) = self.setup.delay;
        let arrival = self.now + self.random.between(least, most);
        let Some(watch) = self.operator.watches.get_mut(&part) else {
            return;
        };
        watch.last = watch.last.max(arrival);
        let arrival = watch.last;
        self.see_at(part, event, arrival);
    }

    fn see_at(&mut self, part: Reader, event: Seen, at: Duration) {
        let (life, name) = (self.operator.life, self.part(part));
        let see = Event::Script(Box::new(move |world: &mut World| {
            if world.operator.life == life {
                world.operator.observed.handle(Observation { part: name, event });
                world.decide();
            }
        }));
        self.schedule(at, see);
    }

    fn part(&self, part: Reader) -> Part {
        match part {
            Reader::Edge(at) => Part::Edge(self.edges[at].name.clone()),
            Reader::Origin(at) => Part::Origin(self.origins[at].name.clone()),
        }
    }

    // Decisions.

    /// Writes what is to be written.
    pub(super) fn decide(&mut self) {
        if !self.operator.runs {
            return;
        }
        loop {
            let time = Time { now: self.instant(), unix_ms: self.unix_ms() };
            let current = (!self.routes.is_deleted).then_some(&self.routes.document);
            let Operator { leader, desired, observed, .. } = &mut self.operator;
            let decision = leader.decide(current, desired, observed, time);
            let Some(document) = decision.write else {
                return self.decide_at(decision.deadline.map(|at| at.saturating_duration_since(self.start)));
            };
            self.routes.is_deleted = false;
            self.publish_document(document);
        }
    }

    fn decide_at(&mut self, at: Option<Duration>) {
        let Some(at) = at.filter(|at| self.operator.decides_at.is_none_or(|known| *at < known || known <= self.now))
        else {
            return;
        };
        self.operator.decides_at = Some(at);
        let life = self.operator.life;
        self.schedule(
            at,
            Event::Script(Box::new(move |world: &mut World| {
                if world.operator.life == life {
                    world.operator.decides_at = None;
                    world.decide();
                }
            })),
        );
    }
}

fn wanted(origin: &Name) -> DesiredOrigin {
    DesiredOrigin { address: format!("{origin}:1936"), wish: Wish::Active }
}
