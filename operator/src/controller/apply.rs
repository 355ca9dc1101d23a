//! Writes objects, and never one of somebody else.

use std::collections::HashMap;
use std::sync::Mutex;

use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, Preconditions};
use kube::core::{PartialObjectMeta, Status};
use kube::{Api, Client, ResourceExt};
use serde_json::json;

use super::error::Error;
use super::lock;
use crate::desire::Object;

/// What was applied and what it became, to tell what others change from what this operator changes. Lost at a restart: then
/// nothing counts as drift until it is applied once more.
#[derive(Debug, Default)]
pub(super) struct Applied {
    known: Mutex<HashMap<Key, Known>>,
}

/// Cluster, kind, name, manager.
type Key = (String, String, String, &'static str);

#[derive(Debug)]
struct Known {
    value: serde_json::Value,
    version: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is as it was.
    Same,
    /// It was made, or brought to what is wanted by now.
    Changed,
    /// Somebody had changed it, and it was put right.
    Corrected,
}

impl Applied {
    /// Applies one object in the namespace of the cluster with this uid.
    pub async fn apply(&self, client: &Client, namespace: &str, uid: &str, object: &Object) -> Result<Outcome, Error> {
        let api = Api::<DynamicObject>::namespaced_with(client.clone(), namespace, &object.resource);
        let (kind, name) = (object.resource.kind.clone(), object.name().to_owned());
        let shown = format!("{kind} \"{name}\"");
        let existing = api.get_metadata_opt(&name).await.map_err(Error::api(shown.clone()))?;
        if existing.as_ref().is_some_and(|existing| !is_owned_by(existing, uid)) {
            return Err(Error::Foreign { kind, name });
        }
        let before = existing.as_ref().and_then(|existing| existing.metadata.resource_version.clone());
        let key = (uid.to_owned(), kind.clone(), name.clone(), object.manager);
        let is_same_wish = self.with(|known| known.get(&key).map(|known| known.value == object.value)) == Some(true);
        if is_same_wish && self.with(|known| known.get(&key).is_some_and(|known| known.version == before)) {
            return Ok(Outcome::Same);
        }
        // Only the object that was looked at: another one of its name may be somebody else's.
        let mut value = object.value.clone();
        if let Some(uid) = existing.as_ref().and_then(|existing| existing.metadata.uid.as_ref()) {
            value["metadata"]["uid"] = json!(uid);
        }
        let params = PatchParams::apply(object.manager).force();
        let applied = match api.patch(&name, &params, &Patch::Apply(&value)).await {
            Err(kube::Error::Api(status)) if is_immutable(&status) => {
                return Err(delete_alone(&api, kind, name, existing.and_then(|existing| existing.uid())).await);
            }
            applied => applied.map_err(Error::api(shown))?,
        };
        let version = applied.resource_version();
        let outcome = match (version == before, is_same_wish) {
            (true, _) => Outcome::Same,
            (false, true) => Outcome::Corrected,
            (false, false) => Outcome::Changed,
        };
        self.with(|known| known.insert(key, Known { value: object.value.clone(), version }));
        Ok(outcome)
    }

    /// Nothing of this cluster is to be remembered.
    pub fn forget(&self, uid: &str) {
        self.with(|known| known.retain(|key, _| key.0 != uid));
    }

    fn with<T>(&self, look: impl FnOnce(&mut HashMap<Key, Known>) -> T) -> T {
        look(&mut lock(&self.known))
    }
}

/// Whether something is to be changed that can't be: selectors, or what a StatefulSet was made with.
fn is_immutable(status: &Status) -> bool {
    let says = |text: &str| status.message.contains(text);
    status.code == 422 && (says("field is immutable") || says("updates to statefulset spec"))
}

/// Deletes an object and leaves its pods, for the next one of its name to adopt. It is made when this one is gone.
async fn delete_alone(api: &Api<DynamicObject>, kind: String, name: String, uid: Option<String>) -> Error {
    let preconditions = Preconditions { uid, resource_version: None };
    let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::orphan() };
    tracing::info!(kind, name, "made anew, since what changes can't be changed; its pods stay");
    match api.delete(&name, &params).await {
        Ok(_) => Error::MadeAnew { kind, name },
        Err(error) => Error::api(format!("{kind} \"{name}\""))(error),
    }
}

/// Whether an object is the cluster's with this uid.
pub(super) fn is_owned_by<K>(object: &PartialObjectMeta<K>, uid: &str) -> bool {
    let mut owners = object.metadata.owner_references.iter().flatten();
    owners.any(|owner| owner.uid == uid)
}
