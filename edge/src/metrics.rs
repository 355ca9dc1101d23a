//! What an edge counts.

mod scrape;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use livecluster_mrtmp::io::Counters;
use livecluster_mrtmp::link::Peer;
use livecluster_node::metrics::{Description, Metrics as Registry};
use livecluster_rtmp::broadcast::Budget;
use livecluster_rtmp::handshake;
use livecluster_rtmp::session::{Error, Phase};
use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};
use scrape::AtScrape;
use serde_json::{Value, json};

use crate::core::Core;
use crate::worker::Written;

/// The metrics of an edge.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    connections: IntGauge,
    roles: IntGaugeVec,
    accepted: IntCounter,
    closed: IntCounterVec,
    bytes_in: IntCounter,
    bytes_out: IntCounter,
    skipped: IntCounter,
    no_room: IntCounter,
    first_frame: Histogram,
    turn: Histogram,
    gap: Histogram,
    at_scrape: AtScrape,
    links: Shown,
}

/// The links that are up.
type Shown = Arc<Mutex<Vec<(Peer, Arc<Counters>)>>>;

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It publishes a stream.
    Publisher,
    /// It plays a stream.
    Viewer,
}

/// Why a client was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It closed its connection.
    Left,
    /// Its connection broke.
    Lost,
    /// It broke the protocol, or a limit of it.
    Protocol,
    /// It speaks TLS on this port.
    Tls,
    /// It speaks HTTP on this port.
    Http,
    /// It wants RTMPE or another version of RTMP.
    Version,
    /// It did not do in time what it had to.
    Timeout,
    /// It read nothing for too long.
    Stalled,
    /// It published nothing for too long.
    IdlePublisher,
    /// Another publisher took its stream over.
    Revoked,
    /// The origin wanted it to leave.
    Expelled,
    /// No origin answered within the hold time.
    HoldEnded,
    /// There were too many.
    Limit,
    /// The edge was stopped.
    Drained,
    /// This edge made a mistake in serving it.
    Fault,
}

impl Reason {
    /// As a label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Lost => "lost",
            Self::Protocol => "protocol",
            Self::Tls => "tls",
            Self::Http => "http",
            Self::Version => "version",
            Self::Timeout => "timeout",
            Self::Stalled => "stalled",
            Self::IdlePublisher => "idle_publisher",
            Self::Revoked => "revoked",
            Self::Expelled => "expelled",
            Self::HoldEnded => "hold_ended",
            Self::Limit => "limit",
            Self::Drained => "drained",
            Self::Fault => "fault",
        }
    }

    /// What a session's error says about its client.
    pub fn of(error: &Error) -> Self {
        match error {
            Error::Handshake(handshake::Error::Tls) => Self::Tls,
            Error::Handshake(handshake::Error::Http) => Self::Http,
            Error::Handshake(handshake::Error::Encrypted(_) | handshake::Error::Version(_)) => Self::Version,
            Error::Timeout(Phase::Handshake | Phase::Connect | Phase::Idle | Phase::Ping) => Self::Timeout,
            _ => Self::Protocol,
        }
    }
}

