//! The metrics of an origin, read off its state when someone asks.

use std::time::Instant;

use livecluster_mrtmp::link::Role;
use livecluster_node::metrics::{Description, Metrics};
use prometheus::{GaugeVec, IntCounter, IntGauge, IntGaugeVec};

use super::streams::StreamFigures;
use crate::boot::Snapshot;
use crate::core::StreamStatus;
use crate::totals::Totals;

/// All metrics, registered.
#[derive(Debug)]
pub(super) struct Figures {
    registry: Metrics,
    gauges: Gauges,
    counters: Counters,
    streams: StreamFigures,
}

#[derive(Debug)]
struct Gauges {
    streams: IntGauge,
    held: IntGauge,
    viewers: IntGauge,
    log_bytes: IntGauge,
    log_limit: IntGauge,
    generation: IntGauge,
    links: IntGaugeVec,
    rtt: GaugeVec,
}

#[derive(Debug)]
struct Counters {
    boots: IntCounter,
    bytes_in: IntCounter,
    bytes_out: IntCounter,
    frames_in: IntCounter,
    frames_out: IntCounter,
    duplicates: IntCounter,
    discontinuities: IntCounter,
    takeovers: IntCounter,
    refusals: IntCounter,
}

impl Figures {
    pub fn new(stream_metrics: usize) -> Self {
        let registry = Metrics::new("origin");
        let (gauges, counters) = (Gauges::new(&registry), Counters::new(&registry));
        Self { gauges, counters, streams: StreamFigures::new(&registry, stream_metrics), registry }
    }

    pub fn descriptions(&self) -> Vec<Description> {
        self.registry.descriptions()
    }

    pub fn render(&self, snapshot: &Snapshot) -> String {
        self.gauges.show_streams(snapshot);
        self.gauges.show_links(snapshot);
        self.streams.show(&snapshot.streams, Instant::now());
        self.gauges.generation.set(signed(snapshot.generation));
        self.counters.show(snapshot.boots, &snapshot.totals);
        self.registry.render()
    }
}

impl Gauges {
    fn new(registry: &Metrics) -> Self {
        let gauge = |name, help| registry.gauge(name, help);
        Self {
            streams: gauge("streams", "Streams that are published, held ones included."),
            held: gauge("streams_held", "Streams whose publisher can't be heard just now."),
            viewers: gauge("viewers", "Viewers of all streams, at all edges."),
            log_bytes: gauge("log_bytes", "Bytes in the logs of all streams."),
            log_limit: gauge("log_bytes_limit", "Bytes that all logs may keep together."),
            generation: gauge("route_generation", "The route document in force."),
            links: registry.gauge_vec(
                "mrtmp_links",
                "Links that are up, by the peer's role: edge or operator.",
                &["role"],
            ),
            rtt: registry.seconds_vec("mrtmp_rtt_seconds", "Heartbeat time of a link that is up.", &["peer", "role"]),
        }
    }

    fn show_streams(&self, Snapshot { streams, log_bytes, log_limit, .. }: &Snapshot) {
        let published = || streams.iter().filter_map(|stream| stream.current.as_ref());
        self.streams.set(signed(published().count()));
        self.held.set(signed(published().filter(|current| current.held).count()));
        let sum = |of: fn(&StreamStatus) -> usize| signed(streams.iter().map(of).sum::<usize>());
        self.viewers.set(sum(|stream| stream.viewers));
        self.log_bytes.set(signed(*log_bytes));
        self.log_limit.set(signed(*log_limit));
    }

    /// Links that have gone leave no series behind.
    fn show_links(&self, snapshot: &Snapshot) {
        self.rtt.reset();
        for role in [Role::Edge, Role::Operator] {
            let links = || snapshot.links.iter().filter(|link| link.role == role);
            let role = role.to_string();
            self.links.with_label_values(&[&role]).set(signed(links().count()));
            for (link, rtt) in links().filter_map(|link| Some((link, link.rtt?))) {
                let labels = [&*link.peer, &role];
                self.rtt.with_label_values(&labels).set(rtt.as_secs_f64());
            }
        }
    }
}

impl Counters {
    fn new(registry: &Metrics) -> Self {
        let counter = |name, help| registry.counter(name, help);
        Self {
            boots: counter("boots_total", "Boots of this process: more than one if it was frozen."),
            bytes_in: counter("mrtmp_bytes_in_total", "Bytes read from links."),
            bytes_out: counter("mrtmp_bytes_out_total", "Bytes written to links."),
            frames_in: counter("mrtmp_frames_in_total", "Frames that came over links."),
            frames_out: counter("mrtmp_frames_out_total", "Frames sent over links."),
            duplicates: counter(
                "duplicates_dropped_total",
                "Messages that came twice, or from a source that is not bound.",
            ),
            discontinuities: counter("discontinuities_total", "Holes sent to edges that lagged behind the log."),
            takeovers: counter("takeovers_total", "Publications that took a stream over from another."),
            refusals: counter("refusals_total", "Publishes and plays that were refused."),
        }
    }

    fn show(&self, boots: u64, totals: &Totals) {
        raise(&self.boots, boots);
        raise(&self.bytes_in, totals.bytes_in);
        raise(&self.bytes_out, totals.bytes_out);
        raise(&self.frames_in, totals.frames_in);
        raise(&self.frames_out, totals.frames_out);
        raise(&self.duplicates, totals.duplicates);
        raise(&self.discontinuities, totals.discontinuities);
        raise(&self.takeovers, totals.takeovers);
        raise(&self.refusals, totals.refusals);
    }
}

fn raise(counter: &IntCounter, total: u64) {
    counter.inc_by(total.saturating_sub(counter.get()));
}

fn signed(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
