//! Tests of the status.

use std::path::Path;
use std::sync::Arc;

use kube::ResourceExt;
use livecluster_mrtmp::route::{Document, Origin, State};
use serde_json::{Value, json};

use super::*;
use crate::desire::{Facts, Release, resolve};
use crate::resource::{LiveClusterSpec, PAUSED, Rollout, RolloutStep};

#[path = "../../tests/golden/mod.rs"]
mod golden;

/// What is seen, to be changed by a case.
struct Seen {
    cluster: LiveCluster,
    observed: Observed,
    shown: Option<Shown>,
    plan: Plan,
    problem: Option<(&'static str, String)>,
}

impl Seen {
    /// A cluster in which all is well.
    fn well() -> Self {
        let pods = ["origin-0", "origin-1", "edge-a", "edge-b"].map(|name| Arc::new(pod(name, true)));
        let origins = json!({
            "metadata": {"generation": 1}, "spec": {"selector": {}, "template": {}},
            "status": {"observedGeneration": 1, "updateRevision": "r", "replicas": 2},
        });
        let edges = json!({
            "metadata": {"generation": 1}, "spec": {"selector": {}, "template": {}},
            "status": {"observedGeneration": 1, "updatedReplicas": 2},
        });
        let observed = Observed {
            pods: pods.to_vec(),
            origins: Some(serde_json::from_value(origins).expect("a StatefulSet")),
            edges: Some(serde_json::from_value(edges).expect("a Deployment")),
            ..Observed::nothing()
        };
        let origin = Origin { name: "origin-0".into(), address: "10.0.0.1:1950".to_owned(), state: State::Active };
        let document = Document { generation: 7, origins: vec![origin], ..Document::default() };
        let mut cluster = LiveCluster::new("demo", LiveClusterSpec::default());
        cluster.metadata.generation = Some(3);
        let shown = Some(Shown { document: Some(document), ..Shown::default() });
        Self { cluster, observed, shown, plan: Plan::default(), problem: None }
    }

    fn status(&self, now: &str) -> LiveClusterStatus {
        let release = Release { version: "1".to_owned(), image: "livecluster:1".to_owned(), network_policy: None };
        let facts = Facts { link_checksum: String::new(), may_update: true };
        let report = Report {
            cluster: &self.cluster,
            observed: &self.observed,
            shown: self.shown.as_ref(),
            plan: &self.plan,
            resolved: &resolve(&self.cluster, &release, &facts),
            scaling: &Scaling::default(),
            own: &ServedBy::default(),
            address: None,
            problem: self.problem.clone(),
        };
        report.status(now.parse().expect("a time"))
    }

    fn pause(&mut self) {
        self.cluster.annotations_mut().insert(PAUSED.to_owned(), "true".to_owned());
    }