impl Metrics {
    /// With all series at zero; `limit` is the most connections at a time.
    pub fn new(limit: u64) -> Self {
        let registry = Registry::new("edge");
        registry
            .gauge("edge_connection_limit", "Clients that may be connected at a time.")
            .set(i64::try_from(limit).unwrap_or(i64::MAX));
        Self {
            connections: registry.gauge("edge_connections", "Clients connected."),
            roles: registry.gauge_vec(
                "edge_streams",
                "Message streams of clients, by role: publish or play.",
                &["role"],
            ),
            accepted: registry.counter("connections_total", "Clients accepted."),
            closed: registry.counter_vec(
                "disconnects_total",
                "Clients closed, by reason; left and lost are the client's own.",
                &["reason"],
            ),
            bytes_in: registry.counter("client_bytes_in_total", "Bytes read from clients."),
            bytes_out: registry.counter("client_bytes_out_total", "Bytes written to clients."),
            skipped: registry.counter("play_skipped_messages_total", "Messages that viewers lost because they lagged."),
            no_room: registry.counter("no_room_total", "Publishes and plays refused because logs were full."),
            first_frame: registry.seconds(
                "first_frame_seconds",
                "From play to the first media written.",
                &[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0],
            ),
            turn: registry.seconds(
                "turn_seconds",
                "From a message's coming into its log until all viewers at its thread that keep up have it.",
                &[
                    0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.11, 0.15, 0.2, 0.3, 0.35, 0.36, 0.5, 1.0,
                    2.0,
                ],
            ),
            gap: registry.seconds(
                "stream_gap_seconds",
                "Pauses of streams whose origin was lost or changed, as their viewers' edge saw them.",
                &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 120.0],
            ),
            at_scrape: AtScrape::new(&registry),
            links: Arc::default(),
            registry,
        }
    }

    /// What the metrics of an edge are.
    pub fn descriptions() -> Vec<Description> {
        Self::new(0).registry.descriptions()
    }

    /// A client was accepted.
    pub fn opened(&self) {
        self.accepted.inc();
        self.connections.inc();
    }

    /// A client that was accepted is gone.
    pub fn closed(&self, reason: Reason) {
        self.connections.dec();
        self.closed.with_label_values(&[reason.as_str()]).inc();
    }

    /// A client was not accepted.
    pub fn refused(&self, reason: Reason) {
        self.closed.with_label_values(&[reason.as_str()]).inc();
    }

    /// Clients connected.
    pub fn connections(&self) -> u64 {
        u64::try_from(self.connections.get()).unwrap_or(0)
    }

    /// A client began to publish or play.
    pub fn joined(&self, role: Role) {
        self.roles.with_label_values(&[label(role)]).inc();
    }

    /// A client ceased to publish or play.
    pub fn left(&self, role: Role) {
        self.roles.with_label_values(&[label(role)]).dec();
    }

    /// A publish or play was refused because logs are full.
    pub fn found_no_room(&self) {
        self.no_room.inc();
    }

    /// Bytes came from a client.
    pub fn read(&self, len: usize) {
        self.bytes_in.inc_by(number(len));
    }

    /// A stream went on after a pause of this length.
    pub fn gap(&self, length: Duration) {
        self.gap.observe(length.as_secs_f64());
    }

    /// Bytes went to a client, the same for many.
    pub fn wrote_bytes(&self, len: usize) {
        self.bytes_out.inc_by(number(len));
    }

    /// Viewers were served, the last of them so long after the oldest message came.
    pub fn turned(&self, waited: Duration) {
        self.turn.observe(waited.as_secs_f64());
    }

    /// Something was written to a client.
    pub(crate) fn wrote(&self, written: &Written) {
        self.bytes_out.inc_by(number(written.bytes));
        self.skipped.inc_by(written.skipped);
        for waited in &written.first {
            self.first_frame.observe(waited.as_secs_f64());
        }
    }

    /// Shows a link's figures until the guard is dropped.
    pub fn link(&self, peer: &Peer, counters: &Arc<Counters>) -> LinkGuard {
        lock(&self.links).push((peer.clone(), Arc::clone(counters)));
        LinkGuard { links: Arc::clone(&self.links), counters: Arc::clone(counters) }
    }

    /// All metrics, in Prometheus' text format.
    pub fn render(&self, core: &mut Core, budget: &Budget) -> String {
        self.at_scrape.read(core);
        self.at_scrape.read_budget(budget);
        self.at_scrape.read_links(core, &lock(&self.links));
        self.registry.render()
    }

    /// The links, for a status page.
    pub fn links(&self) -> Vec<Value> {
        let links = lock(&self.links);
        let shown = links.iter().map(|(peer, counters)| {
            json!({
                "peer": &*peer.name,
                "role": format!("{:?}", peer.role).to_lowercase(),
                "rtt_ms": counters.rtt().map(|rtt| rtt.as_secs_f64() * 1000.0),
                "bytes_in": counters.bytes_in(),
                "bytes_out": counters.bytes_out(),
            })
        });
        shown.collect()
    }
}

/// A link that is shown; see [`Metrics::link`].
#[derive(Debug)]
pub struct LinkGuard {
    links: Shown,
    counters: Arc<Counters>,
}

impl Drop for LinkGuard {
    fn drop(&mut self) {
        lock(&self.links).retain(|(_, counters)| !Arc::ptr_eq(counters, &self.counters));
    }
}

fn label(role: Role) -> &'static str {
    match role {
        Role::Publisher => "publish",
        Role::Viewer => "play",
    }
}

fn number(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
