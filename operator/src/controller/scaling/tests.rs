//! Tests of what follows from a whole cluster.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::*;
use crate::desire::{Facts, Release, resolve};
use crate::resource::LiveClusterSpec;

/// A cluster and what is seen of it, to be changed by a case.
struct Site {
    cluster: LiveCluster,
    observed: Observed,
    shown: Shown,
    memory: Memory,
    start: Instant,
}

impl Site {
    /// As many edges as asked for, and so many connections at each.
    fn new(source: &str, connections: &[u64]) -> Self {
        let rules =
            json!({"stabilizationWindowSeconds": 0, "policies": [{"type": "Pods", "value": 100, "periodSeconds": 1}]});
        let autoscaling = json!({
            "maxReplicas": 20, "connectionsPerEdge": 100, "source": source, "behavior": {"scaleUp": rules, "scaleDown": rules},
        });
        let mut spec = LiveClusterSpec::default();
        spec.edge.replicas = i32::try_from(connections.len()).expect("few");
        spec.edge.autoscaling = Some(serde_json::from_value(autoscaling).expect("settings"));
        let names = (0..connections.len()).map(|edge| format!("demo-edge-{edge}"));
        let edges = json!({
            "metadata": {"name": "demo-edge", "generation": 1}, "spec": {"replicas": spec.edge.replicas, "selector": {}, "template": {}},
            "status": {"observedGeneration": 1, "replicas": spec.edge.replicas, "updatedReplicas": spec.edge.replicas},
        });
        let pods = names.clone().map(|name| Arc::new(pod(&name))).collect();
        let edges = serde_json::from_value(edges).expect("a Deployment");
        let told = names.map(|name| name.as_str().into()).zip(connections.iter().copied()).collect();
        Self {
            cluster: LiveCluster::new("demo", spec),
            observed: Observed { pods, edges: Some(edges), ..Observed::nothing() },
            shown: Shown { connections: told, ..Shown::default() },
            memory: Memory::default(),
            start: Instant::now(),
        }
    }

    fn at(&mut self, second: u64) -> Scaling {
        let resolved = self.resolved();
        let Self { cluster, observed, shown, memory, start } = self;
        let seen = Seen { cluster, resolved: &resolved, observed, shown: Some(shown) };
        memory.look(seen, *start + Duration::from_secs(second))
    }

    fn finding(&self, scaling: &Scaling) -> Option<(bool, &'static str, String)> {
        let Self { cluster, observed, shown, .. } = self;
        finding(Seen { cluster, resolved: &self.resolved(), observed, shown: Some(shown) }, scaling)
    }

    fn resolved(&self) -> Resolved {
        let release = Release { version: "1".to_owned(), image: "i".to_owned(), network_policy: None };
        let facts = Facts { link_checksum: String::new(), may_update: true };
        resolve(&self.cluster, &release, &facts)
    }

    /// Somebody writes the number.
    fn ask(&mut self, replicas: i32, manager: &str) {
        self.cluster.spec.edge.replicas = replicas;
        let entry = json!({
            "manager": manager, "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:spec": {"f:edge": {"f:replicas": {}}}},
        });
        self.cluster.metadata.managed_fields = Some(vec![serde_json::from_value(entry).expect("an entry")]);
    }

    /// A HorizontalPodAutoscaler says what it wants.
    fn set_autoscaler(&mut self, wanted: i32, active: &str, message: &str) {
        let condition = json!({"type": "ScalingActive", "status": active, "message": message});
        let status = json!({"desiredReplicas": wanted, "conditions": [condition]});
        self.observed.autoscaler = Some(autoscaler("demo-edge", "LiveCluster", "demo", &status));
    }
}

fn autoscaler(name: &str, kind: &str, target: &str, status: &Value) -> HorizontalPodAutoscaler {
    let spec = json!({"scaleTargetRef": {"kind": kind, "name": target}, "maxReplicas": 5});
    serde_json::from_value(json!({"metadata": {"name": name}, "spec": spec, "status": status})).expect("an autoscaler")
}

fn pod(name: &str) -> Pod {
    let pod = json!({
        "metadata": {"name": name, "labels": {"app.kubernetes.io/component": "edge"}},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    });
    serde_json::from_value(pod).expect("a pod")
}

