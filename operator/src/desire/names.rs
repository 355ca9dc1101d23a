//! What the objects of a cluster are called, and how they are told from others.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};
use kube::{Resource, ResourceExt};

use crate::resource::LiveCluster;

/// What a pod does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// It serves clients.
    Edge,
    /// It owns streams.
    Origin,
}

impl Component {
    /// As in names, labels and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Origin => "origin",
        }
    }

    /// The name of what is made for it.
    pub fn name(self, cluster: &LiveCluster) -> String {
        below(cluster, self.as_str())
    }
}

/// The key in the Secret of the link.
pub const LINK_KEY: &str = "secret";

/// The name of the ConfigMap with the route document.
pub fn routes(cluster: &str) -> String {
    format!("{cluster}-routes")
}

/// The Secret of the link, if none is named.
pub(super) fn link(cluster: &LiveCluster) -> String {
    below(cluster, "link")
}

/// The Service of the origins.
pub(super) fn origins(cluster: &LiveCluster) -> String {
    below(cluster, "origins")
}

/// `<cluster>-<name>`.
pub(super) fn below(cluster: &LiveCluster, name: &str) -> String {
    format!("{}-{name}", cluster.name_any())
}

/// The labels of all objects of a cluster.
pub fn labels(cluster: &LiveCluster) -> BTreeMap<String, String> {
    let labels = [
        ("app.kubernetes.io/name", "livecluster".to_owned()),
        ("app.kubernetes.io/instance", cluster.name_any()),
        ("app.kubernetes.io/part-of", "livecluster".to_owned()),
        ("app.kubernetes.io/managed-by", "livecluster-operator".to_owned()),
    ];
    labels.map(|(name, value)| (name.to_owned(), value)).into()
}

/// The labels by which pods are selected; they can't be changed later. The pool is there so that there may be more one day.
pub(super) fn selected(cluster: &LiveCluster, component: Component) -> BTreeMap<String, String> {
    let labels = [
        ("app.kubernetes.io/name", "livecluster".to_owned()),
        ("app.kubernetes.io/instance", cluster.name_any()),
        ("app.kubernetes.io/component", component.as_str().to_owned()),
        ("livecluster.io/pool", "default".to_owned()),
    ];
    labels.map(|(name, value)| (name.to_owned(), value)).into()
}

/// The same as text, for the status.
pub fn selector(cluster: &LiveCluster, component: Component) -> String {
    let labels = selected(cluster, component);
    let terms: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    terms.join(",")
}

/// The same for an object that selects.
pub(super) fn label_selector(cluster: &LiveCluster, component: Component) -> LabelSelector {
    LabelSelector { match_labels: Some(selected(cluster, component)), ..LabelSelector::default() }
}

/// The metadata of an object of a cluster: it goes when the cluster goes.
pub fn metadata(cluster: &LiveCluster, name: String, component: Option<Component>) -> ObjectMeta {
    let mut labels = labels(cluster);
    labels.extend(component.map(|component| selected(cluster, component)).into_iter().flatten());
    ObjectMeta {
        name: Some(name),
        namespace: cluster.namespace(),
        labels: Some(labels),
        owner_references: Some(vec![owner(cluster)]),
        ..ObjectMeta::default()
    }
}

fn owner(cluster: &LiveCluster) -> OwnerReference {
    OwnerReference {
        api_version: LiveCluster::api_version(&()).into_owned(),
        kind: LiveCluster::kind(&()).into_owned(),
        name: cluster.name_any(),
        uid: uid(cluster),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// What a cluster is to its parts: another of the same name is another.
pub(super) fn uid(cluster: &LiveCluster) -> String {
    cluster.uid().unwrap_or_default()
}
