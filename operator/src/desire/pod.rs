//! What the pods of edges and origins have in common. They fit the Pod Security Standard `restricted`.

mod container;
mod spread;
mod volumes;

use k8s_openapi::api::core::v1::{
    Container, LocalObjectReference, PodSecurityContext, PodSpec, PodTemplateSpec, SeccompProfile,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;

use super::names::{self, labels, selected};
use super::{Component, Facts};
use crate::resource::{LiveCluster, Pod, Resolved};

/// A port of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Port {
    /// RTMP clients.
    Rtmp,
    /// MRTMP: edges and the operator.
    Link,
    /// Metrics, health and status.
    Http,
}

impl Port {
    pub fn name(self) -> &'static str {
        match self {
            Self::Rtmp => "rtmp",
            Self::Link => "link",
            Self::Http => "http",
        }
    }

    pub fn number(self) -> i32 {
        match self {
            Self::Rtmp => 1935,
            Self::Link => 1950,
            Self::Http => 8080,
        }
    }
}

/// What tells the pods of one role from those of the other.
pub(super) struct Template<'a> {
    pub component: Component,
    /// What the person asked for.
    pub asked: Option<&'a Pod>,
    /// The ports that are listened on.
    pub ports: &'a [Port],
    /// Flags of this role.
    pub arguments: Vec<String>,
    /// How long the process may take to end.
    pub grace_seconds: i32,
}

impl Template<'_> {
    /// The template for pods of a cluster.
    pub fn render(self, cluster: &LiveCluster, resolved: &Resolved, facts: &Facts) -> PodTemplateSpec {
        let asked = self.asked.cloned().unwrap_or_default();
        let container = container::container(&self, &asked, cluster, resolved);
        PodTemplateSpec {
            metadata: Some(metadata(cluster, self.component, &asked, facts)),
            spec: Some(self.spec(cluster, resolved, asked, container)),
        }
    }

    fn spec(&self, cluster: &LiveCluster, resolved: &Resolved, asked: Pod, container: Container) -> PodSpec {
        let spread = spread::constraints(cluster, self.component, &asked);
        let secrets = cluster.spec.image_pull_secrets.iter();
        let secrets: Vec<_> = secrets.map(|secret| LocalObjectReference { name: secret.name.clone() }).collect();
        PodSpec {
            service_account_name: Some(self.component.name(cluster)),
            // The token is mounted by name: see the volumes.
            automount_service_account_token: Some(false),
            // Other Services are of no interest, and a thousand of them make a long environment.
            enable_service_links: Some(false),
            termination_grace_period_seconds: Some(self.grace_seconds.into()),
            security_context: Some(security()),
            image_pull_secrets: some(secrets),
            containers: vec![container],
            volumes: Some(volumes::volumes(&names::routes(&cluster.name_any()), &resolved.link_secret_name)),
            node_selector: (!asked.node_selector.is_empty()).then_some(asked.node_selector),
            tolerations: some(asked.tolerations),
            affinity: Some(spread::affinity(cluster, self.component, asked.affinity)),
            topology_spread_constraints: Some(spread),
            priority_class_name: asked.priority_class_name,
            ..PodSpec::default()
        }
    }
}

fn metadata(cluster: &LiveCluster, component: Component, asked: &Pod, facts: &Facts) -> ObjectMeta {
    let mut all = asked.labels.clone();
    all.extend(labels(cluster));
    all.extend(selected(cluster, component));
    let mut annotations = asked.annotations.clone();
    annotations.insert(LINK_CHECKSUM.to_owned(), facts.link_checksum.clone());
    ObjectMeta { labels: Some(all), annotations: Some(annotations), ..ObjectMeta::default() }
}

/// A pod reads the Secret when it starts.
const LINK_CHECKSUM: &str = "livecluster.io/link-checksum";

fn security() -> PodSecurityContext {
    PodSecurityContext {
        run_as_non_root: Some(true),
        seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), ..SeccompProfile::default() }),
        ..PodSecurityContext::default()
    }
}

/// A list that is left out when it is empty.
pub(super) fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}
