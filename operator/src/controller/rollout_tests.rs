//! Tests of the steps of a rollout.

use super::*;

fn now() -> Timestamp {
    "2026-01-01T00:10:00Z".parse().expect("a time")
}

fn pod(name: &str, revision: &str, ready: bool) -> OriginPod {
    OriginPod {
        name: name.into(),
        uid: format!("{name}-{revision}"),
        revision: revision.to_owned(),
        ready,
        ends_at: None,
        drained: false,
        streams: 0,
    }
}

fn step(pod: &OriginPod, step: RolloutStep, seconds_ago: i64) -> Rollout {
    let since = Timestamp::from_second(now().as_second() - seconds_ago).expect("a time");
    Rollout { pod: pod.name.to_string(), uid: pod.uid.clone(), revision: "new".to_owned(), step, since: Time(since) }
}

fn view(origins: Vec<OriginPod>, rollout: Option<Rollout>) -> View {
    View { origins, revision: Some("new".to_owned()), rollout, patience: Duration::from_secs(60) }
}

/// What a plan is about, in short.
fn short(view: &View) -> String {
    let plan = view.plan(now());
    let step =
        plan.rollout.as_ref().map_or_else(|| "-".to_owned(), |rollout| format!("{:?} {}", rollout.step, rollout.pod));
    let deletes = plan.delete.as_ref().map_or_else(String::new, |(_, uid)| format!(", deletes {uid}"));
    format!("{step}{deletes}")
}

#[test]
fn rollout_goes_one_origin_at_a_time_and_the_emptiest_first() {
    let full = |name: &str| OriginPod { streams: 5, ..pod(name, "old", true) };
    let empty = pod("o-1", "old", true);
    let drained = OriginPod { drained: true, ..empty.clone() };
    let ending = OriginPod { ends_at: Some(now()), ..empty.clone() };
    let cases = [
        (vec![full("o-0"), empty.clone()], None, "Drain o-1"),
        (vec![full("o-0"), empty.clone()], Some(step(&empty, RolloutStep::Drain, 5)), "Drain o-1"),
        (vec![full("o-0"), drained.clone()], Some(step(&empty, RolloutStep::Drain, 5)), "Delete o-1, deletes o-1-old"),
        (vec![full("o-0"), empty.clone()], Some(step(&empty, RolloutStep::Drain, 60)), "Delete o-1, deletes o-1-old"),
        (vec![full("o-0"), ending], Some(step(&empty, RolloutStep::Delete, 1)), "Start o-1"),
        (vec![full("o-0")], Some(step(&empty, RolloutStep::Start, 1)), "Start o-1"),
        (vec![full("o-0"), pod("o-1", "new", false)], Some(step(&empty, RolloutStep::Start, 1)), "Start o-1"),
        (vec![full("o-0"), pod("o-1", "new", true)], Some(step(&empty, RolloutStep::Start, 1)), "Drain o-0"),
        (vec![pod("o-0", "new", true), pod("o-1", "new", true)], Some(step(&empty, RolloutStep::Start, 1)), "-"),
    ];
    for (origins, rollout, expected) in cases {
        let view = view(origins, rollout);
        assert_eq!(short(&view), expected, "{view:?}");
    }
}

#[test]
fn pod_that_is_not_ready_is_replaced_first_and_without_drain() {
    let bad = pod("o-1", "bad", false);
    let with_bad = || vec![pod("o-0", "old", true), bad.clone()];

    assert_eq!(short(&view(with_bad(), None)), "Delete o-1, deletes o-1-bad");
    let was_starting = step(&pod("o-1", "old", true), RolloutStep::Start, 1);
    assert_eq!(short(&view(with_bad(), Some(was_starting))), "Delete o-1, deletes o-1-bad");
    let lost_readiness = step(&bad, RolloutStep::Drain, 1);
    assert_eq!(short(&view(with_bad(), Some(lost_readiness))), "Delete o-1, deletes o-1-bad");
}

#[test]
fn ready_pod_waits_while_another_one_is_away() {
    let starting = pod("o-1", "new", false);
    let ending = OriginPod { ends_at: Some(now()), ..pod("o-1", "old", true) };

    for other in [starting, ending] {
        assert_eq!(short(&view(vec![pod("o-0", "old", true), other], None)), "-");
    }
}

#[test]
fn only_origin_is_replaced_without_drain() {
    assert_eq!(short(&view(vec![pod("o-0", "old", true)], None)), "Delete o-0, deletes o-0-old");
}

#[test]
fn change_that_is_taken_back_ends_the_drain() {
    let back = pod("o-0", "new", true);

    let view = view(vec![back.clone(), pod("o-1", "new", true)], Some(step(&back, RolloutStep::Drain, 1)));

    assert_eq!(short(&view), "-");
}

#[test]
fn revisions_are_not_judged_before_the_stateful_set_was_looked_at() {
    let old = pod("o-0", "old", true);
    let rollout = step(&old, RolloutStep::Drain, 1000);

    let view = View { revision: None, ..view(vec![old, pod("o-1", "old", false)], Some(rollout.clone())) };

    assert_eq!(view.plan(now()), Plan { rollout: Some(rollout), ..Plan::default() });
}

#[test]
fn pod_that_does_not_end_on_a_lost_node_does_not_hold_up_the_rest() {
    let long_ago = "2026-01-01T00:05:00Z".parse().expect("a time");
    let lost = OriginPod { ends_at: Some(long_ago), ..pod("o-1", "old", false) };
    let rollout = step(&lost, RolloutStep::Start, 300);

    let view = view(vec![pod("o-0", "old", true), lost, pod("o-2", "old", true)], Some(rollout));

    assert_eq!(short(&view), "Drain o-0");
    let stuck = view.plan(now()).stuck.expect("says so");
    assert!(stuck.contains("o-1") && stuck.contains("out-of-service"), "{stuck}");
}

#[test]
fn rollout_whose_new_pod_does_not_become_ready_stops_and_says_so() {
    let rollout = step(&pod("o-1", "old", true), RolloutStep::Start, 301);

    let view = view(vec![pod("o-0", "old", true), pod("o-1", "new", false)], Some(rollout));

    assert_eq!(short(&view), "Start o-1");
    assert_eq!(view.plan(now()).stuck.as_deref(), Some("pod o-1 of the new revision does not become ready"));
}
