//! Streams that leave draining origins: a batch with each write, and not many on the way at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::{Entry, Key, State};

use super::entries::entry_of;
use super::view::View;

/// The streams that the document sends to one origin while another still has them. A leader that starts without this
/// memory finds them again by the document and the lists.
#[derive(Debug, Default)]
pub(super) struct Drain {
    under_way: BTreeMap<Entry, Instant>,
}

impl Drain {
    /// Takes in what is under way now, and since when: streams of origins that drain, and those that an entry sends away.
    pub fn see(&mut self, view: &View<'_>, now: Instant) {
        let is_draining = |origin: &Name| view.state(origin) == Some(State::Draining);
        let sent = elsewhere(view).filter(|(key, origin)| is_draining(origin) || view.table.entry(key).is_some());
        let sent = sent.map(|(key, _)| entry_of(view, key));
        let since = |entry: Entry| (entry.clone(), self.under_way.get(&entry).copied().unwrap_or(now));
        self.under_way = sent.map(since).collect();
    }

    /// Whether the document sends it away from an origin that still has it.
    pub fn is_under_way(&self, entry: &Entry) -> bool {
        self.under_way.contains_key(entry)
    }

    /// How many streams may leave with the next document.
    pub fn room(&self, now: Instant) -> usize {
        MAX_UNDER_WAY.saturating_sub(self.late(now).count()).min(BATCH)
    }

    /// When there is room again if nothing arrives until then.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        self.late(now).min()
    }

    /// By when those will be late that are not yet.
    fn late(&self, now: Instant) -> impl Iterator<Item = Instant> {
        self.under_way.values().map(|since| *since + PATIENCE).filter(move |late| *late > now)
    }
}

/// The streams that somebody has who is not the one that the document sends edges to, and who that is.
fn elsewhere<'a>(view: &'a View<'_>) -> impl Iterator<Item = (&'a Key, &'a Name)> {
    let held = view.live.iter().filter_map(|(key, holder)| Some((*key, (*holder)?)));
    let linked = view.observed.origins.iter().filter(|(_, origin)| origin.linked);
    let listed = linked.flat_map(|(name, origin)| origin.live().map(move |(key, _)| (key, name)));
    let all: BTreeSet<_> = held.chain(listed).collect();
    all.into_iter().filter(|(key, name)| view.table.route(key).is_some_and(|owner| owner.name != **name))
}

/// Streams that leave with one document, at most: five thousand take fifty writes.
const BATCH: usize = 100;

/// Streams on the way, at most. As many leave in a second as fit into four writes if each arrives within one.
const MAX_UNDER_WAY: usize = 400;

/// A stream that takes longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(3);
