//! What an origin shows over HTTP.

mod figures;
mod streams;

use std::sync::Arc;

use livecluster_mrtmp::id::{PublicationId, Term};
use livecluster_node::http::Pages;
use livecluster_node::metrics::Description;
use livecluster_node::routes;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::boot::{Boot, LinkStatus, Snapshot, State};
use crate::core::{PublicationStatus, StreamStatus};
use figures::Figures;

/// What the metrics of an origin are.
pub fn metrics() -> Vec<Description> {
    let mut all = Figures::new(0).descriptions();
    all.extend(routes::descriptions());
    all
}

/// The pages of an origin.
#[derive(Debug)]
pub(crate) struct OriginPages {
    boots: watch::Receiver<Arc<Boot>>,
    figures: Figures,
    routes: routes::Figures,
}

impl OriginPages {
    /// Shows the newest of `boots`, and of so many streams their own metrics.
    pub fn new(boots: watch::Receiver<Arc<Boot>>, routes: routes::Figures, stream_metrics: usize) -> Self {
        Self { boots, figures: Figures::new(stream_metrics), routes }
    }

    fn boot(&self) -> Arc<Boot> {
        Arc::clone(&self.boots.borrow())
    }
}

impl Pages for OriginPages {
    fn metrics(&self) -> String {
        let snapshot = self.boot().read(State::snapshot);
        self.figures.render(&snapshot) + &self.routes.render()
    }

    fn unready(&self) -> Option<String> {
        let boot = self.boot();
        if boot.read(State::is_draining) {
            return Some("draining".to_owned());
        }
        let in_force = boot.read(State::has_document);
        (!in_force).then(|| "no route document is in force".to_owned())
    }

    fn status(&self) -> Value {
        let boot = self.boot();
        let Snapshot { generation, draining, boots, streams, links, .. } = boot.read(State::snapshot);
        json!({
            "name": &**boot.identity().name(),
            "pid": std::process::id(),
            "boot": hex(boot.identity().boot().0),
            "boots": boots,
            "generation": generation,
            "draining": draining,
            "streams": streams.iter().map(stream).collect::<Vec<_>>(),
            "links": links.iter().map(link).collect::<Vec<_>>(),
        })
    }
}

fn stream(stream: &StreamStatus) -> Value {
    let current = stream.current.as_ref();
    let number = |of: fn(&PublicationStatus) -> u64| current.map_or(0, of);
    json!({
        "key": stream.key.as_str(),
        "publication": current.map(|current| publication(current.id)),
        "term": current.map(|current| term(current.term)),
        "publisher_edge": current.map(|current| &*current.edge),
        "edges": stream.edges,
        "viewers": stream.viewers,
        "held": current.is_some_and(|current| current.held),
        "bytes": number(|current| current.bytes),
        "log_bytes": stream.log_bytes,
        "next": number(|current| current.next),
    })
}

fn link(link: &LinkStatus) -> Value {
    json!({
        "peer": &*link.peer,
        "role": link.role.to_string(),
        "rtt_ms": link.rtt.map(|rtt| rtt.as_secs_f64() * 1000.0),
        "bytes_in": link.bytes_in,
        "bytes_out": link.bytes_out,
    })
}

fn publication(id: PublicationId) -> String {
    format!("{}-{}", hex(id.edge.0), id.counter)
}

fn term(term: Term) -> Value {
    json!([term.generation, term.counter])
}

/// As text: programs that read JSON may not hold 64 bits in a number.
fn hex(number: u64) -> String {
    format!("{number:016x}")
}
