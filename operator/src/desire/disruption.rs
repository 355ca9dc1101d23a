//! How many pods may be away at a time because somebody wants so, as when nodes are drained.

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Component;
use super::names::{label_selector, metadata};
use crate::resource::LiveCluster;

/// One origin, and a tenth of the edges.
pub(super) fn budgets(cluster: &LiveCluster) -> Vec<PodDisruptionBudget> {
    let origins = (cluster.spec.origin.replicas > 1).then(|| budget(cluster, Component::Origin, IntOrString::Int(1)));
    let edges = (cluster.spec.edge.replicas > 1)
        .then(|| budget(cluster, Component::Edge, IntOrString::String("10%".to_owned())));
    origins.into_iter().chain(edges).collect()
}

fn budget(cluster: &LiveCluster, component: Component, max_unavailable: IntOrString) -> PodDisruptionBudget {
    PodDisruptionBudget {
        metadata: metadata(cluster, component.name(cluster), Some(component)),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(max_unavailable),
            selector: Some(label_selector(cluster, component)),
            // A pod that serves nobody shall not keep its node.
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..PodDisruptionBudgetSpec::default()
        }),
        status: None,
    }
}
