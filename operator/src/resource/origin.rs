//! The origins: they own streams.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::{Bytes, Pod};

/// The pods that own streams.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new(log_below_memory()).message("maxLogBytes has to be less than the memory limit in pod.resources: logs are most of an origin's memory, but not all").field_path(".maxLogBytes")
)]
pub struct Origin {
    /// How many, 1 to 64. With one, streams stand still while it is replaced.
    #[serde(default = "default_replicas")]
    #[schemars(range(min = 1, max = 64))]
    pub replicas: i32,

    /// The time that an origin has to hand its streams to others when it ends, in seconds, 10 to 86400. Default 60. It ends
    /// as soon as the last stream has left; what is left 5 seconds before the time is over goes on as if it had died.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 10, max = 86_400))]
    pub grace_seconds: Option<i32>,

    /// Bytes that the logs of all streams of one origin keep together, 1Mi to 1Ti: most of its memory. Default 1Gi, or half
    /// of the memory limit if that is less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("isQuantity(string(self)) && quantity(string(self)).compareTo(quantity('1Mi')) >= 0 && quantity(string(self)).compareTo(quantity('1Ti')) <= 0").message("maxLogBytes has to be a quantity of 1Mi to 1Ti, like 1Gi"))]
    pub max_log_bytes: Option<Bytes>,

    /// How many streams of one origin have metrics of their own, 0 to 10000. Default 0: each is a label, and so costs
    /// whoever stores them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 10_000))]
    pub stream_metrics: Option<i32>,

    /// What the pods have besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<Pod>,
}

impl Default for Origin {
    fn default() -> Self {
        Self { replicas: default_replicas(), grace_seconds: None, max_log_bytes: None, stream_metrics: None, pod: None }
    }
}

fn default_replicas() -> i32 {
    2
}

/// The rule that logs leave room below the memory limit.
pub(super) fn log_below_memory() -> String {
    let limits = "self.pod.resources.limits";
    format!(
        "!has(self.maxLogBytes) || !isQuantity(string(self.maxLogBytes)) || !has(self.pod) || !has(self.pod.resources) || \
         !has({limits}) || !('memory' in {limits}) || \
         quantity(string(self.maxLogBytes)).compareTo(quantity(string({limits}['memory']))) < 0"
    )
}
