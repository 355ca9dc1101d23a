//! The streams whose entries count.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use livecluster_mrtmp::route::{Document, Entry, Key};

use super::entries::entry_of;
use super::view::View;

/// The entries that may be needed: streams that are live, or were a short time ago. A leader that starts without this
/// memory counts what the document has as live until now.
#[derive(Debug, Default)]
pub(super) struct Recent {
    seen: BTreeMap<Entry, Instant>,
    /// Those that were last seen before do not count.
    cleared: Option<Instant>,
}

impl Recent {
    /// Takes in who is live or `stranded` now, and forgets who is neither recent nor in the document.
    pub fn see<'a>(&mut self, view: &'a View<'_>, stranded: impl Iterator<Item = &'a Key>, now: Instant) {
        let known = |entry: &Entry| view.current.is_some_and(|document| document.streams.contains_key(entry));
        self.seen.retain(|entry, seen| now < *seen + GRACE || known(entry));
        for entry in view.current.iter().flat_map(|document| document.streams.keys()) {
            self.seen.entry(entry.clone()).or_insert(now);
        }
        for key in view.live.keys().copied().chain(stranded) {
            self.seen.insert(entry_of(view, key), now);
        }
    }

    /// Whether those count that have not been live for [`GRACE`].
    pub fn clear(&mut self, is_clearing: bool, now: Instant) {
        self.cleared = now.checked_sub(GRACE).filter(|_| is_clearing);
    }

    /// When the next entry of the document will have outlived its stream by [`GRACE`], if nothing is seen until then.
    pub fn expiry(&self, document: &Document) -> Option<Instant> {
        let entries = document.streams.keys().filter_map(|entry| self.seen.get(entry));
        entries.min().map(|seen| *seen + GRACE)
    }

    /// The entries that count.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        let recent = self.seen.iter().filter(|(_, seen)| self.cleared.is_none_or(|cleared| **seen > cleared));
        recent.map(|(entry, _)| entry)
    }
}

/// How long an entry outlives its publication: as long as edges hold a stream whose publisher was lost.
const GRACE: Duration = Duration::from_secs(120);
