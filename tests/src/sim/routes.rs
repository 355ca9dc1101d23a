//! The route document: who writes it, and when it comes to its readers.

use std::collections::BTreeMap;
use std::time::Duration;

use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::{self, Document, Entry, Key, Table};

use super::{Breach, CLUSTER, Event, World};

/// The document in force, and how it was made.
#[derive(Debug, Default)]
pub struct Routes {
    /// The last one that was written.
    pub document: Document,
    /// It is no longer there.
    pub(super) is_deleted: bool,
}

/// Who reads documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reader {
    /// The edge with this number.
    Edge(usize),
    /// The origin with this number.
    Origin(usize),
}

impl World {
    pub(super) fn write_first_document(&mut self) {
        let origins = self.origins.iter().map(|origin| route::Origin {
            name: origin.name.clone(),
            address: format!("{}:1936", origin.name),
            state: route::State::Active,
        });
        self.routes.document = Document {
            cluster: CLUSTER.to_owned(),
            generation: 1,
            origins: origins.collect(),
            streams: BTreeMap::new(),
        };
        for reader in self.readers() {
            self.read_document(reader, self.routes.document.clone());
        }
    }

    pub(super) fn readers(&self) -> Vec<Reader> {
        let edges = (0..self.edges.len()).map(Reader::Edge);
        edges.chain((0..self.origins.len()).map(Reader::Origin)).collect()
    }

    /// Writes a document; every reader gets it after a delay of its own.
    pub fn write(&mut self, change: impl FnOnce(&mut Document)) {
        let delays = self.delays();
        self.write_with(&delays, change);
    }

    fn delays(&mut self) -> Vec<(Reader, Duration)> {
        let (least, most) = self.setup.lateness;
        self.readers().into_iter().map(|reader| (reader, self.random.between(least, most))).collect()
    }

    /// The operator has written this document.
    pub(super) fn publish_document(&mut self, mut document: Document) {
        if self.setup.breach == Some(Breach::DefaultsMove) {
            document.streams.clear();
        }
        self.check_stickiness(&document);
        self.routes.document = document;
        let delays = self.delays();
        self.spread(&delays);
    }

    /// Writes a document; these readers get it after these times, the others never.
    pub fn write_with(&mut self, delays: &[(Reader, Duration)], change: impl FnOnce(&mut Document)) {
        change(&mut self.routes.document);
        self.routes.document.generation += 1;
        self.spread(delays);
    }

    fn spread(&mut self, delays: &[(Reader, Duration)]) {
        self.trace(|| format!("document {:?}", self.routes.document));
        for (reader, delay) in delays {
            let document = Box::new(self.routes.document.clone());
            self.schedule(self.now + *delay, Event::Document(*reader, document));
        }
    }

    /// Which origin a stream belongs to, by the last document.
    pub fn owner(&self, stream: &str) -> Option<usize> {
        let table = Table::from(self.routes.document.clone());
        let key = Key::of("live", stream).ok()?;
        let name = table.route(&key)?.name.clone();
        self.origins.iter().position(|origin| origin.name == name)
    }

    /// A stream's name that belongs to this origin as long as all are active.
    pub fn stream_of(&self, origin: usize) -> String {
        let mut names = (0..).map(|number| format!("stream{number}"));
        names.find(|name| self.owner(name) == Some(origin)).expect("one of infinitely many")
    }

    /// The name of an origin.
    pub fn origin_name(&self, origin: usize) -> Name {
        self.origins[origin].name.clone()
    }

    pub(super) fn read_document(&mut self, reader: Reader, document: Document) {
        self.trace(|| format!("{reader:?} reads generation {}", document.generation));
        match reader {
            Reader::Edge(at) => {
                let now = self.instant();
                let edge = &mut self.edges[at];
                if edge.core.routes().accepts(&document).is_ok() {
                    edge.core.set_routes(Table::from(document.clone()), now);
                    self.tell_generation(reader, &document);
                    self.after_edge(at);
                }
            }
            Reader::Origin(at) => {
                let now = self.origin_now(at);
                let Some(core) = self.origins[at].core() else {
                    return;
                };
                if core.routes().accepts(&document).is_ok() {
                    core.set_routes(Table::from(document.clone()), now);
                    self.tell_generation(reader, &document);
                    self.origins[at].document = Some(document);
                    self.after_origin(at);
                }
            }
        }
    }
}

/// Binds a stream to an origin.
pub fn bind(document: &mut Document, stream: &str, origin: &Name) {
    let key = Key::of("live", stream).expect("a valid name");
    document.streams.insert(Entry::Key(key), origin.clone());
}

/// Sets an origin's state.
pub fn set_state(document: &mut Document, origin: &Name, state: route::State) {
    for known in &mut document.origins {
        if known.name == *origin {
            known.state = state;
        }
    }
}
