//! What is seen of a cluster.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Resolved, condition};

/// What is seen of a cluster. The operator writes it, counters at a slow pace.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct LiveClusterStatus {
    /// The `metadata.generation` that the operator has acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// `Ready` (clients can publish and watch: the summary), `OriginsAvailable`, `EdgesAvailable`, `RoutesPublished` (edges
    /// and origins have the routes in force), `AutoscalingActive` (the autoscaler that was asked for works), `Progressing` (something changes) and `Degraded` (a person has to look).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "condition::list")]
    pub conditions: Vec<Condition>,

    /// The edges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edge: Option<PoolStatus>,

    /// The origins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<PoolStatus>,

    /// Streams that are live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub streams: Option<i64>,

    /// Clients of its edges that do not publish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub viewers: Option<i64>,

    /// The route document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routes: Option<RoutesStatus>,

    /// Where clients connect: host and port, of a load balancer if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,

    /// The settings that are in force, those included that nobody set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<Resolved>,

    /// The operator that serves this cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<ServedBy>,

    /// The pod that is being replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
}

/// The pods of one role.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PoolStatus {
    /// How many there are, those that end not counted.
    pub replicas: i32,
    /// How many of them are ready.
    pub ready: i32,
    /// How many are ready of how many there should be, like `3/3`.
    pub summary: String,
    /// How many end and still have clients or streams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draining: Option<i32>,
    /// Which pods they are, as a selector of labels.
    pub selector: String,
}

/// The route document.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RoutesStatus {
    /// The generation in force.
    pub generation: i64,
}

/// The release of the operator that serves a cluster. Another one leaves it alone as long as this one lives.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ServedBy {
    /// The name of the release.
    pub release: String,
    /// Its namespace.
    pub namespace: String,
    /// The version of the operator.
    pub version: String,
}

/// The replacement of one origin, as far as it has come: a new leader goes on from here.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Rollout {
    /// The name of the pod.
    pub pod: String,
    /// The uid of the pod that is replaced.
    pub uid: String,
    /// The revision of the StatefulSet that the new pod shall have.
    pub revision: String,
    /// `Drain`: its streams leave. `Delete`: it is told to end. `Start`: the new pod becomes ready.
    pub step: RolloutStep,
    /// Since when it is at this step.
    #[schemars(schema_with = "super::schema::time")]
    pub since: Time,
}

/// How far the replacement of an origin has come.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RolloutStep {
    /// Its streams leave.
    Drain,
    /// It is told to end.
    Delete,
    /// The new pod becomes ready.
    Start,
}
