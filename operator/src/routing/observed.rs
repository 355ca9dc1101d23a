//! What is known of the parts of a cluster, folded from what their processes and watch links tell.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Sum;

use livecluster_mrtmp::frame::{Links, StreamState, Streams};
use livecluster_mrtmp::id::{BootId, Name};
use livecluster_mrtmp::route::Key;

/// All that is known. A part of which nothing was observed is unknown, which is not gone.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    pub(super) origins: BTreeMap<Name, Process>,
    pub(super) edges: BTreeMap<Name, Process>,
    /// The highest that any reader ever reported.
    pub(super) generation: u64,
}

impl Observed {
    /// Takes one observation in. Those about one part have to come in the order in which they happened.
    pub fn handle(&mut self, observation: Observation) {
        let Observation { part, event } = observation;
        self.generation = self.generation.max(event.generation());
        match part {
            Part::Origin(name) => self.origins.entry(name).or_default().handle(event),
            Part::Edge(name) => self.edges.entry(name).or_default().handle(event),
        }
    }

    /// The live streams of an origin; none unless its watch link is up and it has listed them all.
    pub fn streams_of(&self, origin: &str) -> Option<impl Iterator<Item = &Key>> {
        let origin = self.origins.get(origin).filter(|origin| origin.linked && origin.listed)?;
        Some(origin.live().map(|(key, _)| key))
    }

    /// The streams that are live, as far as anybody told.
    pub fn live_streams(&self) -> BTreeSet<&Key> {
        let parts = self.origins.iter().chain(self.living_edges());
        parts.flat_map(|(_, part)| part.live()).map(|(key, _)| key).collect()
    }

    /// Clients of edges that can be asked, without those that publish; none if no edge can.
    pub fn viewers(&self) -> Option<u64> {
        self.told_edges().map(|(_, edge)| edge.viewers()).reduce(u64::saturating_add)
    }

    /// The clients of each edge that can be asked, also of one that ends. Of the others it is not known.
    pub fn connections(&self) -> BTreeMap<Name, u64> {
        self.told_edges().map(|(name, edge)| (name.clone(), edge.connections)).collect()
    }

    /// Parts that run and are ready, and how many of them can be asked.
    pub fn reach(&self) -> Reach {
        let origins = self.origins.values().filter(|origin| !origin.gone);
        origins.chain(self.ready_edges().map(|(_, edge)| edge)).map(Reach::of).sum()
    }

    /// Parts that can be asked and have read an older document than this.
    pub fn behind(&self, generation: u64) -> BTreeSet<Name> {
        let parts = self.origins.iter().chain(&self.edges);
        let behind = parts.filter(|(_, part)| part.linked && !part.gone && part.is_behind(generation));
        behind.map(|(name, _)| name.clone()).collect()
    }

    /// Edges that run and are ready: these are asked what they see.
    pub(super) fn ready_edges(&self) -> impl Iterator<Item = (&Name, &Process)> {
        self.living_edges().filter(|(_, edge)| !edge.unready)
    }

    /// Edges that run, also those that end, or whose machine does not answer.
    pub(super) fn living_edges(&self) -> impl Iterator<Item = (&Name, &Process)> {
        self.edges.iter().filter(|(_, edge)| !edge.gone)
    }

    /// Edges that can be asked and have told all: how many clients they have comes before their streams.
    fn told_edges(&self) -> impl Iterator<Item = (&Name, &Process)> {
        self.living_edges().filter(|(_, edge)| edge.linked && edge.listed)
    }

    /// Whether the operator has lost an origin that has not shown to be gone.
    pub(super) fn is_unreachable(&self, origin: &str) -> bool {
        self.origins.get(origin).is_none_or(|origin| !origin.linked && !origin.gone)
    }
}

/// How many parts there are, and how many of them can be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// All.
    pub parts: usize,
    /// Those to which a watch link is up.
    pub linked: usize,
}

impl Reach {
    fn of(part: &Process) -> Self {
        Self { parts: 1, linked: usize::from(part.linked) }
    }

    /// Fewer than half can be asked.
    pub fn is_short(&self) -> bool {
        self.linked * 2 < self.parts
    }
}

impl Sum for Reach {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self { parts: sum.parts + one.parts, linked: sum.linked + one.linked })
    }
}

