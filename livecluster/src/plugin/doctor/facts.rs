//! What the checks look at: asked for with the person's own rights, all at once.

use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::jiff::Timestamp;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client, Resource, ResourceExt};
use livecluster_operator::process::LEASE;
use serde::de::DeserializeOwned;

use super::super::failed::Failed;
use super::super::seen::{Seen, Told};

/// All that is looked at.
#[derive(Debug)]
pub struct Facts {
    /// The cluster and what belongs to it.
    pub seen: Seen,
    /// The definition of LiveCluster.
    pub definition: Told<CustomResourceDefinition>,
    /// That by which operators elect their leader, in the namespace that the status names; none if it names none.
    pub lease: Option<Told<Lease>>,
    /// The pod of the operator that holds the Lease; none if nobody holds it.
    pub leader: Option<Told<Pod>>,
    /// The Services of the cluster.
    pub services: Told<Vec<Service>>,
    /// Which pods they lead to.
    pub slices: Told<Vec<EndpointSlice>>,
    /// How many pods an eviction may take.
    pub budgets: Told<Vec<PodDisruptionBudget>>,
    /// Autoscalers of the namespace.
    pub autoscalers: Told<Vec<HorizontalPodAutoscaler>>,
    /// What the person may do.
    pub rights: Vec<(Right, Told<bool>)>,
    /// When it was looked.
    pub now: Timestamp,
}

/// Something that a person may do in a namespace, and for which commands it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// Such as `patch`.
    pub verb: &'static str,
    /// Of which group; empty: the core.
    pub group: &'static str,
    /// Such as `pods`.
    pub resource: &'static str,
    /// What can't be done without it.
    pub purpose: &'static str,
}

impl Facts {
    /// Asks for them.
    pub async fn of(client: &Client, seen: Seen, now: Timestamp) -> Self {
        let namespace = seen.cluster.namespace().unwrap_or_default();
        let at = Place { client, namespace: &namespace };
        let labels = ListParams::default().labels(&format!("app.kubernetes.io/instance={}", seen.cluster.name_any()));
        let all = ListParams::default();
        let operator = seen.cluster.status.as_ref().and_then(|status| status.operator.as_ref());
        let operator = operator.map(|by| by.namespace.clone());
        let (definition, (lease, leader), services, slices, budgets, autoscalers, rights) = futures::join!(
            definition(client),
            leader(client, operator.as_deref()),
            at.list("services", &labels),
            at.list("endpointslices", &labels),
            at.list("poddisruptionbudgets", &labels),
            at.list("horizontalpodautoscalers", &all),
            at.rights(),
        );
        Self { definition, lease, leader, services, slices, budgets, autoscalers, rights, now, seen }
    }
}

struct Place<'a> {
    client: &'a Client,
    namespace: &'a str,
}

impl Place<'_> {
    async fn list<K>(&self, what: &str, params: &ListParams) -> Told<Vec<K>>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
    {
        let listed = Api::<K>::namespaced(self.client.clone(), self.namespace).list(params).await;
        told(listed.map(|list| list.items), format!("list {what} in namespace {}", self.namespace))
    }

    async fn rights(&self) -> Vec<(Right, Told<bool>)> {
        let asked = RIGHTS.iter().map(|right| async move { (right.clone(), self.may(right).await) });
        futures::future::join_all(asked).await
    }

    async fn may(&self, right: &Right) -> Told<bool> {
        let attributes = ResourceAttributes {
            namespace: Some(self.namespace.to_owned()),
            verb: Some(right.verb.to_owned()),
            group: Some(right.group.to_owned()),
            resource: Some(right.resource.to_owned()),
            ..ResourceAttributes::default()
        };
        let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() };
        let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
        let answer =
            Api::<SelfSubjectAccessReview>::all(self.client.clone()).create(&PostParams::default(), &review).await;
        let answer = told(answer, "ask which rights you have".to_owned())?;
        Ok(answer.status.is_some_and(|status| status.allowed))
    }
}

async fn definition(client: &Client) -> Told<CustomResourceDefinition> {
    let got = Api::<CustomResourceDefinition>::all(client.clone()).get(DEFINITION).await;
    told(got, format!("get CustomResourceDefinition {DEFINITION}"))
}

/// The Lease of the operators, and the pod that it names.
async fn leader(client: &Client, namespace: Option<&str>) -> (Option<Told<Lease>>, Option<Told<Pod>>) {
    let Some(namespace) = namespace else { return (None, None) };
    let got = Api::<Lease>::namespaced(client.clone(), namespace).get(LEASE).await;
    let lease = told(got, format!("get Lease {LEASE} in namespace {namespace}"));
    let Some(pod) = lease.as_ref().ok().and_then(holder) else { return (Some(lease), None) };
    let got = Api::<Pod>::namespaced(client.clone(), namespace).get(&pod).await;
    (Some(lease), Some(told(got, format!("get pod {pod} in namespace {namespace}"))))
}

/// The pod of the operator that holds a Lease: its identity is the pod's name and what tells its process from others.
pub fn holder(lease: &Lease) -> Option<String> {
    let identity = lease.spec.as_ref()?.holder_identity.as_ref()?;
    let (pod, _) = identity.rsplit_once('_')?;
    Some(pod.to_owned())
}

fn told<T>(answer: Result<T, kube::Error>, what: String) -> Told<T> {
    answer.map_err(|error| Failed::api(what)(error).to_string())
}

/// The name of the definition.
const DEFINITION: &str = "liveclusters.livecluster.io";

/// What the commands need.
const RIGHTS: [Right; 4] = [
    Right { verb: "get", group: "livecluster.io", resource: "liveclusters", purpose: "any command" },
    Right { verb: "list", group: "", resource: "pods", purpose: "status and doctor" },
    Right { verb: "get", group: "", resource: "configmaps", purpose: "status, where and doctor" },
    Right { verb: "list", group: "", resource: "events", purpose: "the events that status shows" },
];
