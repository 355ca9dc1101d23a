//! What the Kubernetes API tells of one LiveCluster to somebody who may read.

use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{ConfigMap, Event, Pod};
use kube::api::ListParams;
use kube::{Api, Client, Resource, ResourceExt};
use livecluster_mrtmp::route::{Document, File};
use livecluster_operator::desire::{Component, routes_name};
use livecluster_operator::resource::LiveCluster;
use livecluster_operator::store::KEY;
use serde::de::DeserializeOwned;

use super::failed::Failed;

/// What is there, or the sentence that says why it can't be seen: one right that is missing does not hide the rest.
pub type Told<T> = Result<T, String>;

/// All of it.
#[derive(Debug)]
pub struct Seen {
    /// The resource.
    pub cluster: LiveCluster,
    /// Its pods, by name.
    pub pods: Told<Vec<Pod>>,
    /// The route document.
    pub routes: Told<Document>,
    /// Its events, the newest first.
    pub events: Told<Vec<Event>>,
}

impl Seen {
    /// Asks for what belongs to a cluster.
    pub async fn of(client: &Client, cluster: LiveCluster) -> Self {
        let (pods, routes, events) =
            futures::join!(pods(client, &cluster), routes(client, &cluster), events(client, &cluster));
        Self { cluster, pods, routes, events }
    }

    /// The pods of a role, as far as they can be seen.
    pub fn pods_of(&self, component: Component) -> impl Iterator<Item = &Pod> {
        let is_of = move |pod: &&Pod| pod.labels().get(COMPONENT).is_some_and(|label| label == component.as_str());
        self.pods.iter().flatten().filter(is_of)
    }

    /// What can't be seen, and why.
    pub fn gaps(&self) -> Vec<String> {
        let gaps = [self.pods.as_ref().err(), self.routes.as_ref().err(), self.events.as_ref().err()];
        gaps.into_iter().flatten().cloned().collect()
    }
}

async fn pods(client: &Client, cluster: &LiveCluster) -> Told<Vec<Pod>> {
    let name = cluster.name_any();
    let selector = format!("{NAME}=livecluster,{INSTANCE}={name}");
    let listed = list::<Pod>(client, cluster, "pods", ListParams::default().labels(&selector)).await?;
    let is_of = |pod: &Pod| pod.labels().get(INSTANCE) == Some(&name);
    let mut pods: Vec<_> = listed.into_iter().filter(is_of).collect();
    pods.sort_by_key(ResourceExt::name_any);
    Ok(pods)
}

async fn routes(client: &Client, cluster: &LiveCluster) -> Told<Document> {
    let (namespace, name) = (cluster.namespace().unwrap_or_default(), routes_name(&cluster.name_any()));
    let api = Api::<ConfigMap>::namespaced(client.clone(), &namespace);
    let what = format!("get ConfigMap {name} in namespace {namespace}");
    let map = api.get_opt(&name).await.map_err(|error| Failed::api(what)(error).to_string())?;
    let text = map.and_then(|map| map.data?.remove(KEY));
    let text = text.ok_or_else(|| format!("no routes yet: nothing in ConfigMap {name}"))?;
    let file =
        File::parse(&text).map_err(|error| format!("no routes that anybody reads, in ConfigMap {name}: {error}"))?;
    Ok(file.document)
}

async fn events(client: &Client, cluster: &LiveCluster) -> Told<Vec<Event>> {
    let name = cluster.name_any();
    let selector = format!("involvedObject.kind=LiveCluster,involvedObject.name={name}");
    let listed = list::<Event>(client, cluster, "events", ListParams::default().fields(&selector)).await?;
    let is_of = |event: &Event| {
        let about = &event.involved_object;
        about.kind.as_deref() == Some("LiveCluster") && about.name.as_ref() == Some(&name)
    };
    let mut events: Vec<_> = listed.into_iter().filter(is_of).collect();
    events.sort_by_key(|event| std::cmp::Reverse(when(event)));
    Ok(events)
}

/// When it happened last.
pub fn when(event: &Event) -> Option<k8s_openapi::jiff::Timestamp> {
    let series = event.series.as_ref().and_then(|series| series.last_observed_time.as_ref()).map(|time| time.0);
    let last = event.last_timestamp.as_ref().map(|time| time.0);
    series.or(last).or(event.event_time.as_ref().map(|time| time.0)).or(event
        .metadata
        .creation_timestamp
        .as_ref()
        .map(|time| time.0))
}

async fn list<K>(client: &Client, cluster: &LiveCluster, what: &str, params: ListParams) -> Told<Vec<K>>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
{
    let namespace = cluster.namespace().unwrap_or_default();
    let listed = Api::<K>::namespaced(client.clone(), &namespace).list(&params).await;
    let what = format!("list {what} in namespace {namespace}");
    listed.map(|list| list.items).map_err(|error| Failed::api(what)(error).to_string())
}

const NAME: &str = "app.kubernetes.io/name";
const INSTANCE: &str = "app.kubernetes.io/instance";
const COMPONENT: &str = "app.kubernetes.io/component";
