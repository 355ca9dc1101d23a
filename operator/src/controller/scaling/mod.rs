//! How many edges there shall be: what the resource asks for, which an autoscaler may write, and who goes first. Pure.

mod autoscaler;
mod emptiest;
mod finding;
mod hold;

use std::time::{Duration, Instant};

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kube::ResourceExt;

use super::observe::{Observed, ends_at};
use super::pods;
use crate::desire::Component;
use crate::keeper::Shown;
use crate::resource::{LiveCluster, MetricSource, Resolved, ResolvedAutoscaling};
use autoscaler::{Advice, Autoscaler, Sample};
use emptiest::View;
pub use emptiest::{DELETION_COST, FIRST, Plan};
pub use finding::finding;
use hold::{Asked, Hold};

/// What is remembered of a cluster. A process that begins knows nothing, and changes the number of edges the later for it.
#[derive(Debug, Default)]
pub struct Memory {
    autoscaler: Autoscaler,
    /// What the operator's own autoscaler said last, and when.
    advised: Option<(Instant, Advice)>,
    /// What the resource asked for last.
    asked: Option<i32>,
    hold: Option<Hold>,
}

/// What is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The resource.
    pub cluster: &'a LiveCluster,
    /// Its settings.
    pub resolved: &'a Resolved,
    /// Its objects.
    pub observed: &'a Observed,
    /// What its keeper shows.
    pub shown: Option<&'a Shown>,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scaling {
    /// How many edges there shall be just now, and who goes first.
    pub edges: Plan,
    /// What the operator's own autoscaler wants the resource to ask for, if that is something else.
    pub write: Option<i32>,
    /// Who asked for fewer edges than the autoscaler wants, if that is not obeyed yet.
    pub held: Option<String>,
    /// The operator is the autoscaler, and no edge can be asked.
    pub unknown: bool,
}

impl Memory {
    /// Looks at a cluster. `now` never goes back.
    pub fn look(&mut self, seen: Seen<'_>, now: Instant) -> Scaling {
        let asked = seen.cluster.spec.edge.replicas;
        let Some(settings) = &seen.resolved.edge.autoscaling else {
            *self = Self::default();
            return Scaling { edges: seen.plan(asked), ..Scaling::default() };
        };
        let (write, unknown) = match settings.source {
            MetricSource::Internal => self.reckon(seen, settings, now),
            MetricSource::Auto | MetricSource::External => (None, false),
        };
        let held = self.hold(seen, settings, now);
        let wanted = if held.is_some() { seen.current() } else { asked };
        Scaling { edges: seen.plan(wanted), write, held, unknown }
    }

    /// What the operator's own autoscaler wants to have written, and whether it knows nothing.
    fn reckon(&mut self, seen: Seen<'_>, settings: &ResolvedAutoscaling, now: Instant) -> (Option<i32>, bool) {
        let asked = seen.cluster.spec.edge.replicas;
        if let Some(before) = self.asked.replace(asked) {
            self.autoscaler.note(now, before, asked);
        }
        let recent = self.advised.filter(|(at, _)| now.duration_since(*at) < PACE).map(|(_, advice)| advice);
        let advice = recent.unwrap_or_else(|| self.autoscaler.advise(now, &seen.sample(), settings));
        if recent.is_none() {
            self.advised = Some((now, advice));
        }
        match advice {
            Advice::Unknown => (None, true),
            Advice::Replicas(advised) => ((advised != asked).then_some(advised), false),
        }
    }

    /// Who asked for fewer edges than the autoscaler wants.
    fn hold(&mut self, seen: Seen<'_>, settings: &ResolvedAutoscaling, now: Instant) -> Option<String> {
        let replicas = seen.cluster.spec.edge.replicas;
        let entries = seen.cluster.metadata.managed_fields.as_deref().unwrap_or_default();
        let manager = hold::manager(entries).and_then(|entry| entry.manager.as_deref()).unwrap_or("somebody");
        let is_external = settings.source != MetricSource::Internal;
        let advised = match is_external {
            // It writes the number first, and what it wants after it.
            true if manager == HPA_MANAGER => Some(replicas),
            true => seen.observed.autoscaler.as_ref().and_then(wanted_by),
            false => self.advised.and_then(|(_, advice)| advice.replicas()),
        };
        let asked = Asked { replicas, current: seen.current(), advised };
        self.hold = asked.hold(self.hold, now);
        self.hold.is_some_and(|hold| hold.is_in_force(now)).then(|| manager.to_owned())
    }
}

impl Seen<'_> {
    /// How many the Deployment asks for.
    fn current(&self) -> i32 {
        let edges = self.observed.edges.as_ref().and_then(|edges| edges.spec.replicas);
        edges.unwrap_or(self.cluster.spec.edge.replicas)
    }

    fn plan(&self, wanted: i32) -> Plan {
        View::of(self.observed, self.shown, wanted).plan()
    }

    /// The edges that were not told to end, and their connections. One that is not ready yet is empty, whoever says so.
    fn sample(&self) -> Sample {
        let living = self.observed.of(Component::Edge).filter(|pod| ends_at(pod).is_none() && pods::is_ready(pod));
        let told = |name: &str| self.shown.and_then(|shown| shown.connections.get(name).copied());
        let told: Vec<_> = living.map(|pod| told(&pod.name_any())).collect();
        let known = told.iter().flatten();
        let count = |edges: usize| i32::try_from(edges).unwrap_or(i32::MAX);
        Sample {
            replicas: self.cluster.spec.edge.replicas,
            connections: known.clone().sum(),
            known: count(known.clone().count()),
            unknown: count(told.len() - known.count()),
        }
    }
}

/// How many edges a HorizontalPodAutoscaler wants; none before it has reckoned.
fn wanted_by(autoscaler: &HorizontalPodAutoscaler) -> Option<i32> {
    let wanted = autoscaler.status.as_ref()?.desired_replicas;
    (wanted > 0).then_some(wanted)
}

/// From one advice to the next, as Kubernetes' own autoscaler has it.
pub const PACE: Duration = Duration::from_secs(15);

/// Whose writes are those of a HorizontalPodAutoscaler.
const HPA_MANAGER: &str = "kube-controller-manager";

#[cfg(test)]
mod tests;
