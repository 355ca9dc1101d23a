//! How many edges there are, if an autoscaler shall say so.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many edges there are by the connections that they have. An autoscaler writes `edge.replicas`, which is left out of
/// what is applied. Edges without viewers go first, and drain before they end.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("(has(self.minReplicas) ? self.minReplicas : 2) <= self.maxReplicas").message("autoscaling.minReplicas has to be at most autoscaling.maxReplicas (unless set: 2)").field_path(".minReplicas")
)]
pub struct Autoscaling {
    /// The fewest edges, 1 to 1000. Default 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub min_replicas: Option<i32>,

    /// The most edges, 1 to 1000.
    #[schemars(range(min = 1, max = 1000))]
    pub max_replicas: i32,

    /// Clients that an edge should have on average, 1 to 1000000: with more, edges are added.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub connections_per_edge: i32,

    /// Who counts. `Internal`: the operator, which reckons as a HorizontalPodAutoscaler would and needs nothing else.
    /// `External`: a HorizontalPodAutoscaler, which needs somebody to serve it `custom.metrics.k8s.io` from the metric
    /// `livecluster_edge_connections` of edges. `Auto` (default): what needs nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MetricSource")]
    pub source: Option<MetricSource>,

    /// How fast, as in `spec.behavior` of a HorizontalPodAutoscaler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behavior: Option<Behavior>,
}

/// Who counts connections for the autoscaler.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetricSource {
    /// What needs nothing else.
    #[default]
    Auto,
    /// A HorizontalPodAutoscaler, to which somebody serves the metric.
    External,
    /// The operator, which is the autoscaler itself.
    Internal,
}

/// How fast the number of edges changes.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Behavior {
    /// Upwards. Default: at once, at most twice as many or 4 more within 30 s, whichever is more: viewers come in a rush.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_up: Option<ScalingRules>,
    /// Downwards. Default: to the most that was needed within 10 min, one edge in 2 min: an edge that is taken away closes
    /// viewers that don't leave by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_down: Option<ScalingRules>,
}

/// How fast it changes in one direction.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ScalingRules {
    /// For how long what was needed still counts, in seconds, 0 to 3600: the most of that time downwards, the least upwards.
    /// Default 0 upwards, 600 downwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 3600))]
    pub stabilization_window_seconds: Option<i32>,
    /// Which policy holds if there are several: `Max` (default): that of the largest change. `Min`: that of the smallest.
    /// `Disabled`: no change in this direction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "SelectPolicy")]
    pub select_policy: Option<SelectPolicy>,
    /// How much may change in which time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub policies: Vec<ScalingPolicy>,
}

/// How much may change in which time.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ScalingPolicy {
    /// Of what `value` is a number: `Pods` or `Percent` of those there are.
    #[serde(rename = "type")]
    pub type_: PolicyType,
    /// How much may change, at least 1.
    #[schemars(range(min = 1, max = 100_000))]
    pub value: i32,
    /// In how many seconds, 1 to 1800.
    #[schemars(range(min = 1, max = 1800))]
    pub period_seconds: i32,
}

/// What a policy counts.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyType {
    /// Edges.
    Pods,
    /// Hundredths of the edges that there are.
    Percent,
}

/// Which of several policies holds.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SelectPolicy {
    /// That of the largest change.
    #[default]
    Max,
    /// That of the smallest change.
    Min,
    /// No change.
    Disabled,
}
