//! The operator's decisions in their simplest faithful form: what is live stays where it is unless it has to go.

use std::collections::BTreeSet;

use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::{self, Document, Entry, Key, State, Table};

use super::World;
use super::routes::{bind, set_state};

impl World {
    /// An origin is known to be gone: it leaves the document. The last one that serves stays.
    pub fn remove_origin(&mut self, at: usize) {
        let name = self.origin_name(at);
        let serves = |origin: &route::Origin| origin.name != name && origin.state.serves();
        if !self.routes.document.origins.iter().any(serves) {
            return;
        }
        self.rewrite(|document| {
            document.origins.retain(|origin| origin.name != name);
            let is_active = |origin: &route::Origin| origin.state == State::Active;
            if !document.origins.iter().any(is_active)
                && let Some(drained) = document.origins.iter_mut().find(|one| one.state.serves())
            {
                drained.state = State::Active;
            }
        });
    }

    /// An origin that runs comes into the document, and takes nothing yet.
    pub fn announce_origin(&mut self, at: usize) {
        let name = self.origin_name(at);
        self.rewrite(|document| {
            if document.origin(&name).is_none() {
                document.origins.push(route::Origin {
                    name: name.clone(),
                    address: format!("{name}:1936"),
                    state: State::Joining,
                });
            }
        });
    }

    /// An origin of the document takes streams.
    pub fn activate_origin(&mut self, at: usize) {
        let name = self.origin_name(at);
        self.rewrite(|document| set_state(document, &name, State::Active));
    }

    /// An origin keeps its streams and takes no new ones. The last active one goes on.
    pub fn drain_origin(&mut self, at: usize) {
        let name = self.origin_name(at);
        let is_other = |one: &route::Origin| one.name != name && one.state == State::Active;
        if self.routes.document.origins.iter().any(is_other) {
            self.rewrite(|document| set_state(document, &name, State::Draining));
        }
    }

    /// The streams of a draining origin go to the others.
    pub fn empty_origin(&mut self, at: usize) {
        let name = self.origin_name(at);
        let table = Table::from(self.routes.document.clone());
        let moves: Vec<_> = self
            .streams()
            .into_iter()
            .filter(|stream| table.route(&key(stream)).is_some_and(|o| o.name == name))
            .filter_map(|stream| Some((table.default_of(&key(&stream))?.name.clone(), stream)))
            .collect();
        self.write(|document| {
            for (origin, stream) in &moves {
                bind(document, stream, origin);
            }
        });
    }

    /// A stream goes to an origin.
    pub fn move_stream(&mut self, stream: &str, at: usize) {
        let name = self.origin_name(at);
        self.write(|document| bind(document, stream, &name));
    }

    /// Writes a document in which every stream stays where it is, if that origin still serves.
    fn rewrite(&mut self, change: impl FnOnce(&mut Document)) {
        let before = Table::from(self.routes.document.clone());
        let streams = self.streams();
        self.write(|document| {
            change(document);
            keep(document, &before, &streams);
        });
    }

    /// Every stream that somebody ever named.
    fn streams(&self) -> BTreeSet<String> {
        let published = self.publishers.iter().map(|one| one.stream.clone());
        published.chain(self.viewers.iter().map(|one| one.stream.clone())).collect()
    }
}

fn keep(document: &mut Document, before: &Table, streams: &BTreeSet<String>) {
    let serving: BTreeSet<Name> =
        document.origins.iter().filter(|origin| origin.state.serves()).map(|origin| origin.name.clone()).collect();
    document.streams.retain(|_, origin| serving.contains(origin));
    for stream in streams {
        let Some(owner) = before.route(&key(stream)).map(|origin| origin.name.clone()) else {
            continue;
        };
        let after = Table::from(document.clone());
        let stays = after.route(&key(stream)).is_some_and(|one| one.name == owner);
        if serving.contains(&owner) && !stays {
            document.streams.insert(Entry::Key(key(stream)), owner);
        }
    }
}

fn key(stream: &str) -> Key {
    Key::of("live", stream).expect("a valid name")
}
