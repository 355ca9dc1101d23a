//! The status of a cluster, from what is seen of it. Pure.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;

use livecluster_mrtmp::id::Name;

use super::observe::{Observed, ends_at};
use super::pods;
use super::rollout::Plan;
use super::scaling::{self, Scaling, Seen};
use crate::desire::{Component, selector};
use crate::keeper::Shown;
use crate::resource::{ConditionType, LiveCluster, LiveClusterStatus, PoolStatus, Resolved, RoutesStatus, ServedBy};

/// What a status is made from.
#[derive(Debug)]
pub struct Report<'a> {
    /// The resource, with its last status.
    pub cluster: &'a LiveCluster,
    /// What is seen.
    pub observed: &'a Observed,
    /// What the keeper of its document shows; none without one.
    pub shown: Option<&'a Shown>,
    /// The rollout.
    pub plan: &'a Plan,
    /// The settings that are in force.
    pub resolved: &'a Resolved,
    /// The number of edges.
    pub scaling: &'a Scaling,
    /// Who serves it.
    pub own: &'a ServedBy,
    /// Where clients connect.
    pub address: Option<String>,
    /// What went wrong: a word for programs, a sentence for people.
    pub problem: Option<(&'static str, String)>,
}

/// A condition before it has a time.
struct Finding {
    type_: ConditionType,
    status: bool,
    reason: &'static str,
    message: String,
}

