//! How a cluster is, for people and programs.

use std::collections::BTreeMap;

use livecluster_operator::routing::Part;
use serde_json::{Value, json};

use super::Snapshot;
use crate::local::ready::Ready;

impl Snapshot {
    /// The cluster as JSON.
    pub fn to_json(&self) -> Value {
        let parts = |is_origin: bool| self.parts.iter().filter(move |(part, _)| is_origin == is(part));
        json!({
            "generation": self.document.generation,
            "decisions": self.decides,
            "origins": parts(true).map(|(part, process)| self.origin(part, process.as_ref())).collect::<Vec<_>>(),
            "edges": parts(false).map(|(part, process)| edge(part, process.as_ref())).collect::<Vec<_>>(),
            "streams": self.placed(),
        })
    }

    fn origin(&self, part: &Part, process: Option<&(u32, Ready)>) -> Value {
        let name = part.name();
        json!({
            "name": &**name,
            "state": self.state(name).map(|state| state.to_string()),
            "streams": self.streams.get(name).map(|streams| streams.len()),
            "pid": process.map(|(pid, _)| pid),
            "link": process.map(|(_, ready)| ready.link),
            "http": process.map(|(_, ready)| ready.http),
        })
    }

    /// The live streams and their origins.
    fn placed(&self) -> BTreeMap<&str, String> {
        let streams = self.streams.values().flatten();
        streams.filter_map(|stream| Some((stream.as_str(), self.origin_of(stream)?.to_string()))).collect()
    }
}

fn is(part: &Part) -> bool {
    matches!(part, Part::Origin(_))
}

fn edge(part: &Part, process: Option<&(u32, Ready)>) -> Value {
    json!({
        "name": &**part.name(),
        "pid": process.map(|(pid, _)| pid),
        "rtmp": process.and_then(|(_, ready)| ready.rtmp),
        "http": process.map(|(_, ready)| ready.http),
    })
}
