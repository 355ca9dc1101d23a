//! The edges: what clients see of the cluster.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::origin::log_below_memory;
use super::{Autoscaling, Bytes, Listener, Pod, Service};

/// The pods to which clients connect.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.services) || self.services.all(service, !has(service.listeners) || service.listeners.all(name, has(self.listeners) && size(self.listeners) > 0 ? self.listeners.exists(listener, listener.name == name) : name == 'rtmp'))").message("a service's listeners have to be names from edge.listeners; unless any are listed, there is one: rtmp").field_path(".services"),
    validation = Rule::new("!has(self.autoscaling) || self.autoscaling.connectionsPerEdge <= (has(self.maxConnections) ? self.maxConnections : 10000)").message("autoscaling.connectionsPerEdge has to be at most edge.maxConnections (unless set: 10000): an edge refuses more").field_path(".autoscaling.connectionsPerEdge"),
    validation = Rule::new(log_below_memory()).message("maxLogBytes has to be less than the memory limit in pod.resources: logs are most of an edge's memory, but not all").field_path(".maxLogBytes")
)]
pub struct Edge {
    /// How many, 1 to 1000. `kubectl scale` and an autoscaler of this resource write it; whoever uses one leaves it out of
    /// what they apply.
    #[serde(default = "default_replicas")]
    #[schemars(range(min = 1, max = 1000))]
    pub replicas: i32,

    /// Lets an autoscaler say how many there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,

    /// Where clients connect: each is a port of the Services. Without any, there is one: `rtmp`, protocol `Rtmp`, port 1935.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(
        merge_strategy = ListMerge::Map(vec!["name".into()]),
        validation = Rule::new("self.all(one, self.exists_one(other, other.port == one.port))").message("each listener has to have a port of its own")
    )]
    pub listeners: Vec<Listener>,

    /// The Services in front of the edges. Without any, there is one: `edge`, type `ClusterIP`, with all listeners.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub services: Vec<Service>,

    /// How an edge ends, when it is updated, scaled in, or its node is drained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain: Option<Drain>,

    /// Edges that may be draining when a change of the pods begins to roll out, 1 to 1000: with more, it waits. By default
    /// as many as there are replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_draining: Option<i32>,

    /// How long an edge may gather what it writes to viewers, in ms, 0 to 1000. 0: nothing is gathered. Default 40, which
    /// halves the work and nobody sees; 350 is for sites that only watch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1000))]
    pub latency_ms: Option<i32>,

    /// Clients of one edge at a time, 1 to 1000000; more are refused. Default 10000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_connections: Option<i32>,

    /// Bytes that the logs of all streams at one edge keep together, 1Mi to 1Ti: most of its memory. Default 1Gi, or half of
    /// the memory limit if that is less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("isQuantity(string(self)) && quantity(string(self)).compareTo(quantity('1Mi')) >= 0 && quantity(string(self)).compareTo(quantity('1Ti')) <= 0").message("maxLogBytes has to be a quantity of 1Mi to 1Ti, like 1Gi"))]
    pub max_log_bytes: Option<Bytes>,

    /// What the pods have besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<Pod>,
}

/// How an edge ends. It goes on accepting clients for a while, since load balancers notice late. Then it closes its
/// listeners, asks clients that can to connect anew, and serves the others until they leave or the time is over.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("(has(self.acceptSeconds) ? self.acceptSeconds : 10) < (has(self.seconds) ? self.seconds : 300)").message("drain.acceptSeconds has to be less than drain.seconds, which includes it (unless set: 10 and 300)").field_path(".acceptSeconds")
)]
pub struct Drain {
    /// For how long it goes on accepting clients, in seconds, 0 to 600. Default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 600))]
    pub accept_seconds: Option<i32>,

    /// When the clients that are left are closed, in seconds from the start, 1 to 86400. Default 300.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400))]
    pub seconds: Option<i32>,
}

impl Default for Edge {
    fn default() -> Self {
        Self {
            replicas: default_replicas(),
            autoscaling: None,
            listeners: Vec::new(),
            services: Vec::new(),
            drain: None,
            max_draining: None,
            latency_ms: None,
            max_connections: None,
            max_log_bytes: None,
            pod: None,
        }
    }
}

fn default_replicas() -> i32 {
    2
}
