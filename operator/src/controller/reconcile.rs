//! Brings one cluster to what is wanted of it: observe, desire, tell the keeper, apply, report.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube::runtime::controller::{self, Action};
use kube::runtime::events::{Event, Recorder, Reporter};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher;
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::json;
use tokio::time;

use super::apply::{Applied, Outcome};
use super::clusters::{Clusters, Handle, Id};
use super::error::Error;
use super::follow::{News, PodsOf};
use super::metrics::Counts;
use super::observe::{self, Observed};
use super::orphans::{self, Names};
use super::owner::{self, Owners};
use super::report::Report;
use super::rollout::{Plan, View};
use super::scaling::{self, Memory, Scaling, Seen};
use super::{Guarded, Settings, backoff, events, is_paused, lock, scale, turn, want};
use crate::desire::{Component, Facts, Objects, applications, desire, resolve};
use crate::keeper::Shown;
use crate::lease::Leadership;
use crate::resource::{LiveCluster, LiveClusterStatus, MetricSource, Resolved, ServedBy};

/// What reconciliations share. Nothing in it has to outlive this process.
pub(super) struct Context {
    client: Client,
    settings: Settings,
    leadership: Leadership,
    pods: PodsOf,
    clusters: Arc<Clusters>,
    counts: Counts,
    recorder: Recorder,
    all: Store<Guarded>,
    applied: Applied,
    /// For which wanted objects others were looked for last.
    swept: Mutex<HashMap<String, Names>>,
    failures: Mutex<HashMap<Id, u32>>,
    scaled: Mutex<HashMap<Id, Memory>>,
    owners: Owners,
    /// Which clusters people were told of that another release serves, and which one that is.
    told: Mutex<HashMap<Id, ServedBy>>,
}

/// What is known of a cluster when something is to be done about it.
struct Known {
    id: Id,
    uid: String,
    observed: Observed,
    handle: Option<Handle>,
    shown: Option<Shown>,
    resolved: Resolved,
    plan: Plan,
    scaling: Scaling,
    /// None as long as there is no Secret: pods would not start.
    objects: Option<Objects>,
    waits_for_turn: bool,
}

/// Reconciles, within a time.
pub(super) async fn run(cluster: Arc<Guarded>, context: Arc<Context>) -> Result<Action, Error> {
    let timer = context.counts.seconds.start_timer();
    let done = time::timeout(LIMIT, context.reconcile(&cluster)).await;
    timer.observe_duration();
    let action = done.unwrap_or(Err(Error::Slow(LIMIT.as_secs())))?;
    lock(&context.failures).remove(&Id::of(&*cluster));
    Ok(action)
}

/// When it is tried again.
pub(super) fn retry(cluster: Arc<Guarded>, error: &Error, context: Arc<Context>) -> Action {
    context.counts.errors.inc();
    let id = Id::of(&*cluster);
    tracing::warn!(namespace = id.namespace, name = id.name, %error, "not as it should be; it is tried again");
    let mut failures = lock(&context.failures);
    let count = failures.entry(id).or_default();
    *count = count.saturating_add(1);
    Action::requeue(backoff::delay(*count, chance()))
}

impl Context {
    pub fn new(
        client: Client,
        settings: Settings,
        pods: PodsOf,
        clusters: Arc<Clusters>,
        counts: Counts,
        all: Store<Guarded>,
    ) -> Self {
        let reporter = Reporter { controller: REPORTER.to_owned(), instance: Some(settings.name.to_string()) };
        Self {
            recorder: Recorder::new(client.clone(), reporter),
            client,
            settings,
            leadership: clusters.leadership().clone(),
            pods,
            clusters,
            counts,
            all,
            applied: Applied::default(),
            swept: Mutex::default(),
            failures: Mutex::default(),
            scaled: Mutex::default(),
            owners: Owners::default(),
            told: Mutex::default(),
        }
    }

