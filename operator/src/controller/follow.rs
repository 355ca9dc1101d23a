//! Follows what happens to a cluster, and tells its keeper and its controller.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::core::PartialObjectMeta;
use kube::runtime::WatchStreamExt;
use kube::runtime::reflector::{self, Store};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Resource, ResourceExt};
use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::State;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time;

use super::clusters::{Clusters, Id};
use super::lock;
use super::pods::Told;
use crate::desire::routes_name;
use crate::keeper::{Moved, Shown, Word};
use crate::routing::Part;
use crate::store::FIELD_MANAGER;

/// The pods of all clusters in the namespaces that are watched, as they were last seen.
#[derive(Debug, Clone)]
pub(super) struct PodsOf {
    store: Store<Pod>,
}

impl PodsOf {
    /// Those of one cluster. Waits until all have been listed once: one that was not listed yet is not gone.
    pub async fn cluster(&self, id: &Id) -> Vec<Arc<Pod>> {
        // Who writes into the store lives as long as the process.
        let _ = self.store.wait_until_ready().await;
        let is_of = |pod: &Pod| cluster_of(pod).is_some_and(|other| other == *id);
        let mut pods: Vec<_> = self.store.state().into_iter().filter(|pod| is_of(pod)).collect();
        pods.sort_by_key(|pod| pod.name_any());
        pods
    }
}

/// Where pods will be found, and who puts them there.
pub(super) fn pods() -> (PodsOf, reflector::store::Writer<Pod>) {
    let (store, writer) = reflector::store();
    (PodsOf { store }, writer)
}

/// Keeps the pods up to date, and tells who is concerned.
pub(super) async fn follow_pods(api: Api<Pod>, writer: reflector::store::Writer<Pod>, clusters: Arc<Clusters>) {
    let events = watcher(api, ours()).default_backoff().modify(|pod| pod.metadata.managed_fields = None);
    let mut events = events.reflect(writer).boxed();
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Apply(pod) | Event::Delete(pod)) => tell(&pod, |id| clusters.nudge(id)),
            Ok(Event::InitDone) => clusters.nudge_all(),
            Ok(Event::Init | Event::InitApply(_)) => {}
            Err(error) => tracing::warn!(%error, "pods are not watched; it is tried again"),
        }
    }
}

/// Tells keepers when somebody else may have changed their document.
pub(super) async fn follow_routes(api: Api<PartialObjectMeta<ConfigMap>>, clusters: Arc<Clusters>) {
    let mut events = watcher(api, ours()).default_backoff().boxed();
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Apply(map) | Event::InitApply(map)) if is_written_by_keeper(&map) => {}
            Ok(Event::Apply(map) | Event::InitApply(map) | Event::Delete(map)) => tell(&map, |id| {
                if map.name_any() == routes_name(&id.name) {
                    clusters.look(id);
                }
            }),
            Ok(Event::Init | Event::InitDone) => {}
            Err(error) => tracing::warn!(%error, "route documents are not watched; it is tried again"),
        }
    }
}

/// Whether the last hand at it was a keeper's, by the second.
fn is_written_by_keeper(map: &impl Resource) -> bool {
    let entries = map.meta().managed_fields.iter().flatten();
    let by = |ours: bool| {
        let of = entries.clone().filter(move |entry| (entry.manager.as_deref() == Some(FIELD_MANAGER)) == ours);
        of.filter_map(|entry| entry.time.as_ref().map(|time| time.0)).max()
    };
    by(true).is_some_and(|ours| by(false).is_none_or(|others| others < ours))
}

fn tell(object: &impl ResourceExt, tell: impl FnOnce(&Id)) {
    if let Some(id) = cluster_of(object) {
        tell(&id);
    }
}

fn cluster_of(object: &impl ResourceExt) -> Option<Id> {
    let name = object.labels().get("app.kubernetes.io/instance")?.clone();
    Some(Id { namespace: object.namespace()?, name })
}

/// What an operator made.
fn ours() -> watcher::Config {
    watcher::Config::default().labels("app.kubernetes.io/managed-by=livecluster-operator")
}

/// Something to look at.
#[derive(Debug, Default)]
pub(super) struct Nudge {
    notify: Notify,
    document: AtomicBool,
}

impl Nudge {
    /// At the pods.
    pub fn pods(&self) {
        self.notify.notify_one();
    }

    /// At the stored document.
    pub fn document(&self) {
        self.document.store(true, Ordering::Relaxed);
        self.notify.notify_one();
    }
}

