//! What a controller counts.

use livecluster_node::metrics::Metrics;
use prometheus::{Histogram, IntCounter, IntCounterVec};

/// What a controller counts.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    /// How long reconciliations take.
    pub seconds: Histogram,
    pub errors: IntCounter,
    pub drift: IntCounterVec,
    pub moved: IntCounterVec,
}

impl Counts {
    pub fn new(metrics: &Metrics) -> Self {
        let seconds = "How long it takes to bring a LiveCluster to what is wanted of it.";
        let moved = "Streams that were sent from one origin to another.";
        let drift = "Objects that somebody else had changed, and that were put right.";
        Self {
            seconds: metrics.seconds("operator_reconcile_seconds", seconds, &BUCKETS),
            errors: metrics
                .counter("operator_reconcile_errors_total", "Reconciliations that failed, and are tried again."),
            moved: metrics.counter_vec("operator_streams_moved_total", moved, &["cause"]),
            drift: metrics.counter_vec("operator_drift_corrected_total", drift, &["kind", "manager"]),
        }
    }
}

const BUCKETS: [f64; 8] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];
