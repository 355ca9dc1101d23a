//! The pages of an edge.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use livecluster_node::Identity;
use livecluster_node::http::Pages;
use livecluster_node::routes::Figures;
use serde_json::{Value, json};

use crate::core::StreamStatus;
use crate::listener::Step;
use crate::shared::Shared;

/// What an edge shows over HTTP.
#[derive(Debug)]
pub struct EdgePages {
    shared: Arc<Shared>,
    identity: Identity,
    routes: Figures,
    drains: AtomicBool,
    closed: AtomicBool,
}

impl EdgePages {
    pub fn new(shared: Arc<Shared>, identity: Identity, routes: Figures) -> Self {
        Self { shared, identity, routes, drains: AtomicBool::new(false), closed: AtomicBool::new(false) }
    }

    /// It will end. It is ready until it accepts no more: of pods that end, only ready ones are sent clients.
    pub fn say(&self, step: Step) {
        match step {
            Step::Draining => self.drains.store(true, Ordering::Relaxed),
            Step::Closed => self.closed.store(true, Ordering::Relaxed),
        }
    }
}

impl Pages for EdgePages {
    fn metrics(&self) -> String {
        let own = self.shared.with(|core, _| self.shared.metrics.render(core, &self.shared.budget));
        own + &self.routes.render()
    }

    fn unready(&self) -> Option<String> {
        if self.closed.load(Ordering::Relaxed) {
            return Some("draining".to_owned());
        }
        let origins = self.shared.with(|core, _| core.routes().origins().len());
        (origins == 0).then(|| "no route document with an origin is in force".to_owned())
    }

    fn status(&self) -> Value {
        let (generation, streams) = self.shared.with(|core, _| {
            (core.routes().generation(), core.streams().map(|stream| show(&stream)).collect::<Vec<_>>())
        });
        json!({
            "name": &**self.identity.name(),
            "pid": std::process::id(),
            "boot": format!("{:016x}", self.identity.boot().0),
            "generation": generation,
            "connections": self.shared.metrics.connections(),
            "draining": self.drains.load(Ordering::Relaxed),
            "streams": streams,
            "links": self.shared.metrics.links(),
        })
    }
}

fn show(stream: &StreamStatus<'_>) -> Value {
    let log = stream.feed.log();
    let span =
        log.get(log.oldest()).zip(log.last()).map_or(0.0, |(oldest, newest)| (newest.at - oldest.at).as_secs_f64());
    let codecs: Vec<_> =
        log.newest_headers().iter().filter_map(|header| header.codec()).map(|codec| codec.to_string()).collect();
    json!({
        "key": stream.key.as_str(),
        "role": if stream.is_published { "publish" } else { "play" },
        "origin": stream.origin.map(|name| &**name),
        "term": stream.term.map(|term| json!([term.generation, term.counter])),
        "held": stream.is_held,
        "viewers": stream.viewers,
        "next": log.next(),
        "log_bytes": log.bytes(),
        "kbps": if span > 0.5 { log.bytes() as f64 * 8.0 / span / 1000.0 } else { 0.0 },
        "codecs": codecs,
    })
}