    /// What became of a reconciliation: one of a cluster that is no more ends its keeper.
    pub fn note(&self, done: Result<(ObjectRef<Guarded>, Action), controller::Error<Error, watcher::Error>>) {
        match done {
            Err(controller::Error::ObjectNotFound(object)) => {
                let id = Id { namespace: object.namespace.unwrap_or_default(), name: object.name };
                self.end(&id);
            }
            Err(controller::Error::QueueError(error)) => {
                tracing::warn!(%error, "objects are not watched; it is tried again");
            }
            Err(controller::Error::ReconcilerFailed(..) | controller::Error::RunnerError(_)) | Ok(_) => {}
        }
    }

    fn end(&self, id: &Id) {
        lock(&self.failures).remove(id);
        lock(&self.scaled).remove(id);
        lock(&self.told).remove(id);
        self.counts.forget(id);
        if let Some(uid) = self.clusters.end(id) {
            tracing::info!(namespace = id.namespace, name = id.name, "served no more");
            self.applied.forget(&uid);
            lock(&self.swept).remove(&uid);
        }
    }

    async fn reconcile(&self, cluster: &Guarded) -> Result<Action, Error> {
        let cluster = cluster.0.as_ref().map_err(|invalid| Error::Invalid(invalid.error.clone()))?;
        if cluster.metadata.deletion_timestamp.is_some() {
            // Kubernetes takes away what belongs to it.
            return Ok(Action::await_change());
        }
        let now = time::Instant::now().into_std();
        if let Some(other) = self.owners.other(&self.client, cluster, &self.settings.own, now).await? {
            self.leave_to(other, cluster).await;
            return Ok(Action::requeue(owner::LOOK_AGAIN));
        }
        let known = self.look_at(cluster).await?;
        if let Some(handle) = &known.handle {
            let wishes = want::wishes(cluster, &known.observed, &known.plan);
            handle.want(wishes, applications(cluster)).await;
        }
        if !self.leads() {
            return Ok(Action::await_change());
        }
        let acted = self.act(cluster, &known).await;
        let reported = self.report(cluster, &known, acted.as_ref().err()).await;
        acted.and(reported)?;
        Ok(known.next_look())
    }

    /// Another release serves this cluster: it is left alone, and people are told once.
    async fn leave_to(&self, other: ServedBy, cluster: &LiveCluster) {
        let id = Id::of(cluster);
        self.end(&id);
        let event = events::served_by_another(owner::message(&other));
        let is_news = lock(&self.told).insert(id, other.clone()) != Some(other);
        if is_news && self.leads() {
            self.tell(&event, cluster).await;
        }
    }

    async fn look_at(&self, cluster: &LiveCluster) -> Result<Known, Error> {
        let (id, uid) = (Id::of(cluster), cluster.uid().unwrap_or_default());
        let release = &self.settings.release;
        let all = self.all.state();
        let all = all.iter().filter_map(|other| other.0.as_ref().ok());
        let may_update = turn::may_update(cluster, all, release);
        let facts = |link_checksum| Facts { link_checksum, may_update };
        let resolved = resolve(cluster, release, &facts(String::new()));
        let pods = self.pods.cluster(&id).await;
        let may_make = self.leads() && !is_paused(cluster);
        let observed = Observed::read(&self.client, cluster, &resolved.link_secret_name, pods, may_make).await?;
        let link = observed.link.as_ref().ok();
        let handle = self.clusters.serve(cluster, link).await?;
        let shown = handle.as_ref().map(Handle::shown);
        let plan = plan(cluster, &observed, shown.as_ref(), &resolved);
        let seen = Seen { cluster, resolved: &resolved, observed: &observed, shown: shown.as_ref() };
        let now = time::Instant::now().into_std();
        let scaling = lock(&self.scaled).entry(id.clone()).or_default().look(seen, now);
        let checksum = link.map(|link| link.checksum.clone()).or_else(|| observed.link_checksum());
        let objects = checksum.map(|checksum| {
            let objects = desire(cluster, &resolved, release, &facts(checksum));
            Objects { edge_replicas: scaling.edges.replicas, ..objects }
        });
        let waits_for_turn = !may_update && cluster.spec.image.is_none();
        Ok(Known { id, uid, observed, handle, shown, resolved, plan, scaling, objects, waits_for_turn })
    }

