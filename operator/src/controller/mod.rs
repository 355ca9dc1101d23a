//! The controller: makes of each LiveCluster what is asked for, keeps its routes, and says what it sees.
//!
//! Every operator runs it. One that stands by watches and keeps its links, and writes nothing: not an object, not a status,
//! not an event.

mod apply;
mod backoff;
mod clusters;
mod error;
mod events;
mod follow;
mod link;
mod metrics;
mod observe;
mod orphans;
mod owner;
mod pods;
mod reach;
mod reconcile;
mod report;
mod rollout;
mod scale;
mod scaling;
mod turn;
mod want;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use futures::{Stream, StreamExt, stream};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::runtime::controller::{self, Controller};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::reflector::store::Writer;
use kube::runtime::watcher;
use kube::{Api, Client, Resource, ResourceExt};
use livecluster_mrtmp::id::Name;
use livecluster_node::metrics::Metrics;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::desire::Release;
use crate::lease::{Ending, Leadership};
use crate::process::Acting;
use crate::resource::{LiveCluster, PAUSED, ServedBy};
use clusters::{Clusters, Id};
pub use error::Error;
use follow::PodsOf;
use metrics::Counts;
use reconcile::Context;

/// What a controller is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// This process's own name: parts know its links by it, and events say who tells.
    pub name: Name,
    /// The namespaces whose LiveClusters are served; none: all.
    pub namespaces: Vec<String>,
    /// What the status of its clusters says of it.
    pub own: ServedBy,
    /// What comes with this release.
    pub release: Release,
}

/// What a controller counts.
pub(crate) fn describe(metrics: &Metrics) {
    Counts::new(metrics);
}

/// What is watched: it may be something that can't be understood.
type Guarded = DeserializeGuard<LiveCluster>;

/// Serves LiveClusters until it is told to end, or until another process had better lead.
pub async fn run(client: Client, settings: Settings, mut acting: Acting) -> Ending {
    let counts = Counts::new(&acting.metrics);
    let namespaces: Vec<_> = match settings.namespaces.as_slice() {
        [] => vec![None],
        namespaces => namespaces.iter().cloned().map(Some).collect(),
    };
    let scope = |namespace| Scope::new(client.clone(), namespace, &settings, acting.leadership.clone());
    let scopes: Vec<_> = namespaces.into_iter().map(scope).collect();
    let served: Vec<_> = scopes.iter().map(|scope| Arc::clone(&scope.clusters)).collect();
    let leadership = acting.leadership.clone();
    let (end, ended) = watch::channel(false);
    let serve = |scope: Scope| scope.serve(settings.clone(), counts.clone(), ended.clone());
    let serving = join_all(scopes.into_iter().map(serve));
    let ending = async {
        let ending = tokio::select! {
            () = acting.stopped() => Ending::Done,
            () = reach::fell_short(&served, &leadership, &counts) => Ending::Blind,
        };
        end.send_replace(true);
        ending
    };
    futures::join!(serving, ending).1
}

/// A namespace, or all of them.
struct Scope {
    client: Client,
    namespace: Option<String>,
    clusters: Arc<Clusters>,
    pods: PodsOf,
    writer: Writer<Pod>,
    triggers: mpsc::Receiver<Id>,
}

impl Scope {
    fn new(client: Client, namespace: Option<String>, settings: &Settings, leadership: Leadership) -> Self {
        let (trigger, triggers) = mpsc::channel(MAX_TRIGGERS);
        let (pods, writer) = follow::pods();
        let clusters = Clusters::new(client.clone(), settings.name.clone(), leadership, pods.clone(), trigger);
        Self { client, namespace, clusters: Arc::new(clusters), pods, writer, triggers }
    }

    /// Serves its clusters until `ended`.
    async fn serve(self, settings: Settings, counts: Counts, ended: watch::Receiver<bool>) {
        let controller = self.controller(ended);
        let (seen_pods, seen_routes) = (self.api(), self.api());
        let Self { client, clusters, pods, writer, triggers, .. } = self;
        // They end with this function.
        let mut tasks = JoinSet::new();
        tasks.spawn(follow::follow_pods(seen_pods, writer, Arc::clone(&clusters)));
        tasks.spawn(follow::follow_routes(seen_routes, Arc::clone(&clusters)));
        let controller = controller.reconcile_on(all(triggers));
        let context = Context::new(client, settings, pods, clusters, counts, controller.store());
        let context = Arc::new(context);
        let reconciled = controller.run(reconcile::run, reconcile::retry, Arc::clone(&context));
        reconciled.for_each(|done| async { context.note(done) }).await;
    }

    fn controller(&self, mut ended: watch::Receiver<bool>) -> Controller<Guarded> {
        let owned = || watcher::Config::default().labels("app.kubernetes.io/managed-by=livecluster-operator");
        let config = controller::Config::default().debounce(DEBOUNCE).concurrency(CONCURRENCY);
        Controller::new(self.api::<Guarded>(), watcher::Config::default())
            .with_config(config)
            .owns(self.api::<StatefulSet>(), owned())
            .owns(self.api::<Deployment>(), owned())
            .owns(self.api::<PartialObjectMeta<Service>>(), owned())
            .owns(self.api::<HorizontalPodAutoscaler>(), owned())
            .reconcile_all_on(turns(self.clusters.leadership().clone()))
            .graceful_shutdown_on(async move {
                // Whoever says so lives as long as this controller.
                let _ = ended.wait_for(|ended| *ended).await;
            })
    }

    fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        match &self.namespace {
            Some(namespace) => Api::namespaced(self.client.clone(), namespace),
            None => Api::all(self.client.clone()),
        }
    }
}

/// The clusters that a channel names.
fn all(receiver: mpsc::Receiver<Id>) -> impl Stream<Item = ObjectRef<Guarded>> + Send {
    let ids = stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) });
    ids.map(|id| ObjectRef::new(&id.name).within(&id.namespace))
}

/// Once, when this process begins to lead: a lead that ends ends the process.
fn turns(mut leadership: Leadership) -> impl Stream<Item = ()> + Send {
    stream::once(async move { leadership.begun().await })
}

/// Whether nothing of a cluster shall be changed now.
fn is_paused(cluster: &LiveCluster) -> bool {
    cluster.annotations().get(PAUSED).is_some_and(|paused| paused == "true")
}

/// How long things are gathered before a cluster is looked at.
const DEBOUNCE: Duration = Duration::from_millis(200);

/// Clusters that are looked at at a time.
const CONCURRENCY: u16 = 8;

/// Clusters to look at; beyond that, their followers wait.
const MAX_TRIGGERS: usize = 1024;

/// What is behind these locks is whole between any two statements, also after a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
