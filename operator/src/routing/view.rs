//! What one decision looks at, and what follows from it without deciding anything.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use livecluster_mrtmp::frame::StreamState;
use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::{Document, Key, State, Table};

use super::{Desired, Observed, Wish};

/// The inputs of one decision.
pub(super) struct View<'a> {
    pub current: Option<&'a Document>,
    pub desired: &'a Desired,
    pub observed: &'a Observed,
    /// The document in force; without one, a table that routes nothing.
    pub table: Table,
    /// The live streams, and on which origin each one is, as far as that is known.
    pub live: BTreeMap<&'a Key, Option<&'a Name>>,
}

impl<'a> View<'a> {
    /// A document of another cluster is none.
    pub fn new(current: Option<&'a Document>, desired: &'a Desired, observed: &'a Observed) -> Self {
        let current = current.filter(|document| document.cluster == desired.cluster);
        let table = current.map_or_else(|| Table::empty(&desired.cluster), |document| Table::from(document.clone()));
        let live = live(observed, desired, &table);
        Self { current, desired, observed, table, live }
    }

    /// Whether an origin has to leave the document: its process is known to be gone, or the links say so.
    pub fn is_lost(&self, origin: &str) -> bool {
        let process = self.observed.origins.get(origin);
        match process {
            Some(process) if process.gone => true,
            Some(process) if process.linked => false,
            _ => self.is_lost_to_edges(origin),
        }
    }

    /// All edges that have a link to the origin, of those that can be asked, have lost it.
    fn is_lost_to_edges(&self, origin: &str) -> bool {
        let asked = self.asked_links();
        let mut reports = asked.iter().filter_map(|(_, links)| links.get(origin)).peekable();
        reports.peek().is_some() && reports.all(|up| !*up)
    }

    /// Links that an edge has lost, or can't have, to an origin that serves and is not lost.
    pub fn cut_links(&self) -> impl Iterator<Item = (&Name, &Name)> {
        let links = self.asked_links().into_iter().flat_map(|(edge, links)| {
            let cut = links.iter().filter(|(_, is_up)| !**is_up);
            cut.map(move |(origin, _)| (edge, origin))
        });
        links.filter(|(_, origin)| self.state(origin).is_some_and(State::serves) && !self.is_lost(origin))
    }

    /// What the ready edges that can be asked say of their links to origins; nothing unless they are more than half: an
    /// operator that reaches fewer may itself be the one that is cut off.
    fn asked_links(&self) -> Vec<(&Name, &BTreeMap<Name, bool>)> {
        let linked = self.observed.ready_edges().filter(|(_, edge)| edge.linked);
        let mut asked: Vec<_> = linked.filter_map(|(name, edge)| Some((name, edge.links.as_ref()?))).collect();
        if asked.len() * 2 <= self.observed.ready_edges().count() {
            asked.clear();
        }
        asked
    }

    /// Origins that may have streams which nobody listed. One that can't be asked is answered for by the edges, if all
    /// of them have listed theirs.
    pub fn unlisted(&self) -> Vec<Name> {
        let mut edges = self.observed.ready_edges().peekable();
        if edges.peek().is_some() && edges.all(|(_, edge)| edge.listed) {
            return self.silent(|name| self.observed.origins.get(name).is_some_and(|origin| origin.linked));
        }
        self.silent(|_| true)
    }

    /// Origins that serve, if they are to be asked and have not listed their streams. Without a document, any may serve.
    fn silent(&self, is_asked: impl Fn(&Name) -> bool) -> Vec<Name> {
        let names = self.desired.origins.keys();
        let is_serving = |name: &Name| self.current.is_none() || self.state(name).is_some_and(State::serves);
        let all = names.chain(self.table.origins().iter().map(|origin| &origin.name)).collect::<BTreeSet<_>>();
        let silent = all.into_iter().filter(|name| is_serving(name) && is_asked(name));
        silent.filter(|name| !self.is_listed(name) && !self.is_lost(name)).cloned().collect()
    }

    /// Whether an origin can become active as far as it goes itself.
    pub fn is_present(&self, origin: &str) -> bool {
        self.is_listed(origin) && !self.is_lost(origin)
    }

    /// What is wanted of an origin. One that says that it will end takes nothing new, whatever is wanted.
    pub fn wish(&self, origin: &str) -> Wish {
        let is_leaving = self.observed.origins.get(origin).is_some_and(|origin| origin.leaving);
        match self.desired.origins.get(origin).map_or(Wish::Gone, |origin| origin.wish) {
            Wish::Active if is_leaving => Wish::Draining,
            wish => wish,
        }
    }

    /// Whether an origin is known to have no stream, and no edge is sent to it for one.
    pub fn is_empty(&self, origin: &str) -> bool {
        let process = self.observed.origins.get(origin);
        let has_none = process.is_some_and(|origin| origin.linked && origin.listed && origin.live().next().is_none());
        let mut entries = self.current.iter().flat_map(|document| document.streams.values());
        has_none && entries.all(|name| **name != *origin)
    }

    /// The state of an origin in the document.
    pub fn state(&self, origin: &str) -> Option<State> {
        self.table.origin(origin).map(|origin| origin.state)
    }

    fn is_listed(&self, origin: &str) -> bool {
        self.observed.origins.get(origin).is_some_and(|origin| origin.listed)
    }
}

fn live<'a>(observed: &'a Observed, desired: &Desired, table: &Table) -> BTreeMap<&'a Key, Option<&'a Name>> {
    let stays = |name: &Name| desired.origins.get(name).is_some_and(|origin| origin.wish == Wish::Active);
    let mut live: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (name, origin) in &observed.origins {
        for (key, state) in origin.live() {
            live.entry(key).or_default().push(Holder { name, state, stays: stays(name), is_asked: origin.linked });
        }
    }
    for (key, state) in observed.living_edges().flat_map(|(_, edge)| edge.live()) {
        let holders = live.entry(key).or_default();
        // An origin that can be asked knows better than an edge what it has.
        if observed.is_unreachable(&state.origin) {
            holders.push(Holder { name: &state.origin, state, stays: stays(&state.origin), is_asked: false });
        }
    }
    let places = live.into_iter();
    places.map(|(key, holders)| (key, holder(table, key, holders))).collect()
}

/// An origin that has a stream, as it said itself or an edge does.
struct Holder<'a> {
    name: &'a Name,
    state: &'a StreamState,
    /// It shall go on taking streams: from another one they are on their way.
    stays: bool,
    /// It can be asked now: what another one said may be long past.
    is_asked: bool,
}

/// Of several that have a stream, as in a move: the one that edges are sent to, else one that shall have it and can be
/// asked, else the one that accepted last.
fn holder<'a>(table: &Table, key: &Key, holders: Vec<Holder<'a>>) -> Option<&'a Name> {
    if let [Holder { name, .. }] = *holders {
        return Some(name);
    }
    let owner = table.route(key).map(|origin| &origin.name);
    let rank = |holder: &Holder<'a>| {
        let term = holder.state.publication.map(|(_, term)| term);
        (Some(holder.name) == owner, holder.is_asked, holder.stays, !holder.state.held, term, Reverse(holder.name))
    };
    holders.into_iter().max_by_key(rank).map(|holder| holder.name)
}
