//! The one container of a pod.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Capabilities, Container, ContainerPort, EnvVar, EnvVarSource, HTTPGetAction, ObjectFieldSelector, Probe,
    ResourceRequirements, SecurityContext,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;

use super::super::names;
use super::volumes::{self, ROUTES_CACHE, ROUTES_FALLBACK, SECRET_FILE};
use super::{Port, Template};
use crate::resource::{LiveCluster, Pod, Resolved, Resources};

pub(super) fn container(template: &Template<'_>, asked: &Pod, cluster: &LiveCluster, resolved: &Resolved) -> Container {
    let ports = template.ports.iter().map(|port| ContainerPort {
        name: Some(port.name().to_owned()),
        container_port: port.number(),
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    });
    Container {
        name: template.component.as_str().to_owned(),
        image: Some(resolved.image.clone()),
        image_pull_policy: cluster.spec.image_pull_policy.map(|policy| policy.as_str().to_owned()),
        args: Some(arguments(template, cluster, resolved)),
        env: Some(std::iter::once(own_name()).chain(asked.env.iter().cloned()).collect()),
        ports: Some(ports.collect()),
        resources: Some(requirements(asked.resources.clone().unwrap_or_default())),
        liveness_probe: Some(Probe { period_seconds: Some(10), failure_threshold: Some(6), ..probe("/livez") }),
        readiness_probe: Some(Probe { period_seconds: Some(2), failure_threshold: Some(3), ..probe("/readyz") }),
        security_context: Some(security()),
        volume_mounts: Some(volumes::mounts()),
        ..Container::default()
    }
}

/// The command line: the role, what all roles have, what this one has.
fn arguments(template: &Template<'_>, cluster: &LiveCluster, resolved: &Resolved) -> Vec<String> {
    let routing = &resolved.routing;
    let common = [
        template.component.as_str().to_owned(),
        format!("--cluster={}", names::uid(cluster)),
        format!("--routes=configmap:{}", names::routes(&cluster.name_any())),
        format!("--routes-cache={ROUTES_CACHE}"),
        format!("--routes-fallback={ROUTES_FALLBACK}"),
        format!("--secret-file={SECRET_FILE}"),
        format!("--hold-seconds={}", routing.hold_seconds),
        format!("--log-bytes={}", routing.log_bytes.count().unwrap_or_default()),
        format!("--log-seconds={}", routing.log_seconds),
    ];
    common.into_iter().chain(template.arguments.iter().cloned()).collect()
}

/// A part is known by the name of its pod.
fn own_name() -> EnvVar {
    let field = ObjectFieldSelector { api_version: Some("v1".to_owned()), field_path: "metadata.name".to_owned() };
    EnvVar {
        name: "LIVECLUSTER_NAME".to_owned(),
        value_from: Some(EnvVarSource { field_ref: Some(field), ..EnvVarSource::default() }),
        ..EnvVar::default()
    }
}

/// Slow answers are no reason to replace a pod that has clients.
fn probe(path: &str) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String(Port::Http.name().to_owned()),
            ..HTTPGetAction::default()
        }),
        timeout_seconds: Some(5),
        ..Probe::default()
    }
}

/// A pod without a request is the first to be evicted. Where there is a limit, Kubernetes takes that for the request.
fn requirements(asked: Resources) -> ResourceRequirements {
    let mut requests = asked.requests;
    for (name, least) in [("cpu", "100m"), ("memory", "128Mi")] {
        if !asked.limits.contains_key(name) {
            requests.entry(name.to_owned()).or_insert_with(|| Quantity(least.to_owned()));
        }
    }
    let some = |quantities: BTreeMap<String, Quantity>| (!quantities.is_empty()).then_some(quantities);
    ResourceRequirements { requests: some(requests), limits: some(asked.limits), ..ResourceRequirements::default() }
}

fn security() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None }),
        read_only_root_filesystem: Some(true),
        ..SecurityContext::default()
    }
}
