//! Which edges go first when there are to be fewer. Pure.
//!
//! Kubernetes takes pods away by their deletion cost. So the emptiest edges are marked, once a decision; when the marks are
//! seen the Deployment is asked for fewer.

use std::cmp::Reverse;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;

use super::super::observe::{Observed, ends_at};
use super::super::pods;
use crate::desire::Component;
use crate::keeper::Shown;

/// What is looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Those that were not told to end.
    pub edges: Vec<EdgePod>,
    /// How many there should be in the end.
    pub wanted: i32,
    /// How many the Deployment asks for; none if there is no Deployment.
    pub current: Option<i32>,
    /// Edges are being replaced: Kubernetes would take those of the old template first, whoever is there.
    pub rolls: bool,
}

/// A pod of an edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgePod {
    /// Its name.
    pub name: String,
    /// Whether it is ready: Kubernetes takes one that is not before all others.
    pub ready: bool,
    /// Its clients; none if it can't be asked, which may be many.
    pub connections: Option<u64>,
    /// Whether it is marked to go first.
    pub marked: bool,
    /// When it was made.
    pub created: Option<Timestamp>,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// What the Deployment shall ask for.
    pub replicas: i32,
    /// Edges to mark.
    pub mark: Vec<String>,
    /// Edges that are marked and shall stay.
    pub unmark: Vec<String>,
}

impl View {
    /// Of what is seen.
    pub fn of(observed: &Observed, shown: Option<&Shown>, wanted: i32) -> Self {
        let living = observed.of(Component::Edge).filter(|pod| ends_at(pod).is_none());
        let edges = living.map(|pod| EdgePod::of(pod, shown)).collect();
        let deployment = observed.edges.as_ref();
        let current = deployment.and_then(|edges| edges.spec.replicas);
        Self { edges, wanted, current, rolls: deployment.is_some_and(rolls) }
    }

    /// The next step.
    pub fn plan(&self) -> Plan {
        let current = self.current.unwrap_or(self.wanted);
        let there = i32::try_from(self.edges.len()).unwrap_or(i32::MAX);
        if self.wanted >= current {
            // Until they are gone Kubernetes has to find the marks.
            let unmark = if there > self.wanted { Vec::new() } else { self.marked() };
            return Plan { replicas: self.wanted, mark: Vec::new(), unmark };
        }
        if self.rolls {
            return Plan { replicas: current, ..Plan::default() };
        }
        let (leaving, staying) = self.split(there.saturating_sub(self.wanted));
        let names = |edges: &[&EdgePod], marked| -> Vec<String> {
            edges.iter().filter(|edge| edge.marked == marked).map(|edge| edge.name.clone()).collect()
        };
        let mark = names(&leaving, false);
        let replicas = if mark.is_empty() { self.wanted } else { current };
        Plan { replicas, mark, unmark: names(&staying, true) }
    }

    /// So many that leave, and the rest. Those that were marked once stay so.
    fn split(&self, leaving: i32) -> (Vec<&EdgePod>, Vec<&EdgePod>) {
        let mut edges: Vec<_> = self.edges.iter().collect();
        edges.sort_by_key(|edge| {
            (edge.ready, !edge.marked, edge.connections.unwrap_or(u64::MAX), Reverse(edge.created), &edge.name)
        });
        let staying = edges.split_off(usize::try_from(leaving).unwrap_or_default().min(edges.len()));
        (edges, staying)
    }

    fn marked(&self) -> Vec<String> {
        self.edges.iter().filter(|edge| edge.marked).map(|edge| edge.name.clone()).collect()
    }
}

impl EdgePod {
    fn of(pod: &Pod, shown: Option<&Shown>) -> Self {
        let name = pod.name_any();
        Self {
            ready: pods::is_ready(pod),
            connections: shown.and_then(|shown| shown.connections.get(name.as_str()).copied()),
            marked: pod.annotations().get(DELETION_COST).is_some_and(|cost| cost == FIRST),
            created: pod.metadata.creation_timestamp.as_ref().map(|time| time.0),
            name,
        }
    }
}

