//! Streams that an edge can't have from their origin, although both are there: the link between the two is cut. They go
//! to an origin that all their edges reach.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::{Document, Key, Origin, State, Table};

use super::view::View;

/// The cut links, and what they strand. A leader that starts without this memory waits for [`PATIENCE`] again.
#[derive(Debug, Default)]
pub(super) struct Cut {
    since: BTreeMap<Link, Instant>,
    stranded: BTreeMap<Key, BTreeSet<Name>>,
    /// Where streams were sent that were stranded, and when, until they are there: a document that is lost meanwhile was
    /// the only one to tell.
    sent: BTreeMap<Key, (Name, Instant)>,
}

/// An edge, and an origin that the document has.
type Link = (Name, Name);

impl Cut {
    /// Takes in which links are cut now, and since when.
    pub fn see(&mut self, view: &View<'_>, now: Instant) {
        let links = view.cut_links().map(|(edge, origin)| (edge.clone(), origin.clone()));
        self.since = links.map(|link| (link.clone(), self.since.get(&link).copied().unwrap_or(now))).collect();
        self.forget_arrived(view, now);
        let links = self.since.iter().filter(|(_, since)| **since + PATIENCE <= now);
        let keys: BTreeSet<_> = links.flat_map(|((edge, origin), _)| wanted_from(view, edge, origin)).collect();
        self.stranded = keys.into_iter().map(|key| (key.clone(), self.out_of_reach(view, key))).collect();
    }

    /// When a link will have been cut for so long that its streams leave.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        self.since.values().map(|since| *since + PATIENCE).filter(|due| *due > now).min()
    }

    /// The streams that some edge can't have from where the document sends it.
    pub fn stranded(&self) -> impl Iterator<Item = &Key> {
        self.stranded.keys()
    }

    /// Where a stranded stream goes, if there is an origin among these that all its edges reach.
    pub fn refuge(&self, key: &Key, origins: &[Origin]) -> Option<Name> {
        let out_of_reach = self.stranded.get(key)?;
        let is_reached = |origin: &&Origin| origin.state == State::Active && !out_of_reach.contains(&origin.name);
        let reached = origins.iter().filter(is_reached).cloned().collect();
        let table = Table::from(Document { origins: reached, ..Document::default() });
        table.default_of(key).map(|origin| origin.name.clone())
    }

    /// Where a stream was sent that may not be there yet.
    pub fn sent(&self, key: &Key) -> Option<&Name> {
        self.sent.get(key).map(|(origin, _)| origin)
    }

    /// This document is written now.
    pub fn write(&mut self, document: &Document, now: Instant) {
        if self.stranded.is_empty() {
            return;
        }
        let table = Table::from(document.clone());
        for (key, out_of_reach) in &self.stranded {
            if let Some(owner) = table.route(key).filter(|owner| !out_of_reach.contains(&owner.name)) {
                self.sent.insert(key.clone(), (owner.name.clone(), now));
            }
        }
    }

    fn forget_arrived(&mut self, view: &View<'_>, now: Instant) {
        let is_there = |key: &Key, origin: &Name| view.live.get(key) == Some(&Some(origin));
        self.sent.retain(|key, (origin, since)| now < *since + ARRIVAL && !is_there(key, origin));
    }

    /// The origins to which some edge that has this stream has lost its link.
    fn out_of_reach(&self, view: &View<'_>, key: &Key) -> BTreeSet<Name> {
        let has_it = |edge: &Name| view.observed.edges.get(edge).is_some_and(|edge| edge.streams.contains_key(key));
        let lost = self.since.keys().filter(|(edge, _)| has_it(edge));
        lost.map(|(_, origin)| origin.clone()).collect()
    }
}

/// What an edge wants from an origin, as the document says.
fn wanted_from<'a>(view: &'a View<'_>, edge: &Name, origin: &'a Name) -> impl Iterator<Item = &'a Key> {
    let streams = view.observed.edges.get(edge).into_iter().flat_map(|edge| &edge.streams);
    let wanted = streams.filter(move |(key, state)| {
        state.origin == *origin && view.table.route(key).is_some_and(|owner| owner.name == *origin)
    });
    wanted.map(|(key, _)| key)
}

/// How long a stream may take to be where it was sent.
const ARRIVAL: Duration = Duration::from_secs(10);

/// A link that comes back sooner was not cut. Edges try to reach an origin again at once.
const PATIENCE: Duration = Duration::from_millis(200);