/// What became of an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    Lost(Name),
    Runs(Name),
    /// So many streams were sent elsewhere.
    Moved(Moved, u64),
}

impl News {
    /// Why streams went elsewhere, and how many.
    pub fn moved(&self) -> Option<(&'static str, u64)> {
        match self {
            Self::Moved(moved, streams) => Some((moved.cause.as_str(), *streams)),
            Self::Lost(_) | Self::Runs(_) => None,
        }
    }
}

/// Follows one cluster.
#[derive(Debug)]
pub(super) struct Follower {
    pub id: Id,
    pub pods: PodsOf,
    pub nudge: Arc<Nudge>,
    pub words: mpsc::Sender<Word>,
    pub shown: watch::Receiver<Shown>,
    pub news: Arc<Mutex<Vec<News>>>,
    pub triggers: mpsc::Sender<Id>,
}

impl Follower {
    /// Until the keeper ends.
    pub async fn run(mut self) {
        let (mut told, mut seen) = (Told::default(), Seen::new());
        loop {
            let routed = routed(&self.shown.borrow_and_update());
            let pods = self.pods.cluster(&self.id).await;
            let mut words = told.handle(pods.iter().map(|pod| &**pod), &routed);
            if self.nudge.document.swap(false, Ordering::Relaxed) {
                words.push(Word::Look);
            }
            for word in words {
                self.note(&word);
                // Without a keeper this ends, too.
                let _ = self.words.send(word).await;
            }
            let Some(next) = self.next(&mut seen).await else { return };
            if next {
                // Who reconciles lives as long as the process.
                let _ = self.triggers.send(self.id.clone()).await;
            }
        }
    }

    /// Waits for something; whether the controller has to look. Counters wait for a while.
    async fn next(&mut self, seen: &mut Seen) -> Option<bool> {
        let counters_differ = seen.summary.counters != Summary::of(&self.shown.borrow()).counters;
        tokio::select! {
            () = self.nudge.notify.notified() => return Some(true),
            changed = self.shown.changed() => changed.ok()?,
            () = time::sleep_until(seen.counted + COUNTERS_PACE), if counters_differ => {
                *seen = Seen { summary: Summary::of(&self.shown.borrow()), counted: time::Instant::now() };
                return Some(true);
            }
        }
        let now = Summary::of(&self.shown.borrow());
        let is_new = now.differs(&seen.summary);
        if is_new {
            seen.summary = now;
        }
        Some(is_new)
    }

    fn note(&self, word: &Word) {
        let news = match word {
            Word::Gone(Part::Origin(name)) => News::Lost(name.clone()),
            Word::Runs(Part::Origin(name), _) => News::Runs(name.clone()),
            _ => return,
        };
        let mut all = lock(&self.news);
        // On a standby nobody takes them.
        if all.len() < MAX_NEWS {
            all.push(news);
        }
    }
}

fn routed(shown: &Shown) -> Vec<Name> {
    let origins = shown.document.iter().flat_map(|document| &document.origins);
    origins.map(|origin| origin.name.clone()).collect()
}

/// What the controller was told last, and when counters were the reason.
#[derive(Debug)]
struct Seen {
    summary: Summary,
    counted: time::Instant,
}

impl Seen {
    fn new() -> Self {
        Self { summary: Summary::default(), counted: time::Instant::now() }
    }
}

/// What a controller has to know of a keeper.
#[derive(Debug, Clone, PartialEq, Default)]
struct Summary {
    /// At once.
    origins: BTreeMap<Name, State>,
    drained: BTreeSet<Name>,
    behind: BTreeSet<Name>,
    failure: Option<String>,
    moved: u64,
    /// At some time.
    counters: (u64, usize, Option<u64>),
}

impl Summary {
    fn of(shown: &Shown) -> Self {
        let origins = shown.document.iter().flat_map(|document| &document.origins);
        let generation = shown.document.as_ref().map_or(0, |document| document.generation);
        Self {
            origins: origins.map(|origin| (origin.name.clone(), origin.state)).collect(),
            drained: shown.drained.clone(),
            behind: shown.behind.clone(),
            failure: shown.failure.clone(),
            moved: shown.moved.values().sum(),
            counters: (generation, shown.streams, shown.viewers),
        }
    }

    /// Whether the controller has to look at once.
    fn differs(&self, other: &Self) -> bool {
        let counters = other.counters;
        Self { counters, ..self.clone() } != *other
    }
}

/// How often counters in the status may change.
const COUNTERS_PACE: Duration = Duration::from_secs(30);

/// News that nobody took yet.
const MAX_NEWS: usize = 64;
