//! The objects as they are applied.

use kube::Resource;
use kube::core::ApiResource;
use serde::Serialize;
use serde_json::{Value, json};

use super::Objects;

/// The field manager of what is applied, but the number of edges.
pub const MANAGER: &str = "livecluster-operator";

/// The field manager of the number of edges.
pub const REPLICAS_MANAGER: &str = "livecluster-operator-replicas";

/// An object to apply.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// Its kind.
    pub resource: ApiResource,
    /// Whose fields they are.
    pub manager: &'static str,
    /// What is applied, with kind and metadata.
    pub value: Value,
}

impl Object {
    fn new<K: Resource<DynamicType = ()> + Serialize>(object: &K) -> Result<Self, serde_json::Error> {
        Ok(Self { resource: ApiResource::erase::<K>(&()), manager: MANAGER, value: serde_json::to_value(object)? })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.value["metadata"]["name"].as_str().unwrap_or_default()
    }

    /// Whether a change of it replaces edges.
    pub fn is_template_of_edges(&self) -> bool {
        self.resource.kind == "Deployment" && self.manager == MANAGER
    }
}

impl Objects {
    /// All of them, in the order in which they are applied: what pods need comes before pods.
    pub fn in_order(&self) -> Result<Vec<Object>, serde_json::Error> {
        let mut objects = all(&self.accounts)?;
        objects.push(Object::new(&self.role)?);
        objects.push(Object::new(&self.role_binding)?);
        objects.extend(all(&self.services)?);
        objects.extend(all(&self.network_policies)?);
        objects.extend(all(&self.disruption_budgets)?);
        objects.push(Object::new(&self.origins)?);
        objects.push(Object::new(&self.edges)?);
        objects.push(self.edge_replicas()?);
        objects.extend(all(self.autoscaler.as_slice())?);
        Ok(objects)
    }

    fn edge_replicas(&self) -> Result<Object, serde_json::Error> {
        let whole = Object::new(&self.edges)?;
        let value = json!({
            "apiVersion": whole.value["apiVersion"],
            "kind": whole.value["kind"],
            "metadata": {"name": whole.value["metadata"]["name"], "namespace": whole.value["metadata"]["namespace"]},
            "spec": {"replicas": self.edge_replicas},
        });
        Ok(Object { value, manager: REPLICAS_MANAGER, ..whole })
    }
}

fn all<K: Resource<DynamicType = ()> + Serialize>(objects: &[K]) -> Result<Vec<Object>, serde_json::Error> {
    objects.iter().map(Object::new).collect()
}