impl Report<'_> {
    /// The status. A condition whose status stays keeps its time.
    pub fn status(&self, now: Timestamp) -> LiveClusterStatus {
        let conditions = self.findings().into_iter().map(|finding| self.condition(finding, now)).collect();
        let document = self.shown.and_then(|shown| shown.document.as_ref());
        LiveClusterStatus {
            observed_generation: self.cluster.metadata.generation,
            conditions,
            edge: Some(self.pool(Component::Edge)),
            origin: Some(self.pool(Component::Origin)),
            streams: self.shown.and_then(|shown| i64::try_from(shown.streams).ok()),
            viewers: self.shown.and_then(|shown| i64::try_from(shown.viewers?).ok()),
            routes: document
                .and_then(|document| Some(RoutesStatus { generation: i64::try_from(document.generation).ok()? })),
            address: self.address.clone(),
            resolved: Some(self.resolved.clone()),
            operator: Some(self.own.clone()),
            rollout: self.plan.rollout.clone(),
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let (origins, edges, routes) = (
            self.available(ConditionType::OriginsAvailable, Component::Origin),
            self.available(ConditionType::EdgesAvailable, Component::Edge),
            self.routes(),
        );
        let (progressing, degraded) = (self.progressing(), self.degraded());
        let missing = [
            (self.ready(Component::Origin) == 0).then(|| "no origin is ready".to_owned()),
            (self.ready(Component::Edge) == 0).then(|| "no edge is ready".to_owned()),
            (!routes.status).then(|| routes.message.clone()),
            // A cluster that never was is not ready for a reason.
            self.problem.as_ref().filter(|_| !routes.status).map(|(_, message)| message.clone()),
        ];
        let missing: Vec<_> = missing.into_iter().flatten().collect();
        let ready = Finding {
            type_: ConditionType::Ready,
            status: missing.is_empty(),
            reason: if missing.is_empty() { "Serving" } else { "NotServing" },
            message: if missing.is_empty() { "Clients can publish and watch".to_owned() } else { missing.join("; ") },
        };
        let mut findings = vec![ready, origins, edges, routes];
        findings.extend(self.autoscaling());
        findings.extend([progressing, degraded]);
        findings
    }

    fn available(&self, type_: ConditionType, component: Component) -> Finding {
        let (ready, wanted) = (self.ready(component), self.wanted(component));
        Finding {
            type_,
            status: ready >= wanted,
            reason: if ready >= wanted { "AllReady" } else { "NotAllReady" },
            message: format!("{ready} of {wanted} {}s are ready", component.as_str()),
        }
    }

    fn routes(&self) -> Finding {
        let (status, reason, message) = match self.shown {
            Some(Shown { failure: Some(failure), .. }) => (false, "NotWritten", failure.clone()),
            Some(Shown { behind, .. }) if !behind.is_empty() => (false, "ReadersBehind", behind_message(behind)),
            Some(Shown { document: Some(document), .. }) if !document.origins.is_empty() => {
                (true, "Published", format!("the route document names {} origins", document.origins.len()))
            }
            _ => (false, "NoOrigin", "no origin has joined yet".to_owned()),
        };
        Finding { type_: ConditionType::RoutesPublished, status, reason, message }
    }

    fn autoscaling(&self) -> Option<Finding> {
        let Self { cluster, resolved, observed, shown, .. } = *self;
        let seen = Seen { cluster, resolved, observed, shown };
        let (status, reason, message) = scaling::finding(seen, self.scaling)?;
        Some(Finding { type_: ConditionType::AutoscalingActive, status, reason, message })
    }

    fn progressing(&self) -> Finding {
        let rollout = self.plan.rollout.as_ref();
        let (status, reason, message) = match rollout {
            Some(rollout) => (true, "Rollout", format!("pod {} is being replaced ({:?})", rollout.pod, rollout.step)),
            None if self.is_settled() => (false, "Settled", "nothing changes".to_owned()),
            None => (true, "Scaling", "pods are being made, replaced or taken away".to_owned()),
        };
        Finding { type_: ConditionType::Progressing, status, reason, message }
    }

    fn degraded(&self) -> Finding {
        let stuck = self.plan.stuck.clone().map(|stuck| ("RolloutStuck", stuck));
        let (status, reason, message) = match self.problem.clone().or(stuck) {
            Some((reason, message)) => (true, reason, message),
            None => (false, "AsExpected", "nothing is wrong".to_owned()),
        };
        Finding { type_: ConditionType::Degraded, status, reason, message }
    }

    /// Whether all pods are there, and made from the newest template.
    fn is_settled(&self) -> bool {
        let counts = [Component::Origin, Component::Edge].map(|component| {
            let pods = self.living(component);
            i32::try_from(pods.len()) == Ok(self.wanted(component)) && pods.iter().all(|pod| pods::is_ready(pod))
        });
        let edges = self.observed.edges.as_ref();
        let is_current = edges.is_some_and(|edges| {
            let status = edges.status.clone().unwrap_or_default();
            let updated = status.updated_replicas.unwrap_or_default();
            status.observed_generation >= edges.metadata.generation && updated >= self.wanted(Component::Edge)
        });
        let pods = self.observed.of(Component::Origin);
        let revision = self.observed.revision();
        let hash = |pod: &Pod| pod.metadata.labels.as_ref()?.get("controller-revision-hash").cloned();
        let are_current = revision.is_some() && pods.into_iter().all(|pod| hash(pod) == revision);
        counts == [true, true] && is_current && are_current
    }

    fn pool(&self, component: Component) -> PoolStatus {
        let draining = self.observed.draining(component);
        let (ready, wanted) = (self.ready(component), self.wanted(component));
        PoolStatus {
            replicas: i32::try_from(self.living(component).len()).unwrap_or(i32::MAX),
            ready,
            summary: format!("{ready}/{wanted}"),
            draining: (draining > 0).then_some(draining),
            selector: selector(self.cluster, component),
        }
    }

    /// Those that were not told to end.
    fn living(&self, component: Component) -> Vec<&Pod> {
        self.observed.of(component).filter(|pod| ends_at(pod).is_none()).collect()
    }

    fn ready(&self, component: Component) -> i32 {
        let living = self.living(component);
        i32::try_from(living.iter().filter(|pod| pods::is_ready(pod)).count()).unwrap_or(i32::MAX)
    }

    fn wanted(&self, component: Component) -> i32 {
        match component {
            Component::Origin => self.cluster.spec.origin.replicas,
            Component::Edge => self.cluster.spec.edge.replicas,
        }
    }

    fn condition(&self, finding: Finding, now: Timestamp) -> Condition {
        let (type_, status) = (finding.type_.as_str(), if finding.status { "True" } else { "False" });
        let last = self.cluster.status.iter().flat_map(|status| &status.conditions);
        let last = last.into_iter().find(|last| last.type_ == type_ && last.status == status);
        let mut message = finding.message;
        message.truncate(message.floor_char_boundary(MAX_MESSAGE_LEN));
        Condition {
            type_: type_.to_owned(),
            status: status.to_owned(),
            reason: finding.reason.to_owned(),
            message,
            observed_generation: self.cluster.metadata.generation,
            last_transition_time: last.map_or(Time(now), |last| last.last_transition_time.clone()),
        }
    }
}

fn behind_message(behind: &BTreeSet<Name>) -> String {
    let names: Vec<_> = behind.iter().take(MAX_NAMED).map(|name| &**name).collect();
    let more = behind.len().saturating_sub(names.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more} have not read the route document of 10 s ago", names.join(", "))
}

/// Parts that a message names, at most.
const MAX_NAMED: usize = 5;

/// What an API server takes.
const MAX_MESSAGE_LEN: usize = 32_768;

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
