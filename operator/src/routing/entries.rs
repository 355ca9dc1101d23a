//! Which entries the next document has, its origins given.

use std::collections::BTreeMap;
use std::time::Instant;

use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::{Document, Entry, Key, Origin, State, Table};

use super::leader::Memory;
use super::view::View;

/// The streams' next origins.
pub(super) struct Entries<'a> {
    view: &'a View<'a>,
    memory: &'a Memory,
    next: Table,
    live: BTreeMap<Entry, (&'a Key, Option<&'a Name>)>,
    /// Where each stream that counts has to be.
    places: Vec<(&'a Entry, &'a Name)>,
}

impl<'a> Entries<'a> {
    /// With the next document's origins.
    pub fn new(view: &'a View<'a>, memory: &'a Memory, origins: &[Origin]) -> Self {
        let next = Table::from(Document { origins: origins.to_vec(), ..Document::default() });
        let live = view.live.iter().map(|(key, holder)| (entry_of(view, key), (*key, *holder)));
        let mut entries = Self { view, memory, next, live: live.collect(), places: Vec::new() };
        let places = memory.recent.entries().filter_map(|entry| Some((entry, entries.place(entry)?)));
        entries.places = places.collect();
        entries
    }

    /// The entries in force, without those that no longer count.
    pub fn kept(&self) -> BTreeMap<Entry, Name> {
        let entries = self.view.current.iter().flat_map(|document| &document.streams);
        let kept = entries.filter(|(_, name)| self.serves(name) || self.is_joining(name));
        kept.map(|(entry, name)| (entry.clone(), name.clone())).collect()
    }

    /// The entries without which a live or recent stream would not be where it is, or would not go where it shall.
    pub fn needed(&self, now: Instant) -> BTreeMap<Entry, Name> {
        let needed = self.places.iter().filter(|(entry, place)| self.is_sent(entry) || self.is_away(entry, place));
        let mut needed: BTreeMap<_, _> = needed.map(|(entry, place)| ((*entry).clone(), (*place).clone())).collect();
        needed.extend(self.leaving(now));
        needed
    }

    /// The streams that leave draining origins with this document, each for its default.
    fn leaving(&self, now: Instant) -> impl Iterator<Item = (Entry, Name)> {
        let leaving = self.places.iter().filter_map(|(entry, place)| Some((*entry, self.refuge(entry, place)?)));
        leaving.map(|(entry, refuge)| (entry.clone(), refuge.clone())).take(self.memory.drain.room(now))
    }

    /// More entries, as far as there is room. For people to read: the live streams, all of them, or none if they are too
    /// many. For edges, while an origin drains: those of the document, because an edge that comes back late follows an
    /// entry at once and a default after a while.
    pub fn listed(&self) -> BTreeMap<Entry, Name> {
        let is_few = self.live.len() <= MAX_LISTED;
        let is_draining = self.next.origins().iter().any(|origin| origin.state == State::Draining);
        let is_told = |entry: &Entry| self.view.current.is_some_and(|document| document.streams.contains_key(entry));
        let is_listed = |entry: &Entry| is_few && self.live.contains_key(entry) || is_draining && is_told(entry);
        let listed = self.places.iter().filter(|(entry, _)| is_listed(entry));
        listed.map(|(entry, place)| ((*entry).clone(), (*place).clone())).collect()
    }