#[test]
fn operators_own_autoscaler_asks_for_more_and_for_fewer() {
    let mut site = Site::new("Internal", &[100, 100, 100]);
    assert_eq!(site.at(0).write, None);

    site.shown.connections.insert("demo-edge-0".into(), 250);
    assert_eq!([site.at(1).write, site.at(15).write], [None, Some(5)]);

    site.shown.connections.insert("demo-edge-0".into(), 1);
    site.shown.connections.insert("demo-edge-1".into(), 2);
    assert_eq!([site.at(16).write, site.at(30).write], [Some(5), Some(2)]);
}

#[test]
fn emptiest_edge_goes_when_the_autoscaler_has_asked_for_fewer() {
    let mut site = Site::new("Internal", &[90, 5, 80]);
    assert_eq!(site.at(0).write, Some(2));

    site.ask(2, "livecluster-operator-autoscaler");

    assert_eq!(site.at(1).edges, Plan { replicas: 3, mark: vec!["demo-edge-1".to_owned()], unmark: Vec::new() });
}

#[test]
fn manifest_that_names_the_number_again_costs_no_edge() {
    for source in ["Internal", "External"] {
        let mut site = Site::new(source, &[100, 100, 100, 100]);
        site.set_autoscaler(4, "True", "");
        site.at(0);

        site.ask(2, "kubectl-client-side-apply");
        let held = site.at(1);

        assert_eq!((held.edges.replicas, held.edges.mark.len()), (4, 0), "{source}");
        assert_eq!(held.held.as_deref(), Some("kubectl-client-side-apply"), "{source}");
        let (works, reason, message) = site.finding(&held).expect("something to say");
        assert!(works && reason == "ReplicasHeld", "{message}");
        assert!(message.starts_with("kubectl-client-side-apply asked for 2 edges"), "{message}");
    }
}

#[test]
fn number_that_nobody_corrects_within_a_minute_is_obeyed() {
    let mut site = Site::new("External", &[0, 0, 0, 0]);
    site.set_autoscaler(4, "False", "no metrics");
    site.at(0);
    site.ask(3, "kubectl");

    let marked = |scaling: Scaling| scaling.edges.mark.len();

    assert_eq!([1, 60, 61, 62].map(|second| marked(site.at(second))), [0, 0, 1, 1]);
}

#[test]
fn what_kubernetes_autoscaler_writes_is_obeyed_at_once() {
    let mut site = Site::new("External", &[50, 0, 50]);
    // It writes the number first, and its own status later.
    site.set_autoscaler(3, "True", "");
    site.at(0);

    site.ask(2, "kube-controller-manager");

    assert_eq!(site.at(1).edges.mark, ["demo-edge-1"]);
}

#[test]
fn what_is_to_be_said_of_the_autoscaler() {
    let said = |site: &mut Site| {
        let scaling = site.at(0);
        site.finding(&scaling).map(|(works, reason, _)| (works, reason))
    };
    let mut site = Site::new("Internal", &[1, 1]);
    assert_eq!(said(&mut site), Some((true, "Internal")));
    site.shown.connections.clear();
    site.memory = Memory::default();
    assert_eq!(said(&mut site), Some((false, "NoEdgeAnswers")));

    let mut site = Site::new("External", &[1, 1]);
    assert_eq!(said(&mut site), Some((false, "Pending")));
    site.set_autoscaler(2, "False", "unable to get metric");
    assert_eq!(said(&mut site), Some((false, "NoMetrics")));
    site.set_autoscaler(2, "True", "");
    assert_eq!(said(&mut site), Some((true, "External")));

    site.observed.other_autoscalers = vec![autoscaler("mine", "LiveCluster", "demo", &Value::Null)];
    assert_eq!(said(&mut site), Some((false, "OtherAutoscaler")));
    site.cluster.spec.edge.autoscaling = None;
    assert_eq!(said(&mut site), None);
    site.observed.other_autoscalers = vec![autoscaler("mine", "Deployment", "demo-edge", &Value::Null)];
    assert_eq!(said(&mut site), Some((false, "OtherAutoscaler")));
}