/// Something that happened to a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Which.
    pub part: Part,
    /// What.
    pub event: Event,
}

/// A part of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// An origin.
    Origin(Name),
    /// An edge.
    Edge(Name),
}

impl Part {
    /// Its name.
    pub fn name(&self) -> &Name {
        match self {
            Self::Origin(name) | Self::Edge(name) => name,
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Its process runs; an edge is ready.
    Started,
    /// An edge is not ready: it ends, or its machine does not answer.
    Unready,
    /// Its process is known to have ended, or its pod to be deleted. Silence is no such knowledge.
    Gone,
    /// The watch link to it is up.
    LinkUp(BootId),
    /// The watch link to it is lost.
    LinkDown,
    /// It said that it will end: an origin is to be drained.
    Leaving,
    /// It said, in a heartbeat, which generation it has read.
    Generation(u64),
    /// It listed its streams: an origin those that it has, an edge those that it is bound for.
    Streams(Streams),
    /// An edge listed its links.
    Links(Links),
}

impl Event {
    fn generation(&self) -> u64 {
        match self {
            Self::Generation(generation) => *generation,
            Self::Streams(streams) => streams.generation,
            _ => 0,
        }
    }
}

/// What is known of one process.
#[derive(Debug, Clone, Default)]
pub(super) struct Process {
    /// Known to have ended.
    pub gone: bool,
    /// An edge that does not count when all are asked.
    pub unready: bool,
    /// The watch link is up.
    pub linked: bool,
    /// It has listed all its streams since the link is up.
    pub listed: bool,
    /// The streams it told of last, also after its link was lost.
    pub streams: BTreeMap<Key, StreamState>,
    /// It will end, and said so.
    pub leaving: bool,
    /// An edge's links to origins, and whether each is up; none before it told.
    pub links: Option<BTreeMap<Name, bool>>,
    /// An edge's clients, as it told last.
    connections: u64,
    /// The document that it has read, as it said last on this link; 0: it said nothing.
    generation: u64,
    boot: Option<BootId>,
}

impl Process {
    /// The streams that somebody publishes, or may go on publishing.
    pub fn live(&self) -> impl Iterator<Item = (&Key, &StreamState)> {
        self.streams.iter().filter(|(_, state)| state.publication.is_some() || state.held)
    }

    fn is_behind(&self, generation: u64) -> bool {
        self.generation != 0 && self.generation < generation
    }

    fn viewers(&self) -> u64 {
        let published = self.streams.values().filter(|state| state.publication.is_some() && !state.held).count();
        self.connections.saturating_sub(u64::try_from(published).unwrap_or(u64::MAX))
    }

    fn handle(&mut self, event: Event) {
        self.generation = self.generation.max(event.generation());
        match event {
            Event::Started => (self.gone, self.unready) = (false, false),
            Event::Unready => self.unready = true,
            Event::Gone => *self = Self { gone: true, boot: self.boot, ..Self::default() },
            Event::LinkUp(boot) => self.handle_link_up(boot),
            Event::LinkDown => (self.linked, self.listed) = (false, false),
            Event::Leaving if self.linked => self.leaving = true,
            Event::Streams(streams) if self.linked => self.handle_streams(streams),
            Event::Links(links) if self.linked => self.handle_links(links),
            Event::Leaving | Event::Generation(_) | Event::Streams(_) | Event::Links(_) => {}
        }
    }

    /// The last words of a link may come after the news that its process is gone; another boot is another process, and
    /// has no memory.
    fn handle_link_up(&mut self, boot: BootId) {
        let is_new = self.boot != Some(boot);
        if self.gone && !is_new {
            return;
        }
        if is_new {
            *self = Self { unready: self.unready, ..Self::default() };
        }
        *self = Self { boot: Some(boot), linked: true, listed: false, generation: 0, ..std::mem::take(self) };
    }

    fn handle_streams(&mut self, streams: Streams) {
        if streams.complete {
            self.streams.clear();
            self.listed = true;
        }
        for (key, state) in streams.streams {
            match state {
                Some(state) => drop(self.streams.insert(key, state)),
                None => drop(self.streams.remove(&key)),
            }
        }
    }

    fn handle_links(&mut self, links: Links) {
        self.connections = links.connections;
        self.links = Some(links.origins.into_iter().map(|(name, _, up)| (name, up)).collect());
    }
}
