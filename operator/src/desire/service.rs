//! The Services of a cluster.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Component;
use super::names::{below, metadata, origins, selected};
use super::pod::Port;
use crate::resource::{self, Listener, LiveCluster, Protocol, Resolved};

/// That of the origins, and those in front of the edges.
pub(super) fn all(cluster: &LiveCluster, resolved: &Resolved) -> Vec<Service> {
    let wanted = wanted(cluster);
    let edges = wanted.iter().map(|service| in_front(cluster, service, &resolved.edge.listeners));
    std::iter::once(headless(cluster)).chain(edges).collect()
}

/// Those that a person asked for, or one.
pub(super) fn wanted(cluster: &LiveCluster) -> Vec<resource::Service> {
    let asked = &cluster.spec.edge.services;
    if asked.is_empty() { vec![resource::Service::named("edge")] } else { asked.clone() }
}

/// It gives each origin a name, also before it is ready.
fn headless(cluster: &LiveCluster) -> Service {
    Service {
        metadata: metadata(cluster, origins(cluster), Some(Component::Origin)),
        spec: Some(ServiceSpec {
            cluster_ip: Some("None".to_owned()),
            publish_not_ready_addresses: Some(true),
            selector: Some(selected(cluster, Component::Origin)),
            ports: Some(vec![port(Port::Link.name(), Port::Link.number(), Port::Link)]),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}

fn in_front(cluster: &LiveCluster, service: &resource::Service, listeners: &[Listener]) -> Service {
    let has = |listener: &&Listener| service.listeners.is_empty() || service.listeners.contains(&listener.name);
    let ports = listeners.iter().filter(has);
    let mut metadata = metadata(cluster, below(cluster, &service.name), Some(Component::Edge));
    metadata.annotations = (!service.annotations.is_empty()).then(|| service.annotations.clone());
    Service {
        metadata,
        spec: Some(ServiceSpec {
            type_: Some(service.type_.unwrap_or_default().as_str().to_owned()),
            selector: Some(selected(cluster, Component::Edge)),
            ports: Some(ports.map(|listener| port(&listener.name, listener.port, target(listener.protocol))).collect()),
            load_balancer_class: service.load_balancer_class.clone(),
            load_balancer_source_ranges: (!service.load_balancer_source_ranges.is_empty())
                .then(|| service.load_balancer_source_ranges.clone()),
            external_traffic_policy: service.external_traffic_policy.map(|policy| policy.as_str().to_owned()),
            ip_family_policy: service.ip_family_policy.map(|policy| policy.as_str().to_owned()),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}

/// Where a protocol is spoken in the pod.
pub(super) fn target(protocol: Protocol) -> Port {
    match protocol {
        Protocol::Rtmp => Port::Rtmp,
    }
}

fn port(name: &str, number: i32, target: Port) -> ServicePort {
    ServicePort {
        name: Some(name.to_owned()),
        port: number,
        protocol: Some("TCP".to_owned()),
        target_port: Some(IntOrString::String(target.name().to_owned())),
        ..ServicePort::default()
    }
}
