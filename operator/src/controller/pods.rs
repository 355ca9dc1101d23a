//! What becomes of the processes of a cluster, as its pods tell it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::ResourceExt;
use livecluster_mrtmp::id::Name;

use crate::desire::Component;
use crate::keeper::Word;
use crate::routing::Part;

/// What a keeper was told of a cluster's processes.
#[derive(Debug, Default)]
pub struct Told {
    running: BTreeMap<Part, Process>,
    /// Edges that run, as far as is known, and are not ready.
    unready: BTreeSet<Part>,
    /// Parts that were told to be gone and have not come back.
    gone: BTreeSet<Part>,
}

/// A process that runs, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Process {
    /// Of its pod.
    uid: String,
    container: String,
    address: SocketAddr,
}

/// What a pod tells.
enum State {
    Runs(Process),
    /// Its container has ended, or waits to be started again.
    Ended,
    /// An edge that is not ready: it does not count, but is not gone.
    Unready(Process),
    /// Nothing that counts: not started, or nobody reports.
    Unknown,
}

impl Told {
    /// What is new. `pods` are all of the cluster; `routed` are the origins of its document: one without a pod is gone.
    /// A pod that is not ready, or whose node is silent, is not.
    pub fn handle<'a>(&mut self, pods: impl IntoIterator<Item = &'a Pod>, routed: &[Name]) -> Vec<Word> {
        let seen: BTreeMap<_, _> = pods.into_iter().filter_map(|pod| Some((part(pod)?, pod))).collect();
        let routed: BTreeSet<_> = routed.iter().cloned().map(Part::Origin).collect();
        // Of what has no pod and is routed no more nothing needs to be remembered.
        self.gone.retain(|part| seen.contains_key(part) || routed.contains(part));
        let known: BTreeSet<_> = self.running.keys().chain(&routed).cloned().collect();
        let absent: Vec<_> = known.into_iter().filter(|part| !seen.contains_key(part)).collect();
        let mut words: Vec<_> = absent.into_iter().filter_map(|part| self.end(part)).collect();
        for (part, pod) in seen {
            words.extend(self.look_at(part, pod));
        }
        words
    }

    fn look_at(&mut self, part: Part, pod: &Pod) -> Vec<Word> {
        let mut words = Vec::new();
        let (state, uid) = (state(&part, pod), pod.uid().unwrap_or_default());
        let known = self.running.get(&part);
        let is_other = known.is_some_and(|known| match &state {
            State::Runs(process) | State::Unready(process) => process.container != known.container,
            State::Ended => true,
            State::Unknown => known.uid != uid,
        });
        if is_other {
            words.extend(self.end(part.clone()));
        }
        if matches!(state, State::Unready(_)) && self.running.contains_key(&part) && self.unready.insert(part.clone()) {
            words.push(Word::Unready(part.clone()));
        }
        if let State::Runs(process) = state
            && (self.unready.remove(&part) || self.running.get(&part) != Some(&process))
        {
            words.push(Word::Runs(part.clone(), process.address));
            self.gone.remove(&part);
            self.running.insert(part, process);
        }
        words
    }

    fn end(&mut self, part: Part) -> Option<Word> {
        self.running.remove(&part);
        self.unready.remove(&part);
        self.gone.insert(part.clone()).then_some(Word::Gone(part))
    }
}

/// Which part a pod is.
fn part(pod: &Pod) -> Option<Part> {
    let name = Name::from(pod.name_any());
    let component = pod.labels().get("app.kubernetes.io/component")?;
    if component == Component::Origin.as_str() {
        Some(Part::Origin(name))
    } else {
        (component == Component::Edge.as_str()).then_some(Part::Edge(name))
    }
}

/// An edge counts once it is ready.
fn state(part: &Part, pod: &Pod) -> State {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    if matches!(phase, Some("Failed" | "Succeeded")) {
        return State::Ended;
    }
    let Some(status) = container(part, pod) else { return State::Unknown };
    let Some(state) = &status.state else { return State::Unknown };
    if state.running.is_none() {
        return State::Ended;
    }
    let process = Process {
        uid: pod.uid().unwrap_or_default(),
        container: status.container_id.clone().unwrap_or_default(),
        address: match address(pod) {
            Some(address) => address,
            None => return State::Unknown,
        },
    };
    if matches!(part, Part::Edge(_)) && !is_ready(pod) { State::Unready(process) } else { State::Runs(process) }
}

fn container<'a>(part: &Part, pod: &'a Pod) -> Option<&'a ContainerStatus> {
    let name = match part {
        Part::Origin(_) => Component::Origin.as_str(),
        Part::Edge(_) => Component::Edge.as_str(),
    };
    let mut statuses = pod.status.as_ref()?.container_statuses.as_ref()?.iter();
    statuses.find(|status| status.name == name)
}

/// Where a pod takes links.
pub fn address(pod: &Pod) -> Option<SocketAddr> {
    let ip: IpAddr = pod.status.as_ref()?.pod_ip.as_ref()?.parse().ok()?;
    let containers = pod.spec.as_ref()?.containers.iter();
    let mut ports = containers.flat_map(|container| container.ports.iter().flatten());
    let port = ports.find(|port| port.name.as_deref() == Some("link"))?.container_port;
    Some(SocketAddr::new(ip, u16::try_from(port).ok()?))
}

/// Whether a pod is ready.
pub fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

#[cfg(test)]
#[path = "pods_tests.rs"]
mod tests;
