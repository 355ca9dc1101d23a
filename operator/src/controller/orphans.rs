//! Objects of a cluster that are wanted no more.

use std::collections::BTreeSet;

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{DeleteParams, DynamicObject, ListParams, Preconditions};
use kube::core::{ApiResource, PartialObjectMeta};
use kube::{Api, Client, ResourceExt};

use super::apply::is_owned_by;
use super::clusters::Id;
use super::error::Error;
use crate::desire::Object;

/// Kind and name of objects.
pub(super) type Names = BTreeSet<(String, String)>;

/// Those of what is wanted.
pub(super) fn names(objects: &[Object]) -> Names {
    objects.iter().map(|object| (object.resource.kind.clone(), object.name().to_owned())).collect()
}

/// Deletes what is the cluster's with this uid and not in `wanted`, as `may_act` allows. StatefulSets and Deployments have
/// one name for ever.
pub(super) async fn delete(
    client: &Client,
    id: &Id,
    uid: &str,
    wanted: &Names,
    may_act: impl Fn() -> bool,
) -> Result<(), Error> {
    for resource in kinds() {
        let api = Api::<DynamicObject>::namespaced_with(client.clone(), &id.namespace, &resource);
        let shown = format!("{} objects", resource.kind);
        let listed = api.list_metadata(&of(id)).await.map_err(Error::api(shown))?;
        let orphans = listed.items.iter().filter(|object| is_orphan(&resource.kind, object, uid, wanted));
        for orphan in orphans {
            if !may_act() {
                return Ok(());
            }
            tracing::info!(kind = resource.kind, name = orphan.name_any(), "deleted: it is wanted no more");
            delete_one(&api, &resource.kind, orphan).await?;
        }
    }
    Ok(())
}

fn is_orphan<K>(kind: &str, object: &PartialObjectMeta<K>, uid: &str, wanted: &Names) -> bool {
    let name = object.metadata.name.clone().unwrap_or_default();
    is_owned_by(object, uid) && !wanted.contains(&(kind.to_owned(), name))
}

/// Only the object that was looked at.
async fn delete_one(
    api: &Api<DynamicObject>,
    kind: &str,
    object: &PartialObjectMeta<DynamicObject>,
) -> Result<(), Error> {
    let preconditions = Preconditions { uid: object.metadata.uid.clone(), resource_version: None };
    let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
    let name = object.metadata.name.clone().unwrap_or_default();
    match api.delete(&name, &params).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
        Err(error) => Err(Error::api(format!("{kind} \"{name}\""))(error)),
    }
}

fn of(id: &Id) -> ListParams {
    let labels =
        [("app.kubernetes.io/instance", id.name.as_str()), ("app.kubernetes.io/managed-by", "livecluster-operator")];
    let terms: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    ListParams::default().labels(&terms.join(","))
}

fn kinds() -> [ApiResource; 7] {
    [
        ApiResource::erase::<Service>(&()),
        ApiResource::erase::<ServiceAccount>(&()),
        ApiResource::erase::<Role>(&()),
        ApiResource::erase::<RoleBinding>(&()),
        ApiResource::erase::<NetworkPolicy>(&()),
        ApiResource::erase::<PodDisruptionBudget>(&()),
        ApiResource::erase::<HorizontalPodAutoscaler>(&()),
    ]
}
