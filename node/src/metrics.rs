//! Registration of metrics, the same way for every role. Names begin with `livecluster_`.

use prometheus::core::Collector;
use prometheus::{
    GaugeVec, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

/// The metrics of a process.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
}

impl Metrics {
    /// With the process's own figures and `build_info`.
    pub fn new(role: &str) -> Self {
        let registry = Registry::new_custom(Some("livecluster".to_owned()), None).unwrap_or_default();
        let metrics = Self { registry };
        metrics
            .gauge_vec("build_info", "Always 1; the labels tell what runs.", &["version", "role"])
            .with_label_values(&[env!("CARGO_PKG_VERSION"), role])
            .set(1);
        let process = prometheus::process_collector::ProcessCollector::for_self();
        metrics.register(process);
        metrics
    }

    /// A counter.
    pub fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.keep(IntCounter::new(name, help))
    }

    /// A counter with labels.
    pub fn counter_vec(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.keep(IntCounterVec::new(Opts::new(name, help), labels))
    }

    /// A gauge.
    pub fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.keep(IntGauge::new(name, help))
    }

    /// A gauge with labels.
    pub fn gauge_vec(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.keep(IntGaugeVec::new(Opts::new(name, help), labels))
    }

    /// A gauge of seconds, with labels.
    pub fn seconds_vec(&self, name: &str, help: &str, labels: &[&str]) -> GaugeVec {
        self.keep(GaugeVec::new(Opts::new(name, help), labels))
    }

    /// A histogram of seconds with these upper bounds.
    pub fn seconds(&self, name: &str, help: &str, buckets: &[f64]) -> Histogram {
        self.keep(Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec())))
    }

    /// All of them, in Prometheus' text format.
    pub fn render(&self) -> String {
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_default()
    }

    fn keep<C: Collector + Clone + 'static>(&self, made: prometheus::Result<C>) -> C {
        // Names and labels are constants of this program; a wrong one fails in every test that starts a role.
        let collector = made.unwrap_or_else(|error| unreachable!("{error}"));
        self.register(collector.clone());
        collector
    }

    fn register(&self, collector: impl Collector + 'static) {
        if let Err(error) = self.registry.register(Box::new(collector)) {
            tracing::warn!(%error, "metric not registered");
        }
    }
}