    /// Where a stream has to be: where somebody wants it, where all its edges reach it, where it was sent, where it is,
    /// where edges look for it now; or anywhere.
    fn place(&self, entry: &'a Entry) -> Option<&'a Name> {
        let key = self.key(entry);
        let wanted = key.and_then(|key| self.view.desired.moves.get(key)).filter(|name| self.is_active(name));
        let sent_to = self.sent_to(entry, key);
        let refuge = sent_to.filter(|name| self.memory.drain.is_under_way(entry) && self.is_active(name));
        let holder = self.live.get(entry).and_then(|(_, holder)| *holder);
        let on_its_way = key.and_then(|key| self.memory.cut.sent(key)).filter(|name| self.is_active(name));
        wanted
            .or_else(|| self.reached(entry))
            .or(refuge)
            .or(on_its_way)
            .or(holder.filter(|name| self.serves(name)))
            .or(sent_to)
    }

    /// Where a stream of an origin that is draining already goes.
    fn refuge(&self, entry: &Entry, place: &Name) -> Option<&Name> {
        let is_draining = |table: &Table| table.origin(place).is_some_and(|origin| origin.state == State::Draining);
        let key = self.key(entry).filter(|_| is_draining(&self.view.table) && is_draining(&self.next))?;
        self.next.default_of(key).map(|origin| &origin.name)
    }

    /// Where a stream goes that one of its edges can't have from where the document sends it.
    fn reached(&self, entry: &Entry) -> Option<&'a Name> {
        let name = self.memory.cut.refuge(self.key(entry)?, self.next.origins())?;
        self.view.table.origin(&name).map(|origin| &origin.name)
    }

    /// Whether a stream is on its way to another origin: only an entry makes edges take it there at once.
    fn is_sent(&self, entry: &Entry) -> bool {
        let is_wanted = |key: &Key| self.view.desired.moves.contains_key(key);
        let is_under_way = self.memory.drain.is_under_way(entry) || self.reached(entry).is_some();
        is_under_way || self.key(entry).is_some_and(is_wanted)
    }

    fn is_away(&self, entry: &Entry, place: &Name) -> bool {
        is_away(&self.next, entry, self.key(entry), place)
    }

    fn sent_to(&self, entry: &Entry, key: Option<&Key>) -> Option<&'a Name> {
        let name = match key {
            Some(key) => self.view.table.route(key).map(|origin| &origin.name),
            None => self.view.current.and_then(|document| document.streams.get(entry)),
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
        self.next.origin(name).is_some_and(|origin| origin.state.serves())
    }

    fn is_active(&self, name: &str) -> bool {
        self.next.origin(name).is_some_and(|origin| origin.state == State::Active)
    }

    fn is_joining(&self, name: &str) -> bool {
        self.next.origin(name).is_some_and(|origin| origin.state == State::Joining)
    }
}

/// Whether two documents can differ in `route()`, in a state or in an address.
pub(super) fn differ(current: &Document, next: &Document) -> bool {
    sorted(current) != sorted(next) || effective(current) != effective(next)
}

fn sorted(document: &Document) -> BTreeMap<&Name, &Origin> {
    document.origins.iter().map(|origin| (&origin.name, origin)).collect()
}

/// The entries that lead away from a default.
fn effective(document: &Document) -> BTreeMap<&Entry, &Name> {
    let bare = Document { origins: document.origins.clone(), ..Document::default() };
    let defaults = Table::from(bare);
    let counts = |name: &Name| defaults.origin(name).is_some_and(|origin| origin.state.serves());
    let entries = document.streams.iter().filter(|(_, name)| counts(name));
    entries.filter(|(entry, name)| is_away(&defaults, entry, None, name)).collect()
}

/// Whether `place` is not the default; of a digest whose stream is not known, that can't be told.
fn is_away(defaults: &Table, entry: &Entry, key: Option<&Key>, place: &Name) -> bool {
    let key = match entry {
        Entry::Key(key) => Some(key),
        Entry::Digest(_) => key,
    };
    key.and_then(|key| defaults.default_of(key)).is_none_or(|origin| origin.name != *place)
}

/// The form in which the document names a stream, or would.
pub(super) fn entry_of(view: &View<'_>, key: &Key) -> Entry {
    let has_digests = |document: &Document| matches!(document.streams.keys().next_back(), Some(Entry::Digest(_)));
    let document = view.current.filter(|document| has_digests(document));
    let digest = document.map(|document| (document, Entry::Digest(key.digest())));
    match digest.filter(|(document, digest)| document.streams.contains_key(digest)) {
        Some((_, digest)) => digest,
        None => Entry::Key(key.clone()),
    }
}

/// Live streams, at most, that are listed although they are where their default is.
const MAX_LISTED: usize = 1000;
