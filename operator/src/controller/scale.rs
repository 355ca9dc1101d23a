//! Carries out what follows from [`super::scaling`].

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::json;

use super::clusters::Id;
use super::error::Error;
use super::scaling::{DELETION_COST, FIRST, Plan};
use crate::resource::LiveCluster;

/// Marks the edges that go first, and those no more that stay, as far as `may_act` allows.
pub(super) async fn mark(client: &Client, id: &Id, edges: &Plan, may_act: impl Fn() -> bool) -> Result<(), Error> {
    let costs = edges.mark.iter().map(|name| (name, Some(FIRST)));
    let costs = costs.chain(edges.unmark.iter().map(|name| (name, None)));
    let api = Api::<Pod>::namespaced(client.clone(), &id.namespace);
    for (name, cost) in costs {
        if !may_act() {
            return Ok(());
        }
        let patch = Patch::Merge(json!({"metadata": {"annotations": {DELETION_COST: cost}}}));
        match api.patch_metadata(name, &PatchParams::default(), &patch).await {
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            marked => drop(marked.map_err(Error::api(format!("Pod \"{name}\"")))?),
        }
    }
    Ok(())
}

/// Writes into the resource how many edges the operator's own autoscaler wants, unless somebody has changed it meanwhile.
pub(super) async fn ask(client: &Client, cluster: &LiveCluster, replicas: i32) -> Result<(), Error> {
    let id = Id::of(cluster);
    let patch = json!({
        "metadata": {"resourceVersion": cluster.resource_version()},
        "spec": {"edge": {"replicas": replicas}},
    });
    let params = PatchParams { field_manager: Some(AUTOSCALER.to_owned()), ..PatchParams::default() };
    let api = Api::<LiveCluster>::namespaced(client.clone(), &id.namespace);
    match api.patch(&id.name, &params, &Patch::Merge(patch)).await {
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        written => written.map(drop).map_err(Error::api(format!("LiveCluster \"{}\"", id.name))),
    }
}

/// Who writes the number of edges for the operator's own autoscaler.
const AUTOSCALER: &str = "livecluster-operator-autoscaler";
