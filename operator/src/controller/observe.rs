//! What is read of a cluster.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{Pod, Secret, Service};
use k8s_openapi::jiff::Timestamp;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use livecluster_mrtmp::id::Name;
use serde::de::DeserializeOwned;

use super::clusters::Id;
use super::error::Error;
use super::link::{self, Link};
use super::pods;
use super::rollout::OriginPod;
use crate::desire::Component;
use crate::keeper::Shown;
use crate::resource::LiveCluster;

/// What is seen of a cluster at one time.
#[derive(Debug)]
pub struct Observed {
    /// Its pods.
    pub pods: Vec<Arc<Pod>>,
    /// The origins, if they were made.
    pub origins: Option<StatefulSet>,
    /// The edges, if they were made.
    pub edges: Option<Deployment>,
    /// The autoscaler of the edges that the operator made.
    pub autoscaler: Option<HorizontalPodAutoscaler>,
    /// Other autoscalers in its namespace, of whatever.
    pub other_autoscalers: Vec<HorizontalPodAutoscaler>,
    /// What its Secret holds, or why it is of no use.
    pub link: Result<Link, Error>,
}

impl Observed {
    /// Reads it. The Secret that nobody named is made by who `may_make` it.
    pub(super) async fn read(
        client: &Client,
        cluster: &LiveCluster,
        secret: &str,
        pods: Vec<Arc<Pod>>,
        may_make: bool,
    ) -> Result<Self, Error> {
        let id = Id::of(cluster);
        let secrets = Api::<Secret>::namespaced(client.clone(), &id.namespace);
        let (autoscaler, other_autoscalers) = autoscalers(client, cluster, &id.namespace).await?;
        Ok(Self {
            pods,
            autoscaler,
            other_autoscalers,
            origins: get(client, &id.namespace, &Component::Origin.name(cluster)).await?,
            edges: get(client, &id.namespace, &Component::Edge.name(cluster)).await?,
            link: link::read(&secrets, cluster, secret, may_make).await,
        })
    }

    /// Those of one role.
    pub fn of(&self, component: Component) -> impl Iterator<Item = &Pod> {
        let is_of = move |pod: &&Arc<Pod>| {
            pod.labels().get("app.kubernetes.io/component").map(String::as_str) == Some(component.as_str())
        };
        self.pods.iter().filter(is_of).map(|pod| &**pod)
    }

    /// How many of one role were told to end and are still there.
    pub fn draining(&self, component: Component) -> i32 {
        let draining = self.of(component).filter(|pod| ends_at(pod).is_some());
        i32::try_from(draining.count()).unwrap_or(i32::MAX)
    }

    /// The digest of the Secret that the pods are made with.
    pub fn link_checksum(&self) -> Option<String> {
        let template = self.origins.as_ref()?.spec.template.metadata.as_ref()?;
        template.annotations.as_ref()?.get("livecluster.io/link-checksum").cloned()
    }

    /// The revision that origins shall have, if the StatefulSet was looked at since it was last changed.
    pub fn revision(&self) -> Option<String> {
        let set = self.origins.as_ref()?;
        let status = set.status.as_ref()?;
        let is_current = status.observed_generation >= set.metadata.generation;
        status.update_revision.clone().filter(|_| is_current)
    }

    /// The pods of origins, for a rollout.
    pub fn origin_pods(&self, shown: &Shown) -> Vec<OriginPod> {
        self.of(Component::Origin).map(|pod| origin_pod(pod, shown)).collect()
    }
}

/// The operator's own, and the others.
async fn autoscalers(
    client: &Client,
    cluster: &LiveCluster,
    namespace: &str,
) -> Result<(Option<HorizontalPodAutoscaler>, Vec<HorizontalPodAutoscaler>), Error> {
    let api = Api::<HorizontalPodAutoscaler>::namespaced(client.clone(), namespace);
    let listed = api.list(&ListParams::default()).await.map_err(Error::api("HorizontalPodAutoscalers"))?;
    let is_own = |autoscaler: &HorizontalPodAutoscaler| {
        autoscaler.owner_references().iter().any(|owner| Some(&owner.uid) == cluster.metadata.uid.as_ref())
    };
    let (own, others): (Vec<_>, _) = listed.items.into_iter().partition(is_own);
    Ok((own.into_iter().next(), others))
}

