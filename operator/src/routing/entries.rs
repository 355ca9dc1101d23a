//! Which entries the next document has, its origins given.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::{Document, Entry, Key, Origin, State, Table};

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
    /// Takes in who is live now, and forgets who is neither recent nor in the document.
    pub fn see(&mut self, view: &View<'_>, now: Instant) {
        let known = |entry: &Entry| {
            view.current
                .is_some_and(|document| document.streams.contains_key(entry))
        };
        self.seen
            .retain(|entry, seen| now < *seen + GRACE || known(entry));
        for entry in view
            .current
            .iter()
            .flat_map(|document| document.streams.keys())
        {
            self.seen.entry(entry.clone()).or_insert(now);
        }
        for key in view.live.keys() {
            self.seen.insert(entry_of(view, key), now);
        }
    }

    /// Whether those count that have not been live for [`GRACE`].
    pub fn clear(&mut self, is_clearing: bool, now: Instant) {
        self.cleared = now.checked_sub(GRACE).filter(|_| is_clearing);
    }

    /// When the next entry of the document will have outlived its stream by [`GRACE`], if nothing is seen until then.
    pub fn expiry(&self, document: &Document) -> Option<Instant> {
        let entries = document
            .streams
            .keys()
            .filter_map(|entry| self.seen.get(entry));
        entries.min().map(|seen| *seen + GRACE)
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        let recent = self
            .seen
            .iter()
            .filter(|(_, seen)| self.cleared.is_none_or(|cleared| **seen > cleared));
        recent.map(|(entry, _)| entry)
    }
}

/// The streams' next origins.
pub(super) struct Entries<'a> {
    view: &'a View<'a>,
    next: Table,
    live: BTreeMap<Entry, (&'a Key, Option<&'a Name>)>,
}

impl<'a> Entries<'a> {
    /// With the next document's origins.
    pub fn new(view: &'a View<'a>, origins: &[Origin]) -> Self {
        let next = Table::from(Document {
            origins: origins.to_vec(),
            ..Document::default()
        });
        let live = view
            .live
            .iter()
            .map(|(key, holder)| (entry_of(view, key), (*key, *holder)));
        Self {
            view,
            next,
            live: live.collect(),
        }
    }

    /// The entries in force, without those that no longer count.
    pub fn kept(&self) -> BTreeMap<Entry, Name> {
        let entries = self
            .view
            .current
            .iter()
            .flat_map(|document| &document.streams);
        let kept = entries.filter(|(_, name)| self.serves(name) || self.is_joining(name));
        kept.map(|(entry, name)| (entry.clone(), name.clone()))
            .collect()
    }

    /// The entries without which a live or recent stream would not be where it is.
    pub fn needed(&self, recent: &Recent) -> BTreeMap<Entry, Name> {
        let places = recent
            .entries()
            .filter_map(|entry| Some((entry, self.place(entry)?)));
        let away =
            places.filter(|(entry, place)| is_away(&self.next, entry, self.key(entry), place));
        away.map(|(entry, place)| (entry.clone(), place.clone()))
            .collect()
    }

    /// The live streams, all of them, for people to read; none if they are too many.
    pub fn listed(&self) -> BTreeMap<Entry, Name> {
        if self.live.len() > MAX_LISTED {
            return BTreeMap::new();
        }
        let places = self
            .live
            .keys()
            .filter_map(|entry| Some((entry.clone(), self.place(entry)?)));
        places
            .map(|(entry, place)| (entry, place.clone()))
            .collect()
    }

    /// Where a stream has to be: where somebody wants it, where it is, where edges look for it now; or anywhere.
    fn place(&self, entry: &Entry) -> Option<&Name> {
        let key = self.key(entry);
        let wanted = key
            .and_then(|key| self.view.desired.moves.get(key))
            .filter(|name| self.is_active(name));
        let holder = self.live.get(entry).and_then(|(_, holder)| *holder);
        wanted
            .or(holder.filter(|name| self.serves(name)))
            .or_else(|| self.sent_to(entry, key))
    }

    fn sent_to(&self, entry: &Entry, key: Option<&Key>) -> Option<&Name> {
        let name = match key {
            Some(key) => self.view.table.route(key).map(|origin| &origin.name),
            None => self
                .view
                .current
                .and_then(|document| document.streams.get(entry)),
        };
        name.filter(|name| self.serves(name))
    }

    fn key<'b>(&self, entry: &'b Entry) -> Option<&'b Key>
    where
        'a: 'b,
    {
        match entry {
            Entry::Key(key) => Some(key),
            Entry::Digest(_) => self.live.get(entry).map(|(key, _)| *key),
        }
    }

    fn serves(&self, name: &str) -> bool {
        self.next
            .origin(name)
            .is_some_and(|origin| origin.state.serves())
    }

    fn is_active(&self, name: &str) -> bool {
        self.next
            .origin(name)
            .is_some_and(|origin| origin.state == State::Active)
    }

    fn is_joining(&self, name: &str) -> bool {
        self.next
            .origin(name)
            .is_some_and(|origin| origin.state == State::Joining)
    }
}

/// Whether two documents can differ in `route()`, in a state or in an address.
pub(super) fn differ(current: &Document, next: &Document) -> bool {
    sorted(current) != sorted(next) || effective(current) != effective(next)
}

fn sorted(document: &Document) -> BTreeMap<&Name, &Origin> {
    document
        .origins
        .iter()
        .map(|origin| (&origin.name, origin))
        .collect()
}

/// The entries that lead away from a default.
fn effective(document: &Document) -> BTreeMap<&Entry, &Name> {
    let bare = Document {
        origins: document.origins.clone(),
        ..Document::default()
    };
    let defaults = Table::from(bare);
    let counts = |name: &Name| {
        defaults
            .origin(name)
            .is_some_and(|origin| origin.state.serves())
    };
    let entries = document.streams.iter().filter(|(_, name)| counts(name));
    entries
        .filter(|(entry, name)| is_away(&defaults, entry, None, name))
        .collect()
}

/// Whether `place` is not the default; of a digest whose stream is not known, that can't be told.
fn is_away(defaults: &Table, entry: &Entry, key: Option<&Key>, place: &Name) -> bool {
    let key = match entry {
        Entry::Key(key) => Some(key),
        Entry::Digest(_) => key,
    };
    key.and_then(|key| defaults.default_of(key))
        .is_none_or(|origin| origin.name != *place)
}

/// The form in which the document names a stream, or would.
fn entry_of(view: &View<'_>, key: &Key) -> Entry {
    let has_digests =
        |document: &Document| matches!(document.streams.keys().next_back(), Some(Entry::Digest(_)));
    let document = view.current.filter(|document| has_digests(document));
    let digest = document.map(|document| (document, Entry::Digest(key.digest())));
    match digest.filter(|(document, digest)| document.streams.contains_key(digest)) {
        Some((_, digest)) => digest,
        None => Entry::Key(key.clone()),
    }
}

/// How long an entry outlives its publication: as long as edges hold a stream whose publisher was lost.
const GRACE: Duration = Duration::from_secs(120);

/// Live streams, at most, that are listed although they are where their default is.
const MAX_LISTED: usize = 1000;
