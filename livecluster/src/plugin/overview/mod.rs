//! How a LiveCluster is, on one screen: what its status, its pods, its routes and its events tell. Pure.

mod tables;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Event, Pod};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use livecluster_mrtmp::route::{Document, Entry};
use livecluster_operator::desire::Component;
use livecluster_operator::resource::{LiveClusterStatus, PoolStatus, ServedBy};
use serde::Serialize;

use super::seen::{Seen, when};

/// The screen, and what programs get.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// The version of this form: members are added, and none is taken away.
    format: &'static str,
    namespace: String,
    name: String,
    address: Option<String>,
    /// Live streams, as the operator counted them last.
    streams: Option<i64>,
    viewers: Option<i64>,
    generation: Option<u64>,
    operator: Option<ServedBy>,
    origin_pool: Option<PoolStatus>,
    edge_pool: Option<PoolStatus>,
    conditions: Vec<Condition>,
    origins: Vec<Origin>,
    edges: Vec<Edge>,
    /// The entries of the routes: all live streams while there are few, else those away from their default.
    entries: BTreeMap<String, String>,
    events: Vec<Happened>,
    /// What can't be seen, and why.
    gaps: Vec<String>,
}

/// A condition of the resource.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Condition {
    r#type: String,
    status: String,
    reason: String,
    message: String,
    /// Seconds since it changed.
    seconds: i64,
}

/// An origin: of the routes, or a pod that is in none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Origin {
    name: String,
    /// In the routes.
    state: Option<String>,
    address: Option<String>,
    /// How many entries name it.
    entries: usize,
    pod: Option<PodSeen>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Edge {
    name: String,
    pod: PodSeen,
}

/// What a pod shows of itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PodSeen {
    ready: bool,
    /// It was told to end.
    ending: bool,
    phase: String,
    restarts: i32,
    node: Option<String>,
    ip: Option<String>,
    /// Seconds since it was made.
    seconds: Option<i64>,
}

/// An event.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Happened {
    /// Seconds ago.
    seconds: Option<i64>,
    r#type: String,
    reason: String,
    message: String,
    count: i32,
}

impl Overview {
    /// What is seen, at a time.
    pub fn of(seen: &Seen, now: Timestamp) -> Self {
        let cluster = &seen.cluster;
        let status = cluster.status.clone().unwrap_or_default();
        let document = seen.routes.as_ref().ok();
        let events = seen.events.iter().flatten().take(MAX_EVENTS);
        Self {
            format: FORMAT,
            namespace: cluster.namespace().unwrap_or_default(),
            name: cluster.name_any(),
            conditions: conditions(&status, now),
            origins: origins(seen, now),
            edges: edges(seen, now),
            entries: document.map(entries).unwrap_or_default(),
            generation: document.map(|document| document.generation),
            events: events.map(|event| Happened::of(event, now)).collect(),
            gaps: seen.gaps(),
            address: status.address,
            streams: status.streams,
            viewers: status.viewers,
            operator: status.operator,
            origin_pool: status.origin,
            edge_pool: status.edge,
        }
    }
}

impl PodSeen {
    fn of(pod: &Pod, now: Timestamp) -> Self {
        let status = pod.status.as_ref();
        let containers = status.and_then(|status| status.container_statuses.as_ref());
        Self {
            ready: is_ready(pod),
            ending: pod.metadata.deletion_timestamp.is_some(),
            phase: status.and_then(|status| status.phase.clone()).unwrap_or_else(|| "Unknown".to_owned()),
            restarts: containers.into_iter().flatten().map(|container| container.restart_count).sum(),
            node: pod.spec.as_ref().and_then(|spec| spec.node_name.clone()),
            ip: status.and_then(|status| status.pod_ip.clone()),
            seconds: pod.creation_timestamp().map(|made| since(made.0, now)),
        }
    }
}

impl Happened {
    fn of(event: &Event, now: Timestamp) -> Self {
        let repeated = event.series.as_ref().and_then(|series| series.count).or(event.count);
        Self {
            seconds: when(event).map(|at| since(at, now)),
            r#type: event.type_.clone().unwrap_or_default(),
            reason: event.reason.clone().unwrap_or_default(),
            message: event.message.clone().unwrap_or_default(),
            count: repeated.unwrap_or(1).max(1),
        }
    }
}

/// Whether Kubernetes calls a pod ready.
pub fn is_ready(pod: &Pod) -> bool {
    let mut conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// Seconds from one time to another.
pub fn since(then: Timestamp, now: Timestamp) -> i64 {
    now.as_second().saturating_sub(then.as_second()).max(0)
}

fn conditions(status: &LiveClusterStatus, now: Timestamp) -> Vec<Condition> {
    let conditions = status.conditions.iter().map(|condition| Condition {
        r#type: condition.type_.clone(),
        status: condition.status.clone(),
        reason: condition.reason.clone(),
        message: condition.message.clone(),
        seconds: since(condition.last_transition_time.0, now),
    });
    conditions.collect()
}

/// Those of the routes and those that have a pod.
fn origins(seen: &Seen, now: Timestamp) -> Vec<Origin> {
    let pods: BTreeMap<_, _> = seen.pods_of(Component::Origin).map(|pod| (pod.name_any(), pod)).collect();
    let routed = seen.routes.iter().flat_map(|document| &document.origins);
    let mut names: Vec<_> = routed.map(|origin| origin.name.to_string()).chain(pods.keys().cloned()).collect();
    names.sort();
    names.dedup();
    let origin = |name: String| {
        let document = seen.routes.as_ref().ok();
        let routed = document.and_then(|document| document.origin(&name));
        Origin {
            state: routed.map(|origin| origin.state.to_string()),
            address: routed.map(|origin| origin.address.clone()),
            entries: document.map_or(0, |document| document.streams.values().filter(|owner| ***owner == *name).count()),
            pod: pods.get(&name).map(|pod| PodSeen::of(pod, now)),
            name,
        }
    };
    names.into_iter().map(origin).collect()
}

fn edges(seen: &Seen, now: Timestamp) -> Vec<Edge> {
    seen.pods_of(Component::Edge).map(|pod| Edge { name: pod.name_any(), pod: PodSeen::of(pod, now) }).collect()
}

fn entries(document: &Document) -> BTreeMap<String, String> {
    let entries = document.streams.iter().map(|(entry, origin)| (named(entry), origin.to_string()));
    entries.collect()
}

fn named(entry: &Entry) -> String {
    entry.to_string()
}

/// The form for programs.
const FORMAT: &str = "kubectl_livecluster_status/v1";

/// Events that are shown.
const MAX_EVENTS: usize = 8;
