//! What an edge tells the operators: its links, and to which origin each of its streams is bound.

use std::collections::BTreeSet;

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Links, StreamState, Streams};
use livecluster_mrtmp::route::Key;

use super::Core;
use super::link::{LinkId, Ready};

impl Core {
    /// The next report that this operator lacks.
    pub(super) fn report(&mut self, link: LinkId) -> Option<Frame> {
        let unreported = &mut self.cx.links.get_mut(link)?.unreported;
        if std::mem::take(&mut unreported.links) {
            self.cx.links.get_mut(link)?.push_ready(Ready::Report);
            return Some(Frame::Links(self.links_report()));
        }
        let unreported = &mut self.cx.links.get_mut(link)?.unreported;
        let complete = std::mem::take(&mut unreported.complete);
        let changed = std::mem::take(&mut unreported.streams);
        if !complete && changed.is_empty() {
            return None;
        }
        Some(Frame::Streams(self.streams_report(complete, changed)))
    }

    fn links_report(&self) -> Links {
        let origins = self.cx.table.origins().iter().map(|origin| {
            let boot = self.cx.links.boot_of(&origin.name);
            (origin.name.clone(), boot, boot.is_some())
        });
        Links {
            origins: origins.collect(),
            connections: self.cx.counters.connections,
        }
    }

    fn streams_report(&self, complete: bool, changed: BTreeSet<Key>) -> Streams {
        let keys = match complete {
            true => self
                .publications
                .values()
                .map(|own| own.key().clone())
                .collect(),
            false => changed,
        };
        let states = keys.into_iter().map(|key| {
            let state = self.stream_state(&key);
            (key, state)
        });
        Streams {
            complete,
            generation: self.cx.table.generation(),
            streams: states.collect(),
        }
    }

    /// Only streams that are published here: these are what a decision about an origin that can't be reached needs.
    fn stream_state(&self, key: &Key) -> Option<StreamState> {
        let own = self
            .publications
            .values()
            .find(|own| own.key() == key && own.grant().is_some())?;
        Some(StreamState {
            origin: own.origins().last()?.clone(),
            publication: own.grant().map(|grant| (own.id(), grant.term)),
            held: own.is_held(),
        })
    }
}
