//! What the checks find when one thing is changed.

use livecluster_test_api::Server;

use super::super::doctor::{Facts, Findings};
use super::super::reach::Which;
use super::*;

/// What is found beyond what is wrong with the fixed state.
async fn found_after(change: impl FnOnce(&mut Facts)) -> Vec<String> {
    let server = Server::default();
    let at = state::media(&server).await;
    let seen = at.see(&Which::default()).await.expect("it is there");
    let mut facts = Facts::of(at.client(), seen, state::now()).await;
    let before = Findings::of(&facts).wrong();
    change(&mut facts);
    let mut found = Findings::of(&facts).wrong();
    found.retain(|finding| !before.contains(finding));
    found
}

#[tokio::test]
async fn leader_that_is_silent_or_gone_is_a_failure() {
    let silent = found_after(|facts| facts.now = "2026-11-02T12:05:00Z".parse().expect("a time")).await;
    let none = found_after(|facts| {
        let lease = facts.lease.as_mut().and_then(|lease| lease.as_mut().ok()).expect("a lease");
        lease.spec.as_mut().expect("a spec").holder_identity = Some(String::new());
    });

    let name = "livecluster-7d9f-x2x";
    assert_eq!(silent, [format!("FAIL leader: {name} has not renewed its lease for 302 s: nothing is decided")]);
    assert_eq!(none.await, ["FAIL leader: no operator leads: nothing is decided, and what runs goes on"]);
}

#[tokio::test]
async fn what_may_not_be_seen_is_told_and_is_no_failure() {
    let found = found_after(|facts| facts.seen.pods = Err("you may not list pods".to_owned())).await;

    assert_eq!(found, ["WARN pods: not checked: you may not list pods"]);
}

#[tokio::test]
async fn routes_without_an_active_origin_are_a_failure() {
    let found = found_after(|facts| facts.seen.routes.as_mut().expect("routes").origins.clear()).await;

    assert_eq!(found, ["FAIL routes: no origin is active: no new stream can be published"]);
}

#[tokio::test]
async fn service_without_pods_that_are_ready_is_a_failure() {
    let found = found_after(|facts| facts.slices = Ok(Vec::new())).await;

    assert_eq!(found, ["FAIL services: demo-edge leads to no pod that is ready"]);
}

#[tokio::test]
async fn definition_of_another_release_is_told() {
    let found = found_after(|facts| {
        let versions = &mut facts.definition.as_mut().expect("a definition").spec.versions;
        versions.iter_mut().for_each(|version| version.schema = None);
    });

    let found = found.await;
    assert!(found.iter().any(|finding| finding.starts_with("WARN definition: it is another one")), "{found:?}");
}
