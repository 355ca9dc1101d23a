//! The next document, whenever it may be written.

use std::time::Instant;

use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::document::MAX_DOCUMENT_LEN;
use livecluster_mrtmp::route::{Document, Origin, State};

use super::entries::{Entries, differ};
use super::leader::{Memory, Time};
use super::origins;
use super::view::View;

/// What the document should be, and how much that matters.
pub(super) struct Plan {
    pub document: Document,
    pub need: Need,
    pub wait: Option<Wait>,
}

/// How much a write matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Not at all: nothing would change.
    Nothing,
    /// It is for people.
    Listing,
    /// A route, a state or an address changes.
    Routes,
    /// Edges are sent to an origin that is lost, or readers refuse the document in force.
    Loss,
}

/// Why no origin can join or drain now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wait {
    /// These origins have not listed their streams, nor have all edges theirs.
    Lists(Vec<Name>),
    /// The entries that would be necessary make a document of so many bytes.
    Budget(usize),
}

impl Plan {
    /// None while there is no document and it is not known who would have to be in it.
    pub fn of(view: &View<'_>, memory: &Memory, time: Time) -> Option<Self> {
        let (mut document, wait) = settled(view, memory, time.now);
        let need = need(view, &document);
        document.generation = match need {
            Need::Nothing | Need::Listing => view.table.generation(),
            Need::Routes | Need::Loss => generation(view, time.unix_ms),
        };
        let is_unknown = document.origins.is_empty() || wait.is_some();
        if view.current.is_none() && is_unknown {
            return None;
        }
        Some(Self { document, need, wait })
    }
}

/// The document without its generation. What changes defaults is left out while a list is missing, or if it would need
/// too many entries.
fn settled(view: &View<'_>, memory: &Memory, now: Instant) -> (Document, Option<Wait>) {
    let unlisted = view.unlisted();
    if !unlisted.is_empty() {
        return (kept(view, memory), Some(Wait::Lists(unlisted)));
    }
    let (full, len) = pinned(view, memory, now, origins::next(view, true));
    if len <= BUDGET {
        return (full, None);
    }
    let (corrected, corrected_len) = pinned(view, memory, now, origins::next(view, false));
    let is_readable = corrected_len <= MAX_DOCUMENT_LEN;
    (if is_readable { corrected } else { kept(view, memory) }, Some(Wait::Budget(len)))
}

fn kept(view: &View<'_>, memory: &Memory) -> Document {
    let origins = origins::next(view, false);
    let streams = Entries::new(view, memory, &origins).kept();
    Document { cluster: view.desired.cluster.clone(), origins, streams, generation: 0 }
}

/// The document with all entries that it needs, and its length. What is not needed is left out if there is no room.
fn pinned(view: &View<'_>, memory: &Memory, now: Instant, origins: Vec<Origin>) -> (Document, usize) {
    let entries = Entries::new(view, memory, &origins);
    let streams = entries.needed(now);
    let mut listed = entries.listed();
    listed.extend(streams.clone());
    let needed = Document { cluster: view.desired.cluster.clone(), origins, streams, generation: 0 };
    let listed = Document { streams: listed, ..needed.clone() };
    let len = listed.to_json().len();
    if len <= BUDGET {
        return (listed, len);
    }
    let len = needed.to_json().len();
    (needed, len)
}

fn need(view: &View<'_>, next: &Document) -> Need {
    let Some(current) = view.current else {
        return Need::Loss;
    };
    if view.observed.generation > current.generation || is_lost(current, next) {
        return Need::Loss;
    }
    if differ(current, next) {
        return Need::Routes;
    }
    if current.streams != next.streams { Need::Listing } else { Need::Nothing }
}

/// Whether some origin that serves is gone, or elsewhere.
fn is_lost(current: &Document, next: &Document) -> bool {
    let serving = current.origins.iter().filter(|origin| origin.state != State::Joining);
    serving.into_iter().any(|origin| next.origin(&origin.name).is_none_or(|next| next.address != origin.address))
}

fn generation(view: &View<'_>, unix_ms: u64) -> u64 {
    let previous = view.table.generation();
    previous.max(view.observed.generation).max(unix_ms.saturating_sub(1)).saturating_add(1)
}

/// Bytes of a document that an origin's joining or draining may lead to, at most.
const BUDGET: usize = 256 * 1024;