    fn short(&self) -> Vec<String> {
        let conditions = self.status(NOW).conditions;
        let is_unusual = |condition: &&Condition| {
            let is_good_if_false = matches!(condition.type_.as_str(), "Progressing" | "Degraded");
            (condition.status == "True") == is_good_if_false
        };
        let unusual = conditions.iter().filter(is_unusual);
        unusual.map(|condition| format!("{}: {}", condition.type_, condition.reason)).collect()
    }
}

fn pod(name: &str, ready: bool) -> Pod {
    let component = name.split('-').next().unwrap_or_default();
    let pod = json!({
        "metadata": {"name": name, "labels": {"app.kubernetes.io/component": component, "controller-revision-hash": "r"}},
        "status": {"conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}]},
    });
    serde_json::from_value(pod).expect("a pod")
}

/// A rollout that has begun.
fn rollout() -> Rollout {
    Rollout {
        pod: "origin-0".to_owned(),
        uid: String::new(),
        revision: String::new(),
        step: RolloutStep::Drain,
        since: Time(NOW.parse().expect("a time")),
    }
}

const NOW: &str = "2026-01-01T00:00:00Z";

#[test]
fn conditions_say_what_is_unusual() {
    let unready = |index: usize, name: &'static str| {
        move |seen: &mut Seen| seen.observed.pods[index] = Arc::new(pod(name, false))
    };
    type Change = Box<dyn Fn(&mut Seen)>;
    let cases: Vec<(Change, &[&str])> = vec![
        (Box::new(|_| {}), &[]),
        (Box::new(unready(0, "origin-0")), &["OriginsAvailable: NotAllReady", "Progressing: Scaling"]),
        (Box::new(unready(2, "edge-a")), &["EdgesAvailable: NotAllReady", "Progressing: Scaling"]),
        (
            Box::new(|seen| seen.observed.pods.clear()),
            &[
                "Ready: NotServing",
                "OriginsAvailable: NotAllReady",
                "EdgesAvailable: NotAllReady",
                "Progressing: Scaling",
            ],
        ),
        (Box::new(|seen| seen.shown = None), &["Ready: NotServing", "RoutesPublished: NoOrigin"]),
        (
            Box::new(|seen| seen.shown.as_mut().expect("shown").behind = ["edge-a".into()].into()),
            &["Ready: NotServing", "RoutesPublished: ReadersBehind"],
        ),
        (
            Box::new(|seen| seen.shown.as_mut().expect("shown").failure = Some("refused".to_owned())),
            &["Ready: NotServing", "RoutesPublished: NotWritten"],
        ),
        (Box::new(|seen| seen.plan.rollout = Some(rollout())), &["Progressing: Rollout"]),
        (Box::new(|seen| seen.plan.stuck = Some("stuck".to_owned())), &["Degraded: RolloutStuck"]),
        (Box::new(|seen| seen.problem = Some(("ForeignObject", "not ours".to_owned()))), &["Degraded: ForeignObject"]),
    ];
    for (change, expected) in cases {
        let mut seen = Seen::well();
        change(&mut seen);
        assert_eq!(seen.short(), expected);
    }
}

#[test]
fn time_of_a_condition_changes_with_its_status_only() {
    let mut seen = Seen::well();
    seen.cluster.status = Some(seen.status(NOW));
    assert_eq!(seen.cluster.status.as_ref(), Some(&seen.status("2026-01-02T00:00:00Z")), "nothing is written");

    seen.problem = Some(("ForeignObject", "not ours".to_owned()));
    let later = seen.status("2026-01-02T00:00:00Z");

    let time = |type_: &str| {
        let condition = later.conditions.iter().find(|condition| condition.type_ == type_).expect("there");
        condition.last_transition_time.0.to_string()
    };
    assert_eq!(time("Ready"), NOW);
    assert_eq!(time("Degraded"), "2026-01-02T00:00:00Z");
}

#[test]
fn pods_that_end_are_counted_apart() {
    let mut seen = Seen::well();
    let mut ending = pod("origin-1", true);
    ending.metadata.deletion_timestamp = Some(Time(NOW.parse().expect("a time")));
    seen.observed.pods[1] = Arc::new(ending);

    let origins = seen.status(NOW).origin.expect("a pool");

    assert_eq!((origins.replicas, origins.ready, origins.draining), (1, 1, Some(1)));
    assert_eq!(origins.summary, "1/2");
}

/// What an operator writes, for the health check of Argo CD: tests/monitoring/health.lua says what it makes of each.
#[test]
fn statuses_that_health_is_told_from() {
    let mut all = serde_json::Map::new();
    for (what, change) in states() {
        let mut seen = Seen::well();
        change(&mut seen);
        let LiveClusterStatus { observed_generation, conditions, .. } = seen.status(NOW);
        let cluster = json!({
            "metadata": {"generation": 3, "annotations": seen.cluster.annotations()},
            "status": {"observedGeneration": observed_generation, "conditions": conditions},
        });
        all.insert(what.to_owned(), cluster);
    }
    let new = json!({"metadata": {"generation": 1}, "status": crate::resource::initial_status()});
    all.insert("nobody has looked at it".to_owned(), new);

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/monitoring/statuses.lua");
    let text = format!("{HEAD}return {}\n", lua(&json!(all), 0));
    golden::check(&file, &text, "UPDATE_GOLDEN=1 cargo test --package livecluster-operator --lib statuses");
}

/// A name, and what differs from a cluster in which all is well.
type Case = (&'static str, fn(&mut Seen));

fn states() -> [Case; 11] {
    [
        ("all is well", |_| {}),
        ("an edge starts", |seen| seen.observed.pods[2] = Arc::new(pod("edge-a", false))),
        ("no pod is there", |seen| seen.observed.pods.clear()),
        ("an origin is replaced", |seen| seen.plan.rollout = Some(rollout())),
        ("a rollout is stuck", |seen| seen.plan.stuck = Some("origin-0 does not become ready".to_owned())),
        ("an object is somebody else's", |seen| seen.problem = Some(not_ours())),
        ("routes can't be written", |seen| seen.shown.as_mut().expect("shown").failure = Some("refused".to_owned())),
        ("it is paused", |seen| seen.pause()),
        ("it is paused without pods", |seen| {
            seen.pause();
            seen.observed.pods.clear();
        }),
        ("it is paused and something is wrong", |seen| {
            seen.pause();
            seen.problem = Some(not_ours());
        }),
        ("it was changed since", |seen| seen.cluster.metadata.generation = Some(2)),
    ]
}

fn not_ours() -> (&'static str, String) {
    ("ForeignObject", "\"demo\" is not ours".to_owned())
}

/// A value as Lua writes it.
fn lua(value: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth + 1);
    let table = |members: Vec<String>| match members.is_empty() {
        true => "{}".to_owned(),
        false => format!("{{\n{indent}{},\n{}}}", members.join(&format!(",\n{indent}")), "  ".repeat(depth)),
    };
    match value {
        Value::Null => "nil".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
        Value::Array(all) => table(all.iter().map(|one| lua(one, depth + 1)).collect()),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| format!("[{}] = {}", json!(name), lua(value, depth + 1));
            table(members.iter().map(member).collect())
        }
    }
}

const HEAD: &str = "\
-- LiveClusters as an operator leaves them. Made by:
--   UPDATE_GOLDEN=1 cargo test --package livecluster-operator --lib statuses
";