fn origin_pod(pod: &Pod, shown: &Shown) -> OriginPod {
    let name = Name::from(pod.name_any());
    let streams = shown.document.iter().flat_map(|document| document.streams.values());
    OriginPod {
        uid: pod.uid().unwrap_or_default(),
        revision: pod.labels().get("controller-revision-hash").cloned().unwrap_or_default(),
        ready: pods::is_ready(pod),
        ends_at: ends_at(pod),
        drained: shown.drained.contains(&name),
        streams: streams.filter(|origin| **origin == name).count(),
        name,
    }
}

/// When a pod that was told to end has to have ended.
pub fn ends_at(pod: &Pod) -> Option<Timestamp> {
    pod.metadata.deletion_timestamp.as_ref().map(|time| time.0)
}

/// Where clients connect.
pub(super) async fn address(client: &Client, namespace: &str, services: &[Service]) -> Result<Option<String>, Error> {
    let is_headless =
        |service: &&Service| service.spec.as_ref().is_some_and(|spec| spec.cluster_ip.as_deref() == Some("None"));
    let Some(front) = services.iter().find(|service| !is_headless(service)) else { return Ok(None) };
    let service: Option<Service> = get(client, namespace, &front.name_any()).await?;
    Ok(service.as_ref().and_then(address_of))
}

/// Of a load balancer if there is one.
fn address_of(service: &Service) -> Option<String> {
    let spec = service.spec.as_ref()?;
    let port = spec.ports.as_ref()?.first()?.port;
    let balancer = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let ingress = balancer.and_then(|balancer| balancer.ingress.as_ref()?.first());
    let outside = ingress.and_then(|ingress| ingress.hostname.clone().or(ingress.ip.clone()));
    let host = outside.or_else(|| spec.cluster_ip.clone()).filter(|host| !host.is_empty())?;
    Some(if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") })
}

async fn get<K>(client: &Client, namespace: &str, name: &str) -> Result<Option<K>, Error>
where
    K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope> + Clone + DeserializeOwned,
    K: std::fmt::Debug,
{
    let api = Api::<K>::namespaced(client.clone(), namespace);
    api.get_opt(name).await.map_err(Error::api(format!("{} \"{name}\"", K::kind(&()))))
}

#[cfg(test)]
impl Observed {
    /// Of a cluster of which nothing is there.
    pub fn nothing() -> Self {
        let link = Err(Error::SecretMissing(String::new()));
        Self { pods: Vec::new(), origins: None, edges: None, autoscaler: None, other_autoscalers: Vec::new(), link }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn address(ingress: serde_json::Value, cluster_ip: &str) -> Option<String> {
        let service = json!({
            "spec": {"clusterIP": cluster_ip, "ports": [{"port": 1935}]}, "status": {"loadBalancer": {"ingress": ingress}},
        });
        address_of(&serde_json::from_value(service).expect("a Service"))
    }

    #[test]
    fn address_is_that_of_the_load_balancer_or_else_of_the_service() {
        assert_eq!(address(json!([{"ip": "192.0.2.1"}]), "10.0.0.1").as_deref(), Some("192.0.2.1:1935"));
        assert_eq!(address(json!([{"hostname": "live.example"}]), "10.0.0.1").as_deref(), Some("live.example:1935"));
        assert_eq!(address(json!([]), "10.0.0.1").as_deref(), Some("10.0.0.1:1935"));
        assert_eq!(address(json!([]), "fd00::1").as_deref(), Some("[fd00::1]:1935"));
        assert_eq!(address(json!([]), ""), None);
    }

    #[test]
    fn revision_counts_once_the_stateful_set_was_looked_at() {
        let revision = |observed: i64| {
            let set = json!({
                "metadata": {"generation": 2}, "status": {"observedGeneration": observed, "updateRevision": "r", "replicas": 1},
                "spec": {"selector": {}, "template": {}},
            });
            let origins = Some(serde_json::from_value(set).expect("a StatefulSet"));
            Observed { origins, ..Observed::nothing() }.revision()
        };

        assert_eq!(revision(1), None);
        assert_eq!(revision(2).as_deref(), Some("r"));
    }
}
