//! Tests of what pods tell.

use serde_json::{Value, json};

use super::*;

fn pod(name: &str, uid: &str, component: &str, ready: bool, state: Value, container: &str) -> Pod {
    let status = json!({"name": component, "containerID": container, "ready": ready, "state": state, "image": "",
        "imageID": "", "restartCount": 0});
    let pod = json!({
        "metadata": {"name": name, "uid": uid, "labels": {"app.kubernetes.io/component": component}},
        "spec": {"containers": [{"name": component, "ports": [{"name": "link", "containerPort": 1950}]}]},
        "status": {
            "phase": "Running", "podIP": "10.0.0.1", "containerStatuses": [status],
            "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}],
        },
    });
    serde_json::from_value(pod).expect("a pod")
}

fn origin(uid: &str, state: Value, container: &str) -> Pod {
    pod("o-0", uid, "origin", true, state, container)
}

fn running() -> Value {
    json!({"running": {}})
}

fn said(words: &[Word]) -> Vec<String> {
    let text = |word: &Word| match word {
        Word::Runs(part, address) => format!("runs {} {address}", part.name()),
        Word::Unready(part) => format!("unready {}", part.name()),
        Word::Gone(part) => format!("gone {}", part.name()),
        other => panic!("{other:?}"),
    };
    words.iter().map(text).collect()
}

#[test]
fn process_is_gone_when_its_pod_is_deleted_or_its_container_ends_or_is_another() {
    let ended = json!({"terminated": {"exitCode": 137}});
    let waits = json!({"waiting": {"reason": "CrashLoopBackOff"}});
    let again = vec!["gone o-0", "runs o-0 10.0.0.1:1950"];
    let cases = [
        (vec![], vec!["gone o-0"]),
        (vec![origin("a", ended, "c1")], vec!["gone o-0"]),
        (vec![origin("a", waits, "c1")], vec!["gone o-0"]),
        (vec![origin("a", running(), "c2")], again.clone()),
        (vec![origin("b", running(), "c3")], again),
        (vec![origin("a", running(), "c1")], vec![]),
    ];
    for (pods, expected) in cases {
        let mut told = Told::default();
        assert_eq!(said(&told.handle(&[origin("a", running(), "c1")], &[])), ["runs o-0 10.0.0.1:1950"]);

        assert_eq!(said(&told.handle(&pods, &[])), expected);
        assert_eq!(said(&told.handle(&pods, &[])), Vec::<String>::new(), "told once");
    }
}

#[test]
fn silence_and_unreadiness_are_not_gone() {
    let mut told = Told::default();
    told.handle(&[origin("a", running(), "c1")], &[]);
    let mut silent = origin("a", running(), "c1");
    silent.status.as_mut().expect("a status").container_statuses = None;
    silent.metadata.deletion_timestamp = serde_json::from_value(json!("2026-01-01T00:00:00Z")).expect("a time");

    assert_eq!(said(&told.handle(&[silent], &[])), Vec::<String>::new());
    let unready = pod("o-0", "a", "origin", false, running(), "c1");
    assert_eq!(said(&told.handle(&[unready], &[])), Vec::<String>::new());
}

#[test]
fn edge_counts_while_it_is_ready_and_runs_until_it_is_gone() {
    let edge = |ready| pod("e-0", "a", "edge", ready, running(), "c1");
    let mut told = Told::default();

    assert_eq!(said(&told.handle(&[edge(false)], &[])), Vec::<String>::new());
    assert_eq!(said(&told.handle(&[edge(true)], &[])), ["runs e-0 10.0.0.1:1950"]);
    assert_eq!(said(&told.handle(&[edge(false)], &[])), ["unready e-0"]);
    assert_eq!(said(&told.handle(&[edge(false)], &[])), Vec::<String>::new());
    assert_eq!(said(&told.handle(&[edge(true)], &[])), ["runs e-0 10.0.0.1:1950"]);
    let restarted = pod("e-0", "a", "edge", false, running(), "c2");
    assert_eq!(said(&told.handle(&[restarted], &[])), ["gone e-0"]);
    assert_eq!(said(&told.handle(&[edge(true)], &[])), ["runs e-0 10.0.0.1:1950"]);
    assert_eq!(said(&told.handle(&[], &[])), ["gone e-0"]);
}

#[test]
fn origin_of_the_document_without_a_pod_is_gone() {
    let mut told = Told::default();
    let routed = [Name::from("o-0"), Name::from("o-1")];

    assert_eq!(said(&told.handle(&[origin("a", running(), "c1")], &routed)), ["gone o-1", "runs o-0 10.0.0.1:1950"]);
    assert_eq!(said(&told.handle(&[origin("a", running(), "c1")], &routed)), Vec::<String>::new());
}

#[test]
fn nothing_is_remembered_of_parts_that_are_gone_for_good() {
    let mut told = Told::default();
    told.handle(&[origin("a", running(), "c1"), pod("e-0", "b", "edge", true, running(), "c2")], &[]);

    told.handle(&[], &[]);
    told.handle(&[], &[]);

    assert_eq!((told.running.len(), told.gone.len()), (0, 0));
}
