//! The replacement of origins, one at a time. Pure: what is seen comes in, the next step comes out.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use livecluster_mrtmp::id::Name;

use crate::resource::{Rollout, RolloutStep};

/// What one step looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// The pods of origins.
    pub origins: Vec<OriginPod>,
    /// The revision that pods shall have; none while the StatefulSet controller has not looked at the newest template.
    pub revision: Option<String>,
    /// How far it has come.
    pub rollout: Option<Rollout>,
    /// For how long an origin may drain before it is told to end.
    pub patience: Duration,
}

/// A pod of an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginPod {
    /// Its name.
    pub name: Name,
    /// Its uid.
    pub uid: String,
    /// The revision that it was made from.
    pub revision: String,
    /// Whether it is ready.
    pub ready: bool,
    /// When it should have ended, if it was told to.
    pub ends_at: Option<Timestamp>,
    /// Whether it takes nothing new and has nothing left.
    pub drained: bool,
    /// Streams that edges are sent to it for.
    pub streams: usize,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// How far it has come now.
    pub rollout: Option<Rollout>,
    /// The pod to delete, if it still has this uid.
    pub delete: Option<(Name, String)>,
    /// Why it does not go on, if a person has to look.
    pub stuck: Option<String>,
}

impl Plan {
    /// The origin whose streams leave.
    pub fn draining(&self) -> Option<&str> {
        self.rollout.as_ref().filter(|rollout| rollout.step != RolloutStep::Start).map(|rollout| rollout.pod.as_str())
    }
}

impl View {
    /// The next step.
    pub fn plan(&self, now: Timestamp) -> Plan {
        let Some(revision) = &self.revision else {
            return Plan { rollout: self.rollout.clone(), ..Plan::default() };
        };
        let mut plan = match &self.rollout {
            Some(rollout) => self.go_on(rollout, revision, now),
            None => Plan::default(),
        };
        if plan.rollout.is_none() {
            plan = self.begin(revision, now);
        }
        plan.stuck = self.stuck(&plan, now);
        plan
    }

    /// From where it is; nothing if it is done, or no longer wanted.
    fn go_on(&self, rollout: &Rollout, revision: &str, now: Timestamp) -> Plan {
        let pod = self.origins.iter().find(|pod| *pod.name == *rollout.pod);
        match pod {
            // Its new pod is not there yet.
            None => at(rollout, RolloutStep::Start, now),
            Some(pod) if pod.uid == rollout.uid => self.go_on_with_old(rollout, pod, revision, now),
            Some(pod) if pod.ready || pod.revision != revision => Plan::default(),
            Some(_) => at(rollout, RolloutStep::Start, now),
        }
    }

    fn go_on_with_old(&self, rollout: &Rollout, pod: &OriginPod, revision: &str, now: Timestamp) -> Plan {
        if pod.is_lost(now) {
            // Kubernetes deletes no pod of a node that does not answer: the others don't wait for it.
            return Plan::default();
        }
        if pod.ends_at.is_some() {
            return at(rollout, RolloutStep::Start, now);
        }
        if pod.revision == revision {
            // What was asked for was taken back.
            return Plan::default();
        }
        let rollout = Rollout { revision: revision.to_owned(), ..rollout.clone() };
        let is_over = age(&rollout.since, now) >= self.patience;
        if rollout.step == RolloutStep::Drain && pod.ready && !pod.drained && !is_over {
            return at(&rollout, RolloutStep::Drain, now);
        }
        delete(at(&rollout, RolloutStep::Delete, now), pod)
    }

    /// With a pod of another revision: one that isn't ready at once, another one if all the others are.
    fn begin(&self, revision: &str, now: Timestamp) -> Plan {
        let mut outdated: Vec<_> = self.origins.iter().filter(|pod| pod.revision != revision).collect();
        outdated.retain(|pod| pod.ends_at.is_none());
        outdated.sort_by_key(|pod| (pod.ready, pod.streams, &pod.name));
        let Some(pod) = outdated.first() else { return Plan::default() };
        let rest: Vec<_> = self.origins.iter().filter(|other| other.name != pod.name && !other.is_lost(now)).collect();
        if pod.ready && !rest.iter().all(|other| other.ready && other.ends_at.is_none()) {
            return Plan::default();
        }
        // Without another one there is nowhere to drain to.
        let drains = pod.ready && !rest.is_empty();
        let rollout = Rollout {
            pod: pod.name.to_string(),
            uid: pod.uid.clone(),
            revision: revision.to_owned(),
            step: if drains { RolloutStep::Drain } else { RolloutStep::Delete },
            since: Time(now),
        };
        let plan = Plan { rollout: Some(rollout), ..Plan::default() };
        if drains { plan } else { delete(plan, pod) }
    }

    fn stuck(&self, plan: &Plan, now: Timestamp) -> Option<String> {
        if let Some(pod) = self.origins.iter().find(|pod| pod.is_lost(now)) {
            return Some(format!(
                "pod {} does not end; if its node is lost, taint the node: kubectl taint nodes NODE \
                 node.kubernetes.io/out-of-service=nodeshutdown:NoExecute",
                pod.name
            ));
        }
        let rollout = plan.rollout.as_ref()?;
        let is_late = rollout.step == RolloutStep::Start && age(&rollout.since, now) >= START_LIMIT;
        is_late.then(|| format!("pod {} of the new revision does not become ready", rollout.pod))
    }
}

impl OriginPod {
    /// It was told to end, and should have long ago.
    fn is_lost(&self, now: Timestamp) -> bool {
        self.ends_at.is_some_and(|at| now.duration_since(at).as_secs() >= LOST_SECONDS)
    }
}

fn at(rollout: &Rollout, step: RolloutStep, now: Timestamp) -> Plan {
    let since = if rollout.step == step { rollout.since.clone() } else { Time(now) };
    Plan { rollout: Some(Rollout { step, since, ..rollout.clone() }), ..Plan::default() }
}

fn delete(plan: Plan, pod: &OriginPod) -> Plan {
    Plan { delete: Some((pod.name.clone(), pod.uid.clone())), ..plan }
}

fn age(since: &Time, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since.0)).unwrap_or_default()
}

/// After its grace period kubelet ends a pod in a moment; one that is there so much later has a node that is lost.
const LOST_SECONDS: i64 = 30;

/// Pulling an image takes its time.
const START_LIMIT: Duration = Duration::from_secs(300);

#[cfg(test)]
#[path = "rollout_tests.rs"]
mod tests;
