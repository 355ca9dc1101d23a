//! Metrics that are read off when someone asks.

use std::sync::Arc;

use livecluster_mrtmp::io::Counters;
use livecluster_mrtmp::link::Peer;
use livecluster_node::metrics::Metrics as Registry;
use livecluster_rtmp::broadcast::Budget;
use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

use crate::core::{self, Core};

/// The streams and the links of an edge.
#[derive(Debug)]
pub(super) struct AtScrape {
    publications: IntGauge,
    subscriptions: IntGauge,
    upstream: IntGauge,
    log_bytes: IntGauge,
    log_limit: IntGauge,
    unstable_bytes: IntGauge,
    largest_unstable: IntGauge,
    held: IntGauge,
    slowed: IntGauge,
    held_clients: IntGaugeVec,
    generation: IntGauge,
    totals: Totals,
    links: Links,
}

/// What only grows.
#[derive(Debug)]
struct Totals {
    duplicates: IntCounter,
    replayed: IntCounter,
    replayed_bytes: IntCounter,
    owner_changes: IntCounterVec,
    discontinuities: IntCounter,
    laggards: IntCounter,
}

#[derive(Debug)]
struct Links {
    up: IntGauge,
    is_up: IntGaugeVec,
    bytes: IntGaugeVec,
    rtt: IntGaugeVec,
}

impl AtScrape {
    pub fn new(registry: &Registry) -> Self {
        let gauge = |name, help| registry.gauge(name, help);
        Self {
            publications: gauge("publications", "Streams published by clients of this edge."),
            subscriptions: gauge("subscriptions", "Streams watched by clients of this edge."),
            upstream: gauge("upstream_subscriptions", "Streams that come down from origins."),
            log_bytes: gauge("log_bytes", "Bytes kept in the logs of streams."),
            log_limit: gauge("log_bytes_limit", "Bytes that all logs may keep together."),
            unstable_bytes: gauge("unstable_bytes", "Bytes of publications that some edge or their origin may lack."),
            largest_unstable: gauge("unstable_bytes_largest", "Unstable bytes of the publication that has most."),
            held: gauge("held_publications", "Publications whose origin can't be reached just now."),
            slowed: gauge("slowed_publications", "Publications whose client has to wait, for their log is full."),
            held_clients: registry.gauge_vec(
                "held_clients",
                "Clients that wait for an origin, by role: publish or play.",
                &["role"],
            ),
            generation: gauge("route_generation", "The route document in force."),
            totals: Totals::new(registry),
            links: Links::new(registry),
        }
    }

    pub fn read(&self, core: &mut Core) {
        let figures = core.figures();
        self.publications.set(signed(figures.publications));
        self.subscriptions.set(signed(figures.subscriptions));
        self.upstream.set(signed(figures.upstream));
        self.unstable_bytes.set(signed(figures.unstable_bytes));
        self.largest_unstable.set(signed(figures.largest_unstable));
        self.held.set(signed(figures.held));
        self.slowed.set(signed(figures.slowed));
        self.read_held_clients(core);
        self.generation.set(signed(core.routes().generation()));
        self.totals.read(core.counters());
    }

    pub fn read_budget(&self, budget: &Budget) {
        let signed = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
        self.log_bytes.set(signed(budget.held()));
        self.log_limit.set(signed(budget.limit()));
    }

    /// Each publication has one client.
    fn read_held_clients(&self, core: &Core) {
        let (mut publishers, mut viewers) = (0, 0);
        for stream in core.streams().filter(|stream| stream.is_held) {
            publishers += i64::from(stream.is_published);
            viewers += i64::try_from(stream.viewers).unwrap_or(i64::MAX);
        }
        self.held_clients.with_label_values(&["publish"]).set(publishers);
        self.held_clients.with_label_values(&["play"]).set(viewers);
    }

    /// Origins of the document that have no link are shown as down.
    pub fn read_links(&self, core: &Core, links: &[(Peer, Arc<Counters>)]) {
        let shown = &self.links;
        shown.up.set(i64::try_from(links.len()).unwrap_or(i64::MAX));
        shown.is_up.reset();
        shown.bytes.reset();
        shown.rtt.reset();
        for origin in core.routes().origins() {
            shown.is_up.with_label_values(&[&*origin.name]).set(0);
        }
        for (peer, counters) in links {
            shown.read(peer, counters);
        }
    }
}

impl Totals {
    fn new(registry: &Registry) -> Self {
        let counter = |name, help| registry.counter(name, help);
        Self {
            duplicates: counter("duplicates_dropped_total", "Messages that came twice and were dropped."),
            replayed: counter("replayed_messages_total", "Messages sent again after a resume."),
            replayed_bytes: counter("replayed_bytes_total", "Payload bytes of messages sent again after a resume."),
            owner_changes: registry.counter_vec(
                "stream_owner_changes_total",
                "Streams published here that went to another origin, by cause: failover or move.",
                &["cause"],
            ),
            discontinuities: counter("discontinuities_total", "Holes in streams that nobody could fill."),
            laggards: counter("laggards_total", "Edges that left a publication's map at its byte budget."),
        }
    }

    fn read(&self, counters: &core::Counters) {
        raise(&self.duplicates, counters.duplicates);
        raise(&self.replayed, counters.replayed);
        raise(&self.replayed_bytes, counters.replayed_bytes);
        raise(&self.owner_changes.with_label_values(&["failover"]), counters.failovers);
        raise(&self.owner_changes.with_label_values(&["move"]), counters.moves);
        raise(&self.discontinuities, counters.discontinuities);
        raise(&self.laggards, counters.laggards);
    }
}

impl Links {
    fn new(registry: &Registry) -> Self {
        let vector = |name, help, labels: &[&str]| registry.gauge_vec(name, help, labels);
        Self {
            up: registry.gauge("mrtmp_links", "Links that are up."),
            is_up: vector("mrtmp_link_up", "1: the link is up; 0: there is none to this origin.", &["peer"]),
            bytes: vector(
                "mrtmp_bytes",
                "Bytes over a link that is up, by direction: in or out.",
                &["peer", "direction"],
            ),
            rtt: vector("mrtmp_rtt_microseconds", "Heartbeat time of a link that is up.", &["peer"]),
        }
    }

    fn read(&self, peer: &Peer, counters: &Counters) {
        self.is_up.with_label_values(&[&*peer.name]).set(1);
        let direction = |direction| self.bytes.with_label_values(&[&*peer.name, direction]);
        direction("in").set(signed(counters.bytes_in()));
        direction("out").set(signed(counters.bytes_out()));
        if let Some(rtt) = counters.rtt() {
            let rtt = i64::try_from(rtt.as_micros()).unwrap_or(i64::MAX);
            self.rtt.with_label_values(&[&*peer.name]).set(rtt);
        }
    }
}

fn raise(counter: &IntCounter, total: u64) {
    counter.inc_by(total.saturating_sub(counter.get()));
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
