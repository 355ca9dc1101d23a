//! The definition of the resource, as it is installed in a cluster.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::{Value, json};

use super::{LiveCluster, condition, schema};
use crate::yaml;

/// The definition. [`LiveCluster::crd`] is what the types alone give: it lacks what is said here.
///
/// # Panics
///
/// If the types in this crate do not make a definition, which the tests of this module rule out.
#[expect(clippy::expect_used, reason = "it depends on nothing but the types")]
pub fn crd() -> CustomResourceDefinition {
    serde_json::from_value(value()).expect("the types make a definition")
}

/// The definition as a file for `kubectl apply`.
///
/// # Panics
///
/// As [`crd`].
#[expect(clippy::expect_used, reason = "it depends on nothing but the types")]
pub fn yaml() -> String {
    let text = yaml::document(&value()).expect("a definition is YAML");
    format!("{HEAD}{text}")
}

/// What the file begins with.
const HEAD: &str = "# The definition of LiveCluster. Made by: livecluster crd\n";

#[expect(clippy::expect_used, reason = "it depends on nothing but the types")]
fn value() -> Value {
    let mut crd = serde_json::to_value(LiveCluster::crd()).expect("a definition is JSON");
    let root = crd.pointer_mut("/spec/versions/0/schema/openAPIV3Schema").expect("the type has a schema");
    finish(root);
    crd
}

/// What the types can't say.
fn finish(root: &mut Value) {
    schema::plain(root);
    for role in ["edge", "origin"] {
        for field in FOREIGN {
            let path = format!("/properties/spec/properties/{role}/properties/pod/properties/{field}");
            keep_description(root.pointer_mut(&path));
        }
    }
    // A resource with a name and nothing else is whole.
    root.as_object_mut().map(|members| members.remove("required"));
    root["properties"]["spec"]["default"] = json!({});
    root["properties"]["status"]["default"] = condition::initial_status();
}

/// Fields with types of Kubernetes.
pub(super) const FOREIGN: [&str; 4] = ["affinity", "env", "tolerations", "topologySpreadConstraints"];

/// Cuts the descriptions below a field; its own is ours.
fn keep_description(field: Option<&mut Value>) {
    if let Some(field) = field {
        let own = field.get("description").cloned();
        schema::brief(field);
        if let Some(own) = own {
            field["description"] = own;
        }
    }
}
