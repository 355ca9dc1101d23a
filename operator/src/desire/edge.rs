//! The edges: a Deployment.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::names::{label_selector, metadata};
use super::pod::{Port, Template};
use super::{Component, Facts, service};
use crate::resource::{LiveCluster, Resolved};

/// Without its number of replicas.
pub(super) fn deployment(cluster: &LiveCluster, resolved: &Resolved, facts: &Facts) -> Deployment {
    let template = Template {
        component: Component::Edge,
        asked: cluster.spec.edge.pod.as_ref(),
        ports: &[Port::Rtmp, Port::Link, Port::Http],
        arguments: arguments(cluster, resolved),
        grace_seconds: resolved.edge.drain.seconds.saturating_add(FAREWELL_SECONDS),
    };
    Deployment {
        metadata: metadata(cluster, Component::Edge.name(cluster), Some(Component::Edge)),
        spec: DeploymentSpec {
            replicas: None,
            selector: label_selector(cluster, Component::Edge),
            strategy: Some(strategy()),
            template: template.render(cluster, resolved, facts),
            ..DeploymentSpec::default()
        },
        status: None,
    }
}

/// New edges come before old ones go.
fn strategy() -> DeploymentStrategy {
    DeploymentStrategy {
        type_: Some("RollingUpdate".to_owned()),
        rolling_update: Some(RollingUpdateDeployment {
            max_surge: Some(IntOrString::String("25%".to_owned())),
            max_unavailable: Some(IntOrString::Int(0)),
        }),
    }
}

fn arguments(cluster: &LiveCluster, resolved: &Resolved) -> Vec<String> {
    let edge = &resolved.edge;
    let (accept, seconds) = (edge.drain.accept_seconds, edge.drain.seconds);
    let mut arguments = vec![
        format!("--max-log-bytes={}", edge.max_log_bytes.count().unwrap_or_default()),
        format!("--latency-ms={}", edge.latency_ms),
        format!("--max-connections={}", edge.max_connections),
        format!("--drain-accept-seconds={accept}"),
        // Counted from the end of accepting.
        format!("--drain-seconds={}", seconds.saturating_sub(accept)),
    ];
    if service::wanted(cluster).iter().any(crate::resource::Service::is_dual_stack) {
        arguments.push(format!("--rtmp-listen=[::]:{}", Port::Rtmp.number()));
    }
    arguments
}

/// After the last client was closed an edge sends on what it has of publishers, for 5 seconds at most; and it ends.
const FAREWELL_SECONDS: i32 = 10;