    /// Changes objects: all that can be, whatever becomes of one of them.
    async fn act(&self, cluster: &LiveCluster, known: &Known) -> Result<(), Error> {
        let mut result = known.missing();
        if is_paused(cluster) {
            return result;
        }
        let Some(objects) = &known.objects else { return result };
        scale::mark(&self.client, &known.id, &known.scaling.edges, || self.leads()).await?;
        let objects = objects.in_order()?;
        for object in &objects {
            if !self.leads() {
                return result;
            }
            if object.is_template_of_edges() && known.holds_edges() {
                continue;
            }
            match self.applied.apply(&self.client, &known.id.namespace, &known.uid, object).await {
                Ok(Outcome::Corrected) => {
                    let labels = [object.resource.kind.as_str(), object.manager];
                    self.counts.drift.with_label_values(&labels).inc();
                }
                Ok(Outcome::Same | Outcome::Changed) => {}
                Err(error) => result = result.and(Err(error)),
            }
        }
        self.sweep(known, orphans::names(&objects)).await?;
        self.replace(known).await?;
        if let Some(replicas) = known.scaling.write.filter(|_| self.leads()) {
            scale::ask(&self.client, cluster, replicas).await?;
        }
        result
    }

    /// Orphans appear when other objects are wanted, or were made by an earlier operator.
    async fn sweep(&self, known: &Known, wanted: Names) -> Result<(), Error> {
        if lock(&self.swept).get(&known.uid) == Some(&wanted) {
            return Ok(());
        }
        orphans::delete(&self.client, &known.id, &known.uid, &wanted, || self.leads()).await?;
        lock(&self.swept).insert(known.uid.clone(), wanted);
        Ok(())
    }

    /// Deletes the pod that a rollout replaces, and no other one of its name.
    async fn replace(&self, known: &Known) -> Result<(), Error> {
        let Some((name, uid)) = &known.plan.delete else { return Ok(()) };
        if !self.leads() {
            return Ok(());
        }
        let api = Api::<Pod>::namespaced(self.client.clone(), &known.id.namespace);
        let preconditions = Preconditions { uid: Some(uid.clone()), resource_version: None };
        let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
        match api.delete(name, &params).await {
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
            Err(error) => Err(Error::api(format!("Pod \"{name}\""))(error)),
            Ok(_) => Ok(()),
        }
    }

    /// Writes the status if it is another one, and tells what is new.
    async fn report(&self, cluster: &LiveCluster, known: &Known, problem: Option<&Error>) -> Result<(), Error> {
        let services = known.objects.as_ref().map(|objects| objects.services.as_slice()).unwrap_or_default();
        let report = Report {
            cluster,
            observed: &known.observed,
            shown: known.shown.as_ref(),
            plan: &known.plan,
            resolved: &known.resolved,
            scaling: &known.scaling,
            own: &self.settings.own,
            address: observe::address(&self.client, &known.id.namespace, services).await?,
            problem: problem.map(|error| (error.reason(), error.to_string())),
        };
        let status = report.status(Timestamp::now());
        self.counts.show(&known.id, &status, known.shown.as_ref());
        let news = known.handle.as_ref().map(Handle::take_news).unwrap_or_default();
        for (cause, streams) in news.iter().filter_map(News::moved) {
            self.counts.moved.with_label_values(&[cause]).inc_by(streams);
        }
        let events = events::of(cluster.status.as_ref(), &status, news);
        if cluster.status.as_ref() != Some(&status) && self.leads() {
            self.write(cluster, &status).await?;
        }
        for event in events {
            if self.leads() {
                self.tell(&event, cluster).await;
            }
        }
        Ok(())
    }

