//! A Service in front of the edges.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A Service in front of the edges.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.loadBalancerClass) || (has(self.type) && self.type == 'LoadBalancer')").message("loadBalancerClass is for services of type LoadBalancer").field_path(".loadBalancerClass").reason(Reason::FieldValueForbidden),
    validation = Rule::new("!has(self.loadBalancerSourceRanges) || size(self.loadBalancerSourceRanges) == 0 || (has(self.type) && self.type == 'LoadBalancer')").message("loadBalancerSourceRanges are for services of type LoadBalancer").field_path(".loadBalancerSourceRanges").reason(Reason::FieldValueForbidden),
    validation = Rule::new("!has(self.externalTrafficPolicy) || (has(self.type) && self.type in ['NodePort', 'LoadBalancer'])").message("externalTrafficPolicy is for services of type NodePort or LoadBalancer").field_path(".externalTrafficPolicy").reason(Reason::FieldValueForbidden),
    validation = Rule::new("!(has(self.type) && self.type == 'LoadBalancer' && has(oldSelf.type) && oldSelf.type == 'LoadBalancer') || (has(self.loadBalancerClass) ? self.loadBalancerClass : '') == (has(oldSelf.loadBalancerClass) ? oldSelf.loadBalancerClass : '')").message("loadBalancerClass can't be changed: add a service with another name").field_path(".loadBalancerClass").reason(Reason::FieldValueForbidden)
)]
pub struct Service {
    /// Its name, unique among the services. The Service is named `<cluster>-<name>`.
    #[schemars(length(min = 1, max = 22))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')").message("a service's name has to be lower-case letters, digits and hyphens, beginning and ending with a letter or digit"),
        validation = Rule::new("self != 'origins'").message("a service can't be named origins: that is the Service of the origins")
    )]
    pub name: String,

    /// Who reaches it: `ClusterIP` (default): pods. `NodePort`: whoever reaches a node, at a port of its own.
    /// `LoadBalancer`: whoever reaches the load balancer that the cloud or the cluster makes for it.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ServiceType")]
    pub type_: Option<ServiceType>,

    /// The names of the listeners that it has ports for. Without any: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 15)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub listeners: Vec<String>,

    /// Annotations of the Service, as load balancers ask for them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 64))]
    pub annotations: BTreeMap<String, String>,

    /// Which implementation makes the load balancer; it can't be changed later. For type `LoadBalancer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub load_balancer_class: Option<String>,

    /// The clients' networks from which the load balancer takes connections, like `203.0.113.0/24`. Without any: all. For
    /// type `LoadBalancer`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 64)))]
    #[x_kube(
        merge_strategy = ListMerge::Set,
        validation = Rule::new("self.all(range, isCIDR(range))").message("loadBalancerSourceRanges have to be networks like 203.0.113.0/24")
    )]
    pub load_balancer_source_ranges: Vec<String>,

    /// `Cluster`: a node passes connections on to edges of all nodes. `Local`: only to its own, and the edge sees the
    /// clients' addresses. For types `NodePort` and `LoadBalancer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ExternalTrafficPolicy")]
    pub external_traffic_policy: Option<ExternalTrafficPolicy>,

    /// `SingleStack`, `PreferDualStack` or `RequireDualStack`: whether the Service has addresses of both IPv4 and IPv6.
    /// Without it, Kubernetes decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "IpFamilyPolicy")]
    pub ip_family_policy: Option<IpFamilyPolicy>,
}

/// Who reaches a Service.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServiceType {
    /// Pods.
    #[default]
    ClusterIP,
    /// Whoever reaches a node.
    NodePort,
    /// Whoever reaches the load balancer.
    LoadBalancer,
}

/// Where a node sends what comes from outside.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternalTrafficPolicy {
    /// To pods of all nodes.
    Cluster,
    /// To its own pods.
    Local,
}

/// Whether a Service has addresses of both families.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpFamilyPolicy {
    /// Of one.
    SingleStack,
    /// Of both where the cluster has both.
    PreferDualStack,
    /// Of both, else it is refused.
    RequireDualStack,
}

impl Service {
    /// A Service of that name, for all listeners, inside the cluster.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            type_: None,
            listeners: Vec::new(),
            annotations: BTreeMap::new(),
            load_balancer_class: None,
            load_balancer_source_ranges: Vec::new(),
            external_traffic_policy: None,
            ip_family_policy: None,
        }
    }

    /// Whether clients may come by either family of addresses.
    pub fn is_dual_stack(&self) -> bool {
        matches!(self.ip_family_policy, Some(IpFamilyPolicy::PreferDualStack | IpFamilyPolicy::RequireDualStack))
    }
}

impl ServiceType {
    /// As Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClusterIP => "ClusterIP",
            Self::NodePort => "NodePort",
            Self::LoadBalancer => "LoadBalancer",
        }
    }
}

impl ExternalTrafficPolicy {
    /// As Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cluster => "Cluster",
            Self::Local => "Local",
        }
    }
}

impl IpFamilyPolicy {
    /// As Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SingleStack => "SingleStack",
            Self::PreferDualStack => "PreferDualStack",
            Self::RequireDualStack => "RequireDualStack",
        }
    }
}