/// Whether edges are being replaced by others of another template.
fn rolls(edges: &Deployment) -> bool {
    let status = edges.status.clone().unwrap_or_default();
    let (all, updated) = (status.replicas.unwrap_or_default(), status.updated_replicas.unwrap_or_default());
    status.observed_generation < edges.metadata.generation || updated < all
}

/// The annotation by which Kubernetes chooses which pods of a Deployment go first.
pub const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// Less than that of any pod without the annotation, which is 0.
pub const FIRST: &str = "-1000";

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(name: &str, connections: impl Into<Option<u64>>) -> EdgePod {
        let (name, connections) = (name.to_owned(), connections.into());
        EdgePod { name, ready: true, connections, marked: false, created: None }
    }

    fn marked(name: &str, connections: u64) -> EdgePod {
        EdgePod { marked: true, ..edge(name, connections) }
    }

    fn view(edges: &[EdgePod], wanted: i32, current: i32) -> View {
        View { edges: edges.to_vec(), wanted, current: Some(current), rolls: false }
    }

    fn plan(replicas: i32, mark: &[&str], unmark: &[&str]) -> Plan {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Plan { replicas, mark: names(mark), unmark: names(unmark) }
    }

    #[test]
    fn emptiest_edges_are_marked_before_there_are_fewer() {
        let edges = [edge("a", 5), edge("b", 1), edge("c", 9), edge("d", 3)];

        assert_eq!(view(&edges, 2, 4).plan(), plan(4, &["b", "d"], &[]));
    }

    #[test]
    fn there_are_fewer_once_the_marks_are_seen_whoever_came_meanwhile() {
        let edges = [edge("a", 5), marked("b", 70), edge("c", 9), edge("d", 3)];

        assert_eq!(view(&edges, 3, 4).plan(), plan(3, &[], &[]));
    }

    #[test]
    fn marks_stay_until_their_edges_are_gone() {
        let edges = [edge("a", 5), marked("b", 1)];

        assert_eq!(view(&edges, 1, 1).plan(), plan(1, &[], &[]));
    }

    #[test]
    fn edge_that_stays_after_all_is_marked_no_more() {
        let edges = [edge("a", 5), marked("b", 1), marked("c", 2)];

        assert_eq!(view(&edges, 3, 3).plan(), plan(3, &[], &["b", "c"]));
        assert_eq!(view(&edges, 4, 3).plan(), plan(4, &[], &["b", "c"]));
        assert_eq!(view(&edges, 2, 3).plan(), plan(2, &[], &["c"]));
    }

    #[test]
    fn edge_that_can_not_be_asked_is_not_taken_for_empty() {
        let edges = [edge("a", None), edge("b", 800)];

        assert_eq!(view(&edges, 1, 2).plan().mark, ["b"]);
    }

    #[test]
    fn edge_that_is_not_ready_goes_first_as_kubernetes_has_it() {
        let edges = [edge("a", 0), EdgePod { ready: false, ..edge("b", None) }, marked("c", 4)];

        assert_eq!(view(&edges, 2, 3).plan(), plan(3, &["b"], &["c"]));
    }

    #[test]
    fn youngest_of_equally_empty_edges_goes_first() {
        let at = |name, second| EdgePod { created: Timestamp::from_second(second).ok(), ..edge(name, 0) };

        assert_eq!(view(&[at("a", 1), at("b", 3), at("c", 2)], 2, 3).plan().mark, ["b"]);
    }

    #[test]
    fn number_of_edges_does_not_fall_while_they_are_replaced() {
        let edges = [edge("a", 5), edge("b", 1), edge("c", 9)];
        let rolling = View { rolls: true, ..view(&edges, 1, 3) };

        assert_eq!(rolling.plan(), plan(3, &[], &[]));
        assert_eq!(View { wanted: 5, ..rolling }.plan(), plan(5, &[], &[]));
    }

    #[test]
    fn first_deployment_has_what_is_wanted() {
        assert_eq!(View { current: None, ..view(&[], 2, 0) }.plan(), plan(2, &[], &[]));
    }
}
