//! The conditions of a cluster, with the limits that Kubernetes' own types have.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

/// What a condition is about. All are statements that are good when they are true, but [`Self::Degraded`]; and
/// [`Self::Progressing`] is neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConditionType {
    /// Clients can publish and watch: the summary.
    Ready,
    /// As many origins as asked for are ready.
    OriginsAvailable,
    /// As many edges as asked for are ready.
    EdgesAvailable,
    /// Edges and origins have the route document that is in force.
    RoutesPublished,
    /// An autoscaler that was asked for works.
    AutoscalingActive,
    /// Something changes: a rollout, a scaling.
    Progressing,
    /// Something is wrong that a person has to look at.
    Degraded,
}

impl ConditionType {
    /// Each of them, in the order in which a status has them.
    pub const ALL: [Self; 6] = [
        Self::Ready,
        Self::OriginsAvailable,
        Self::EdgesAvailable,
        Self::RoutesPublished,
        Self::Progressing,
        Self::Degraded,
    ];

    /// As it is written in the status.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::OriginsAvailable => "OriginsAvailable",
            Self::EdgesAvailable => "EdgesAvailable",
            Self::RoutesPublished => "RoutesPublished",
            Self::AutoscalingActive => "AutoscalingActive",
            Self::Progressing => "Progressing",
            Self::Degraded => "Degraded",
        }
    }
}

/// The status of a resource that no operator has looked at yet: it is not ready, and says so.
pub fn initial_status() -> Value {
    let ready = json!({
        "type": ConditionType::Ready.as_str(),
        "status": "Unknown",
        "reason": "Pending",
        "message": "No operator has looked at it yet",
        "lastTransitionTime": "1970-01-01T00:00:00Z",
    });
    json!({"conditions": [ready]})
}

/// The schema of the list of conditions. That of the type `Condition` lacks the limits.
pub(super) fn list(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 16,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "description": "One aspect of the cluster's state.",
            "required": ["lastTransitionTime", "message", "reason", "status", "type"],
            "properties": {
                "lastTransitionTime": {
                    "type": "string",
                    "format": "date-time",
                    "description": "When its status last changed.",
                },
                "message": {"type": "string", "maxLength": 32768, "description": "A sentence for people."},
                "observedGeneration": {
                    "type": "integer",
                    "format": "int64",
                    "minimum": 0,
                    "description": "The `metadata.generation` for which it was found.",
                },
                "reason": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 1024,
                    "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
                    "description": "Why, in one word for programs.",
                },
                "status": {
                    "type": "string",
                    "enum": ["True", "False", "Unknown"],
                    "description": "`True`, `False` or `Unknown`.",
                },
                "type": {
                    "type": "string",
                    "maxLength": 316,
                    "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
                    "description": "What it is about.",
                },
            },
        },
    })
}
