//! What a controller counts.

use livecluster_node::metrics::Metrics;
use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

use super::clusters::Id;
use crate::keeper::Shown;
use crate::resource::{ConditionType, LiveClusterStatus};
use crate::routing::Reach;

/// What a controller counts.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    /// How long reconciliations take.
    pub seconds: Histogram,
    pub errors: IntCounter,
    pub drift: IntCounterVec,
    pub moved: IntCounterVec,
    conditions: IntGaugeVec,
    rollouts: IntGaugeVec,
    document_bytes: IntGaugeVec,
    parts: IntGauge,
    linked: IntGauge,
}

impl Counts {
    pub fn new(metrics: &Metrics) -> Self {
        let seconds = "How long it takes to bring a LiveCluster to what is wanted of it.";
        let moved = "Streams that were sent from one origin to another, by cause: lost, drain or link.";
        let drift = "Objects that somebody else had changed, and that were put right.";
        let conditions = "Conditions of LiveClusters, as the leader sees them; 1: true, 0: not.";
        let rollouts = "1: an origin of the LiveCluster is being replaced by a rollout; 0: none is.";
        let document = "Bytes of the route document, as the leader knows it; beyond 262144 no origin joins or drains.";
        let of_cluster = ["namespace", "livecluster"];
        Self {
            seconds: metrics.seconds("operator_reconcile_seconds", seconds, &BUCKETS),
            errors: metrics
                .counter("operator_reconcile_errors_total", "Reconciliations that failed, and are tried again."),
            moved: metrics.counter_vec("operator_streams_moved_total", moved, &["cause"]),
            drift: metrics.counter_vec("operator_drift_corrected_total", drift, &["kind", "manager"]),
            conditions: metrics.gauge_vec("operator_condition", conditions, &["namespace", "livecluster", "condition"]),
            rollouts: metrics.gauge_vec("operator_rollout", rollouts, &of_cluster),
            document_bytes: metrics.gauge_vec("operator_route_document_bytes", document, &of_cluster),
            parts: metrics.gauge("operator_parts", "Edges and origins of all LiveClusters that this operator serves."),
            linked: metrics.gauge("operator_parts_linked", "Edges and origins to which its watch link is up."),
        }
    }

    /// What is seen of a cluster, until it is forgotten.
    pub fn show(&self, id: &Id, status: &LiveClusterStatus, shown: Option<&Shown>) {
        let of_cluster = [&*id.namespace, &*id.name];
        for condition in &status.conditions {
            let labels = [&*id.namespace, &*id.name, &*condition.type_];
            self.conditions.with_label_values(&labels).set((condition.status == "True").into());
        }
        self.rollouts.with_label_values(&of_cluster).set(status.rollout.is_some().into());
        if let Some(document) = shown.and_then(|shown| shown.document.as_ref()) {
            let len = i64::try_from(document.to_json().len()).unwrap_or(i64::MAX);
            self.document_bytes.with_label_values(&of_cluster).set(len);
        }
    }

    /// A cluster that is served no more leaves no series behind.
    pub fn forget(&self, id: &Id) {
        let of_cluster = [&*id.namespace, &*id.name];
        // One that was never shown has none.
        for condition in ConditionType::ALL {
            let _ = self.conditions.remove_label_values(&[&*id.namespace, &*id.name, condition.as_str()]);
        }
        let _ = self.rollouts.remove_label_values(&of_cluster);
        let _ = self.document_bytes.remove_label_values(&of_cluster);
    }

    /// How many parts there are, and how many of them can be asked.
    pub fn reach(&self, reach: Reach) {
        let signed = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.parts.set(signed(reach.parts));
        self.linked.set(signed(reach.linked));
    }
}

const BUCKETS: [f64; 8] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
    use k8s_openapi::jiff::Timestamp;
    use livecluster_mrtmp::route::Document;

    use super::*;

    fn condition(type_: ConditionType, status: &str) -> Condition {
        Condition {
            type_: type_.as_str().to_owned(),
            status: status.to_owned(),
            reason: "Test".to_owned(),
            message: String::new(),
            observed_generation: None,
            last_transition_time: Time(Timestamp::UNIX_EPOCH),
        }
    }

    #[test]
    fn conditions_of_a_cluster_are_shown_until_it_is_forgotten() {
        let metrics = Metrics::bare();
        let counts = Counts::new(&metrics);
        let id = Id { namespace: "media".to_owned(), name: "demo".to_owned() };
        let mut status = LiveClusterStatus {
            conditions: vec![condition(ConditionType::Ready, "True"), condition(ConditionType::Degraded, "False")],
            ..LiveClusterStatus::default()
        };
        let shown = Shown { document: Some(Document::default()), ..Shown::default() };
        counts.show(&id, &status, Some(&shown));
        status.conditions = vec![condition(ConditionType::Ready, "False")];
        counts.show(&id, &status, Some(&shown));

        let series = || {
            let page = metrics.render();
            let own = page.lines().filter(|line| line.contains(r#"livecluster="demo",namespace="media""#));
            own.map(str::to_owned).collect::<Vec<_>>()
        };
        let len = Document::default().to_json().len();
        assert_eq!(
            series(),
            [
                r#"livecluster_operator_condition{condition="Degraded",livecluster="demo",namespace="media"} 0"#
                    .to_owned(),
                r#"livecluster_operator_condition{condition="Ready",livecluster="demo",namespace="media"} 0"#
                    .to_owned(),
                r#"livecluster_operator_rollout{livecluster="demo",namespace="media"} 0"#.to_owned(),
                format!(r#"livecluster_operator_route_document_bytes{{livecluster="demo",namespace="media"}} {len}"#),
            ]
        );

        counts.forget(&id);
        assert_eq!(series(), Vec::<String>::new());
    }
}
