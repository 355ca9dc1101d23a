//! Who may reach the pods of a cluster: clients the edges, edges the origins, the operator both.

use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::names::{label_selector, metadata};
use super::pod::Port;
use super::{Component, OperatorPods};
use crate::resource::LiveCluster;

/// One for edges, one for origins.
pub(super) fn policies(cluster: &LiveCluster, operator: Option<&OperatorPods>) -> Vec<NetworkPolicy> {
    let Some(operator) = operator else {
        return Vec::new();
    };
    let edges =
        NetworkPolicyPeer { pod_selector: Some(label_selector(cluster, Component::Edge)), ..Default::default() };
    let to_origins = vec![rule(Port::Link, vec![pods_of(operator), edges]), rule(Port::Http, vec![cluster_wide()])];
    let to_edges = vec![
        rule(Port::Rtmp, Vec::new()),
        rule(Port::Link, vec![pods_of(operator)]),
        rule(Port::Http, vec![cluster_wide()]),
    ];
    vec![policy(cluster, Component::Origin, to_origins), policy(cluster, Component::Edge, to_edges)]
}

fn policy(cluster: &LiveCluster, component: Component, ingress: Vec<NetworkPolicyIngressRule>) -> NetworkPolicy {
    NetworkPolicy {
        metadata: metadata(cluster, component.name(cluster), Some(component)),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(label_selector(cluster, component)),
            policy_types: Some(vec!["Ingress".to_owned()]),
            ingress: Some(ingress),
            ..NetworkPolicySpec::default()
        }),
    }
}

/// From no peer in particular is from anywhere.
fn rule(port: Port, from: Vec<NetworkPolicyPeer>) -> NetworkPolicyIngressRule {
    let port = NetworkPolicyPort {
        port: Some(IntOrString::String(port.name().to_owned())),
        protocol: Some("TCP".to_owned()),
        ..NetworkPolicyPort::default()
    };
    NetworkPolicyIngressRule { ports: Some(vec![port]), from: (!from.is_empty()).then_some(from) }
}

fn pods_of(operator: &OperatorPods) -> NetworkPolicyPeer {
    let namespace = [("kubernetes.io/metadata.name".to_owned(), operator.namespace.clone())];
    let labels = |labels| Some(LabelSelector { match_labels: Some(labels), ..LabelSelector::default() });
    NetworkPolicyPeer {
        namespace_selector: labels(namespace.into()),
        pod_selector: labels(operator.labels.clone()),
        ..NetworkPolicyPeer::default()
    }
}

/// Whatever collects metrics, in any namespace, but nobody outside.
fn cluster_wide() -> NetworkPolicyPeer {
    NetworkPolicyPeer { namespace_selector: Some(LabelSelector::default()), ..NetworkPolicyPeer::default() }
}
