//! What a person asks for.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Application, ApplicationPolicy, Edge, Link, LiveClusterStatus, Origin, Routing};

/// What a cluster should be. All of it may be left out: a name alone makes two origins and two edges.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "livecluster.io",
    version = "v1alpha1",
    kind = "LiveCluster",
    plural = "liveclusters",
    shortname = "lc",
    category = "livecluster",
    namespaced,
    storage = true,
    served = true,
    derive = "Default",
    derive = "PartialEq",
    status = "LiveClusterStatus",
    doc = "A live-streaming cluster. Publish to any edge, watch at any edge; each stream has one origin, and keeps its clients when that origin dies.",
    scale(
        spec_replicas_path = ".spec.edge.replicas",
        status_replicas_path = ".status.edge.replicas",
        label_selector_path = ".status.edge.selector"
    ),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Origins", type_ = "string", json_path = ".status.origin.summary", description = "Origins that are ready, and how many there should be"),
    printcolumn(name = "Edges", type_ = "string", json_path = ".status.edge.summary", description = "Edges that are ready, and how many there should be"),
    printcolumn(name = "Streams", type_ = "integer", json_path = ".status.streams", description = "Streams that are live"),
    printcolumn(name = "Viewers", type_ = "integer", json_path = ".status.viewers", description = "Clients that watch"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Version", type_ = "string", json_path = ".status.resolved.version", priority = 1, description = "The version of the image"),
    printcolumn(name = "Routes", type_ = "integer", json_path = ".status.routes.generation", priority = 1, description = "The generation of the route document"),
    printcolumn(name = "Address", type_ = "string", json_path = ".status.address", priority = 1, description = "Where clients connect"),
    validation = Rule::new("size(self.metadata.name) <= 40 && self.metadata.name.matches('^[a-z]([a-z0-9-]*[a-z0-9])?$')").message("the name has to be at most 40 lower-case letters, digits and hyphens, beginning with a letter and ending with a letter or digit: the names of pods and Services begin with it")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.applicationPolicy) || self.applicationPolicy != 'Listed' || (has(self.applications) && size(self.applications) > 0)").message("with applicationPolicy Listed and no applications nobody could publish: list at least one").field_path(".applications").reason(Reason::FieldValueRequired),
    validation = Rule::new("!has(self.applications) || size(self.applications) == 0 || (has(self.applicationPolicy) && self.applicationPolicy == 'Listed')").message("applications are listed, yet every application is open: set applicationPolicy to Listed").field_path(".applicationPolicy").reason(Reason::FieldValueRequired),
    validation = Rule::new("(has(self.link) && has(self.link.secretName) ? self.link.secretName : '') == (has(oldSelf.link) && has(oldSelf.link.secretName) ? oldSelf.link.secretName : '')").message("link.secretName can't be changed: links between pods with the old and the new Secret would be refused. Rotate by changing what the Secret holds").field_path(".link").reason(Reason::FieldValueForbidden),
    validation = Rule::new(log_fits("edge")).message("routing.logBytes, what one stream may keep, has to be at most edge.maxLogBytes, what all may (unless set: 32Mi and 1Gi)").field_path(".edge"),
    validation = Rule::new(log_fits("origin")).message("routing.logBytes, what one stream may keep, has to be at most origin.maxLogBytes, what all may (unless set: 32Mi and 1Gi)").field_path(".origin")
)]
pub struct LiveClusterSpec {
    /// The image of edges and origins. Without it: the one that belongs to the operator's version, so that an update of the
    /// operator updates the cluster, as `updatePolicy` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    #[x_kube(validation = Rule::new("self.matches('^[^\\\\s]+$')").message("image has to be the name of an image, without blanks"))]
    pub image: Option<String>,

    /// When nodes pull the image: `Always`, `IfNotPresent` or `Never`. Without it, Kubernetes decides by the tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ImagePullPolicy")]
    pub image_pull_policy: Option<ImagePullPolicy>,

    /// Secrets with the credentials for pulling the image, in this namespace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub image_pull_secrets: Vec<PullSecret>,

    /// When a cluster without `image` takes the image of a new version of the operator. `Automatic` (default): at once, one
    /// LiveCluster after the other. `OnRequest`: when the annotation `livecluster.io/update-to` names that version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "UpdatePolicy")]
    pub update_policy: Option<UpdatePolicy>,

    /// The pods to which clients connect.
    #[serde(default)]
    pub edge: Edge,

    /// The pods that own streams.
    #[serde(default)]
    pub origin: Origin,

    /// How long and how much is kept for clients while something is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing: Option<Routing>,

    /// Which applications exist, an application being the first part of a stream's address: `Open` (default): every name.
    /// `Listed`: those in `applications`; publishing and playing in another is refused. A change is in force without a restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ApplicationPolicy")]
    pub application_policy: Option<ApplicationPolicy>,

    /// The applications that exist with `applicationPolicy: Listed`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 512))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub applications: Vec<Application>,

    /// How edges, origins and the operator know each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
}

/// When nodes pull an image.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImagePullPolicy {
    /// At each start of a container.
    Always,
    /// If the node has none.
    IfNotPresent,
    /// Never: it has to be there.
    Never,
}

/// A Secret in the namespace of the cluster.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct PullSecret {
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// When a cluster takes the image of a new version of the operator.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpdatePolicy {
    /// At once.
    #[default]
    Automatic,
    /// When an annotation asks for it.
    OnRequest,
}

impl ImagePullPolicy {
    /// As Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::IfNotPresent => "IfNotPresent",
            Self::Never => "Never",
        }
    }
}

/// The rule that one stream's log fits into what all logs of a role may keep.
fn log_fits(role: &str) -> String {
    let one = "(has(self.routing) && has(self.routing.logBytes) ? string(self.routing.logBytes) : '32Mi')";
    let all = format!("(has(self.{role}) && has(self.{role}.maxLogBytes) ? string(self.{role}.maxLogBytes) : '1Gi')");
    format!("!isQuantity({one}) || !isQuantity({all}) || quantity({one}).compareTo(quantity({all})) <= 0")
}