    async fn tell(&self, event: &Event, cluster: &LiveCluster) {
        if let Err(error) = self.recorder.publish(event, &cluster.object_ref(&())).await {
            tracing::debug!(%error, "event not written");
        }
    }

    async fn write(&self, cluster: &LiveCluster, status: &LiveClusterStatus) -> Result<(), Error> {
        let id = Id::of(cluster);
        let api = Api::<LiveCluster>::namespaced(self.client.clone(), &id.namespace);
        let patch = json!({
            "apiVersion": LiveCluster::api_version(&()),
            "kind": LiveCluster::kind(&()),
            "metadata": {"name": id.name, "uid": cluster.metadata.uid},
            "status": status,
        });
        let params = PatchParams::apply(STATUS_MANAGER).force();
        let written = api.patch_status(&id.name, &params, &Patch::Apply(patch)).await;
        written.map(drop).map_err(Error::api(format!("status of LiveCluster \"{}\"", id.name)))
    }

    fn leads(&self) -> bool {
        self.leadership.may_act(time::Instant::now().into_std())
    }
}

impl Known {
    /// What the cluster lacks to be made.
    fn missing(&self) -> Result<(), Error> {
        match &self.observed.link {
            Ok(_) => Ok(()),
            Err(Error::SecretMissing(name)) => Err(Error::SecretMissing(name.clone())),
            Err(Error::SecretUnusable { name, why }) => {
                Err(Error::SecretUnusable { name: name.clone(), why: why.clone() })
            }
            Err(error) => Err(Error::SecretUnread(error.to_string())),
        }
    }

    /// Edges that end still have their clients: a change must not make more and more of them.
    fn holds_edges(&self) -> bool {
        self.observed.edges.is_some() && self.observed.draining(Component::Edge) > self.resolved.edge.max_draining
    }

    /// If nothing happens: what goes on by time, and what is told by nobody.
    fn next_look(&self) -> Action {
        let drains = self.observed.draining(Component::Edge) > 0;
        let holds = self.scaling.held.is_some();
        let is_at_it = self.plan.rollout.is_some() || self.waits_for_turn || drains || holds;
        let autoscaling = self.resolved.edge.autoscaling.as_ref();
        let reckons = autoscaling.is_some_and(|settings| settings.source == MetricSource::Internal);
        Action::requeue(match (is_at_it, reckons) {
            (true, _) => SOON,
            (false, true) => scaling::PACE,
            (false, false) => RESYNC,
        })
    }
}

fn plan(cluster: &LiveCluster, observed: &Observed, shown: Option<&Shown>, resolved: &Resolved) -> Plan {
    let nothing = Shown::default();
    let rollout = cluster.status.as_ref().and_then(|status| status.rollout.clone());
    let view = View {
        origins: observed.origin_pods(shown.unwrap_or(&nothing)),
        revision: observed.revision(),
        rollout: rollout.filter(|rollout| want::is_wanted(cluster, &rollout.pod)),
        patience: Duration::from_secs(u64::try_from(resolved.origin.grace_seconds).unwrap_or_default()),
    };
    view.plan(Timestamp::now())
}

/// 0 to 1.
fn chance() -> f64 {
    crate::watch::random::<4>().map_or(1.0, |bytes| f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX))
}

/// How long a reconciliation may take.
const LIMIT: Duration = Duration::from_secs(60);

/// While something goes on.
const SOON: Duration = Duration::from_secs(5);

/// While nothing does.
const RESYNC: Duration = Duration::from_secs(600);

/// Who writes the status.
const STATUS_MANAGER: &str = "livecluster-operator-status";

/// Who tells events.
const REPORTER: &str = "livecluster.io/operator";
