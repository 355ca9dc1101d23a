//! What an edge tells the operators: its links, and from which origin it wants each of its streams.

use std::collections::{BTreeMap, BTreeSet};

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Links, StreamState, Streams};
use livecluster_mrtmp::route::Key;

use super::Core;
use super::link::{LinkId, Ready};
use super::publication::Publication;

impl Core {
    /// This many clients are connected, whatever they do.
    pub fn set_connections(&mut self, connections: u64) {
        if std::mem::replace(&mut self.connections, connections) != connections {
            self.cx.report_links();
        }
    }

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
        let origins = self.cx.links.tried().map(|(origin, boot, is_up)| (origin.clone(), boot, is_up));
        Links { origins: origins.collect(), connections: self.connections }
    }

    fn streams_report(&self, complete: bool, changed: BTreeSet<Key>) -> Streams {
        let mut published: BTreeMap<&Key, Vec<&Publication>> = BTreeMap::new();
        for own in self.publications.values() {
            published.entry(own.key()).or_default().push(own);
        }
        let keys = match complete {
            true => published.keys().copied().chain(self.subscriptions.keys()).cloned().collect(),
            false => changed,
        };
        let states = keys.into_iter().map(|key| {
            let state = self.stream_state(&key, published.get(&key).map_or(&[], Vec::as_slice));
            (key, state)
        });
        Streams { complete, generation: self.cx.table.generation(), streams: states.collect() }
    }

    /// What is published here matters when its origin can't be reached by anyone; what is watched, or waits for an
    /// answer, when it can't be reached from here.
    fn stream_state(&self, key: &Key, published: &[&Publication]) -> Option<StreamState> {
        let waiting = || published.iter().find_map(|own| own.origins().last());
        let watched = || self.subscriptions.get(key).and_then(|watched| watched.origins().last());
        published.iter().find_map(|own| own.state()).or_else(|| {
            let origin = waiting().or_else(watched)?.clone();
            Some(StreamState { origin, publication: None, held: false })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use livecluster_mrtmp::id::BootId;
    use livecluster_mrtmp::link::Role;
    use livecluster_rtmp::broadcast;

    use super::*;
    use crate::core::{Config, Peer};

    #[test]
    fn operator_learns_of_another_number_of_clients_once() {
        let now = Instant::now();
        let config = Config { boot: BootId(1), hold: Duration::from_secs(60), log: broadcast::Limits::default() };
        let mut core = Core::new(config, "uid", now);
        let operator = core.link_up(peer(), now);
        core.set_connections(3);
        let mut told = || {
            let frames = std::iter::from_fn(|| core.poll_frame(operator, now)).collect::<Vec<_>>();
            core.set_connections(7);
            frames.into_iter().filter_map(connections).collect::<Vec<_>>()
        };

        assert_eq!([told(), told(), told()], [vec![3], vec![7], vec![]]);
    }

    fn connections(frame: Frame) -> Option<u64> {
        match frame {
            Frame::Links(links) => Some(links.connections),
            _ => None,
        }
    }

    fn peer() -> Peer {
        Peer { name: "operator".into(), role: Role::Operator, boot: BootId(2) }
    }
}
