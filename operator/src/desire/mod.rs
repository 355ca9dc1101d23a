//! Which objects a cluster needs, as a function of the resource and what is known besides. Pure: nothing here asks anyone.
//!
//! Pods are replaced when their template changes, so it says nothing that changes without a reason: no version of the
//! operator, no order that depends on chance.

mod access;
mod autoscaler;
mod disruption;
mod edge;
mod link;
mod names;
mod network;
mod object;
mod origin;
mod pod;
mod resolve;
mod service;

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use livecluster_mrtmp::route::Applications;

use crate::resource::{ApplicationPolicy, LiveCluster, Resolved};

pub use autoscaler::METRIC;
pub use link::secret as link_secret;
pub use names::{Component, LINK_KEY, labels, metadata, routes as routes_name, selector};
pub use object::{MANAGER, Object, REPLICAS_MANAGER};
pub use resolve::resolve;

/// What a release of the operator brings for all clusters that it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The operator's version.
    pub version: String,
    /// The image for clusters that name none.
    pub image: String,
    /// Whether NetworkPolicies are made, and which pods are the operator's: these may reach edges and origins.
    pub network_policy: Option<OperatorPods>,
}

/// The pods of the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorPods {
    /// Where they are.
    pub namespace: String,
    /// The labels that tell them from others there.
    pub labels: BTreeMap<String, String>,
}

/// What has to be known besides the resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// A digest of what the link's Secret holds: pods are replaced when it changes, one after the other. While the Secret
    /// can't be read: what the pods have.
    pub link_checksum: String,
    /// Whether it is this cluster's turn to take the image of a new version of the operator.
    pub may_update: bool,
}

/// The objects of a cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Objects {
    /// Of edges and origins.
    pub accounts: Vec<ServiceAccount>,
    /// To read the route document, and nothing else.
    pub role: Role,
    /// Gives it to the accounts.
    pub role_binding: RoleBinding,
    /// That of the origins, and those in front of the edges.
    pub services: Vec<Service>,
    /// If the release makes any.
    pub network_policies: Vec<NetworkPolicy>,
    /// None for a role with one pod: it would keep its node from being drained.
    pub disruption_budgets: Vec<PodDisruptionBudget>,
    /// If one is asked for that is not the operator itself.
    pub autoscaler: Option<HorizontalPodAutoscaler>,
    /// The origins.
    pub origins: StatefulSet,
    /// The edges, without their number.
    pub edges: Deployment,
    /// The number of edges. It is written apart, so that what a person or an autoscaler asks for and a change of the
    /// template are two things.
    pub edge_replicas: i32,
}

/// The objects of a cluster whose settings are `resolved`.
pub fn desire(cluster: &LiveCluster, resolved: &Resolved, release: &Release, facts: &Facts) -> Objects {
    Objects {
        accounts: access::accounts(cluster),
        role: access::role(cluster),
        role_binding: access::role_binding(cluster),
        services: service::all(cluster, resolved),
        network_policies: network::policies(cluster, release.network_policy.as_ref()),
        disruption_budgets: disruption::budgets(cluster),
        autoscaler: autoscaler::of(cluster, resolved),
        origins: origin::stateful_set(cluster, resolved, facts),
        edges: edge::deployment(cluster, resolved, facts),
        edge_replicas: cluster.spec.edge.replicas,
    }
}

/// Which applications exist: it goes to edges and origins beside the routes.
pub fn applications(cluster: &LiveCluster) -> Applications {
    match cluster.spec.application_policy.unwrap_or_default() {
        ApplicationPolicy::Open => Applications::Open,
        ApplicationPolicy::Listed => Applications::Listed {
            names: cluster.spec.applications.iter().map(|application| application.name.clone()).collect(),
        },
    }
}
