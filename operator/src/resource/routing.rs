//! How long and how much is kept for clients while something is away.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::Bytes;

/// How long and how much is kept for clients while something is away.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Routing {
    /// How long clients are held while the origin or the publisher of their stream is away, in seconds, 1 to 3600. Default
    /// 120. After it they are closed with a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3600))]
    pub hold_seconds: Option<i32>,

    /// Bytes of one stream that an edge or origin keeps, 64Ki to 1Gi. Default 32Mi. A publisher is slowed when its edge keeps
    /// as much, while its origin is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("isQuantity(string(self)) && quantity(string(self)).compareTo(quantity('64Ki')) >= 0 && quantity(string(self)).compareTo(quantity('1Gi')) <= 0").message("logBytes has to be a quantity of 64Ki to 1Gi, like 32Mi"))]
    pub log_bytes: Option<Bytes>,

    /// How long a message of a stream is kept for viewers and edges that lag, in seconds, 1 to 120. Default 8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 120))]
    pub log_seconds: Option<i32>,
}
