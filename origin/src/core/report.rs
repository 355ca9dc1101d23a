//! What an origin tells the operators: its streams.

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{StreamState, Streams};
use livecluster_mrtmp::route::Key;

use super::Core;
use super::link::LinkId;

impl Core {
    /// The next report that this operator lacks.
    pub(super) fn report(&mut self, link: LinkId) -> Option<Frame> {
        let found = self.cx.links.get_mut(link)?;
        let complete = std::mem::take(&mut found.lists_all);
        let changed = std::mem::take(&mut found.unreported);
        if !complete && changed.is_empty() {
            return None;
        }
        let keys: Vec<Key> = match complete {
            true => self.streams.keys().cloned().collect(),
            false => changed.into_iter().collect(),
        };
        let states = keys.into_iter().map(|key| {
            let state = self.stream_state(&key);
            (key, state)
        });
        let streams = states.filter(|(_, state)| !complete || state.is_some()).collect();
        Some(Frame::Streams(Streams { complete, generation: self.routes().generation(), streams }))
    }

    fn stream_state(&self, key: &Key) -> Option<StreamState> {
        let current = self.streams.get(key)?.current()?;
        Some(StreamState {
            origin: self.cx.config.name.clone(),
            publication: Some((current.id, current.grant.term)),
            held: current.source.is_none(),
        })
    }
}
