//! The settings that are in force, those included that nobody set.
//!
//! They are shown in the status and not filled into the resource: a default that a new version of the operator changes
//! reaches every cluster that did not ask for something else. A status outlives the operator that wrote it, so that a member
//! that comes later has to be one that may be missing.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::{ApplicationPolicy, Behavior, Bytes, Listener, MetricSource};

/// The settings that are in force, those included that nobody set.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Resolved {
    /// The image of edges and origins.
    pub image: String,
    /// The version of that image: its tag, or the beginning of its digest.
    pub version: String,
    /// Of edges.
    pub edge: ResolvedEdge,
    /// Of origins.
    pub origin: ResolvedOrigin,
    /// Of both.
    pub routing: ResolvedRouting,
    /// Which applications exist: `Open`: every name. `Listed`: those in `spec.applications`.
    pub application_policy: ApplicationPolicy,
    /// The Secret that all parts of the cluster share.
    pub link_secret_name: String,
}

/// The settings of edges that are in force.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ResolvedEdge {
    /// Where clients connect.
    #[schemars(length(max = 16))]
    pub listeners: Vec<Listener>,
    /// How an edge ends.
    pub drain: ResolvedDrain,
    /// Edges that may be draining when a change of the pods begins to roll out.
    pub max_draining: i32,
    /// How long an edge may gather what it writes to viewers, in ms.
    pub latency_ms: i32,
    /// Clients of one edge at a time.
    pub max_connections: i32,
    /// Bytes that the logs of all streams at one edge keep together.
    pub max_log_bytes: Bytes,
    /// The autoscaler; none if nobody asked for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<ResolvedAutoscaling>,
}

/// The settings of the autoscaler that are in force.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ResolvedAutoscaling {
    /// The fewest edges.
    pub min_replicas: i32,
    /// The most edges.
    pub max_replicas: i32,
    /// Clients that an edge should have on average.
    pub connections_per_edge: i32,
    /// Who counts: `External` or `Internal`.
    pub source: MetricSource,
    /// How fast.
    pub behavior: Behavior,
}

/// How an edge ends.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ResolvedDrain {
    /// For how long it goes on accepting clients, in seconds.
    pub accept_seconds: i32,
    /// When the clients that are left are closed, in seconds from the start.
    pub seconds: i32,
}

/// The settings of origins that are in force.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ResolvedOrigin {
    /// The time that an origin has to hand its streams to others when it ends, in seconds.
    pub grace_seconds: i32,
    /// Bytes that the logs of all streams of one origin keep together.
    pub max_log_bytes: Bytes,
}

/// The settings of both that are in force.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ResolvedRouting {
    /// How long clients are held while the origin or the publisher of their stream is away, in seconds.
    pub hold_seconds: i32,
    /// Bytes of one stream that an edge or origin keeps.
    pub log_bytes: Bytes,
    /// How long a message of a stream is kept for viewers and edges that lag, in seconds.
    pub log_seconds: i32,
}
