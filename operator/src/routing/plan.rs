//! The next document, whenever it may be written.

use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::document::MAX_DOCUMENT_LEN;
use livecluster_mrtmp::route::{Document, Origin, State};

use super::entries::{Entries, Recent, differ};
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
    pub fn of(view: &View<'_>, recent: &Recent, unix_ms: u64) -> Option<Self> {
        let (mut document, wait) = settled(view, recent);
        let need = need(view, &document);
        document.generation = match need {
            Need::Nothing | Need::Listing => view.table.generation(),
            Need::Routes | Need::Loss => generation(view, unix_ms),
        };
        let is_unknown = document.origins.is_empty() || wait.is_some();
        if view.current.is_none() && is_unknown {
            return None;
        }
        Some(Self {
            document,
            need,
            wait,
        })
    }
}

/// The document without its generation. What changes defaults is left out while a list is missing, or if it would need
/// too many entries.
fn settled(view: &View<'_>, recent: &Recent) -> (Document, Option<Wait>) {
    let unlisted = view.unlisted();
    if !unlisted.is_empty() {
        return (kept(view), Some(Wait::Lists(unlisted)));
    }
    let full = pinned(view, recent, origins::next(view, true));
    let len = full.to_json().len();
    if len <= BUDGET {
        return (full, None);
    }
    let corrected = pinned(view, recent, origins::next(view, false));
    let is_readable = corrected.to_json().len() <= MAX_DOCUMENT_LEN;
    (
        if is_readable { corrected } else { kept(view) },
        Some(Wait::Budget(len)),
    )
}

fn kept(view: &View<'_>) -> Document {
    let origins = origins::next(view, false);
    let streams = Entries::new(view, &origins).kept();
    Document {
        cluster: view.desired.cluster.clone(),
        origins,
        streams,
        generation: 0,
    }
}

fn pinned(view: &View<'_>, recent: &Recent, origins: Vec<Origin>) -> Document {
    let entries = Entries::new(view, &origins);
    let streams = entries.needed(recent);
    let mut listed = streams.clone();
    listed.extend(entries.listed());
    let needed = Document {
        cluster: view.desired.cluster.clone(),
        origins,
        streams,
        generation: 0,
    };
    let listed = Document {
        streams: listed,
        ..needed.clone()
    };
    if listed.to_json().len() <= BUDGET {
        listed
    } else {
        needed
    }
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
    if current.streams != next.streams {
        Need::Listing
    } else {
        Need::Nothing
    }
}

/// Whether some origin that serves is gone, or elsewhere.
fn is_lost(current: &Document, next: &Document) -> bool {
    let serving = current
        .origins
        .iter()
        .filter(|origin| origin.state != State::Joining);
    serving.into_iter().any(|origin| {
        next.origin(&origin.name)
            .is_none_or(|next| next.address != origin.address)
    })
}

fn generation(view: &View<'_>, unix_ms: u64) -> u64 {
    let previous = view.table.generation();
    previous
        .max(view.observed.generation)
        .max(unix_ms.saturating_sub(1))
        .saturating_add(1)
}

/// Bytes of a document that an origin's joining or draining may lead to, at most.
const BUDGET: usize = 256 * 1024;
