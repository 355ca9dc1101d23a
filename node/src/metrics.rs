//! Registration of metrics, the same way for every role. Names begin with `livecluster_`.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

/// The metrics of a process.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    described: Arc<Mutex<Vec<Description>>>,
}

/// What a metric is, whether it has series yet or not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Description {
    /// Its whole name.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: String,
    /// The names of its labels.
    pub labels: Vec<String>,
    /// A sentence for people.
    pub help: String,
}

impl Metrics {
    /// None yet.
    pub fn bare() -> Self {
        let registry = Registry::new_custom(Some(PREFIX.to_owned()), None).unwrap_or_default();
        Self { registry, described: Arc::default() }
    }

    /// With the process's own figures and `build_info`.
    pub fn new(role: &str) -> Self {
        let metrics = Self::bare();
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

    /// A gauge of seconds.
    pub fn seconds_gauge(&self, name: &str, help: &str) -> Gauge {
        self.keep(Gauge::new(name, help))
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

    /// What they are, in the order in which they were registered.
    pub fn descriptions(&self) -> Vec<Description> {
        self.described.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep<C: Collector + Clone + 'static>(&self, made: prometheus::Result<C>) -> C {
        // Names and labels are constants of this program; a wrong one fails in every test that starts a role.
        let collector = made.unwrap_or_else(|error| unreachable!("{error}"));
        self.register(collector.clone());
        collector
    }

    fn register(&self, collector: impl Collector + 'static) {
        self.described.lock().unwrap_or_else(PoisonError::into_inner).extend(describe(&collector));
        if let Err(error) = self.registry.register(Box::new(collector)) {
            tracing::warn!(%error, "metric not registered");
        }
    }
}

fn describe(collector: &impl Collector) -> Vec<Description> {
    let labels = |name: &str| {
        let desc = collector.desc().into_iter().find(|desc| desc.fq_name == name);
        desc.map(|desc| desc.variable_labels.clone()).unwrap_or_default()
    };
    let families = collector.collect();
    let described = families.iter().map(|family| Description {
        name: format!("{PREFIX}_{}", family.name()),
        kind: format!("{:?}", family.get_field_type()).to_lowercase(),
        labels: labels(family.name()),
        help: family.help().to_owned(),
    });
    described.collect()
}

const PREFIX: &str = "livecluster";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metric_is_described_before_it_has_a_series() {
        let metrics = Metrics::bare();
        metrics.counter_vec("closed_total", "Clients closed.", &["reason"]);
        metrics.seconds("gap_seconds", "Pauses.", &[1.0]);

        let described = metrics.descriptions();

        let short = |one: &Description| format!("{} {} {:?} {}", one.name, one.kind, one.labels, one.help);
        let shorts: Vec<_> = described.iter().map(short).collect();
        assert_eq!(
            shorts,
            [
                r#"livecluster_closed_total counter ["reason"] Clients closed."#,
                r#"livecluster_gap_seconds histogram [] Pauses."#,
            ]
        );
        assert!(!metrics.render().contains("closed_total"), "it has no series");
    }

    #[test]
    fn process_is_described_too() {
        let described = Metrics::new("edge").descriptions();

        assert!(described.iter().any(|one| one.name == "livecluster_process_resident_memory_bytes"), "{described:?}");
    }
}
