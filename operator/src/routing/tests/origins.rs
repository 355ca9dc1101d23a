//! Tests: who is in the document, and in which state.

use super::super::Wait;
use super::*;

use State::{Active, Draining, Joining};

#[test]
fn all_origins_of_a_cluster_that_starts_are_active() {
    let cluster = Cluster::started(&["o0", "o1"]);

    assert_eq!(cluster.origins(), [("o0", Active), ("o1", Active)]);
}

#[test]
fn lost_origin_leaves_at_once() {
    let mut cluster = Cluster::started(&["o0", "o1"]);
    let before = cluster.generation();

    cluster.gone("o0");
    cluster.step();

    assert_eq!(cluster.origins(), [("o1", Active)]);
    assert!(cluster.generation() > before);
}

#[test]
fn last_active_origin_stays() {
    let mut cluster = Cluster::started(&["o0", "o1"]);
    cluster.gone("o0");
    cluster.step();

    cluster.gone("o1");
    cluster.run(MOMENT);

    assert_eq!(cluster.origins(), [("o1", Active)]);
}

#[test]
fn origins_that_are_lost_together_stay_until_one_returns() {
    let mut cluster = Cluster::started(&["o0", "o1"]);
    cluster.gone("o0");
    cluster.gone("o1");
    cluster.run(MOMENT);
    assert_eq!(cluster.origins(), [("o0", Active), ("o1", Active)]);

    cluster.observe(origin("o1"), Event::Started);
    cluster.run(MOMENT);

    assert_eq!(cluster.origins(), [("o1", Active)]);
}

#[test]
fn origin_that_returns_takes_over_from_a_last_one_that_stays_away() {
    let mut cluster = Cluster::started(&["o0", "o1"]);
    cluster.gone("o0");
    cluster.step();
    cluster.gone("o1");
    cluster.step();

    cluster.link_origin("o0", &[]);
    cluster.step();

    assert_eq!(cluster.origins(), [("o0", Active)]);
}

#[test]
fn draining_origin_becomes_active_again_if_no_other_is_left() {
    let mut cluster = Cluster::started(&["o0", "o1"]);
    cluster.desired.origins.insert("o1".into(), DesiredOrigin { wish: Wish::Draining, ..desired("o1") });
    cluster.run(MOMENT);
    assert_eq!(cluster.origins(), [("o0", Active), ("o1", Draining)]);

    cluster.gone("o0");
    cluster.run(MOMENT);

    assert_eq!(cluster.origins(), [("o1", Active)]);
}

#[test]
fn all_origins_cannot_leave_at_once() {
    let mut cluster = Cluster::started(&["o0", "o1"]);
    cluster.desired.origins.clear();
    cluster.run(MOMENT);

    assert_eq!(cluster.origins(), [("o0", Active)]);
}

#[test]
fn origin_that_is_wanted_gone_leaves_with_its_process_and_stays_away() {
    let mut cluster = Cluster::started(&["o0", "o1"]);
    cluster.desired.origins.remove("o1");
    cluster.run(MOMENT);
    cluster.gone("o1");
    cluster.step();
    assert_eq!(cluster.origins(), [("o0", Active)]);

    cluster.link_origin("o1", &[]);
    cluster.run(MOMENT);

    assert_eq!(cluster.origins(), [("o0", Active)]);
}

#[test]
fn origin_joins_until_it_and_all_others_have_listed_their_streams() {
    let mut cluster = Cluster::started(&["o0", "o1"]);
    cluster.desired.origins.insert("o2".into(), desired("o2"));
    cluster.run(MOMENT);
    assert_eq!(cluster.origins().len(), 2, "it was not seen yet");
    cluster.observe(origin("o0"), Event::LinkUp(BootId(99)));
    cluster.link_origin("o2", &[]);
    cluster.run(MOMENT);
    assert_eq!(cluster.origins(), [("o0", Active), ("o1", Active), ("o2", Joining)]);
    assert_eq!(cluster.step().wait, Some(Wait::Lists(vec!["o0".into()])));

    cluster.list(origin("o0"), "o0", &[]);
    cluster.run(MOMENT);

    assert_eq!(cluster.origins(), [("o0", Active), ("o1", Active), ("o2", Active)]);
}

#[test]
fn silent_origin_is_not_lost() {
    let mut cluster = Cluster::started(&["o0", "o1"]);

    cluster.observe(origin("o0"), Event::LinkDown);
    cluster.run(Duration::from_secs(600));

    assert_eq!(cluster.origins(), [("o0", Active), ("o1", Active)]);
}

#[test]
fn origin_that_every_edge_lost_leaves() {
    let mut cluster = Cluster::started(&["o0", "o1"]);
    cluster.observe(origin("o0"), Event::LinkDown);
    cluster.links("edge-0", &[("o0", false), ("o1", true)]);
    cluster.links("edge-1", &[("o1", true)]);

    cluster.step();

    assert_eq!(cluster.origins(), [("o1", Active)]);
}

#[test]
fn one_link_is_enough_to_stay() {
    let mut cluster = Cluster::started(&["o0", "o1"]);
    cluster.observe(origin("o0"), Event::LinkDown);
    cluster.links("edge-0", &[("o0", false)]);
    cluster.links("edge-1", &[("o0", true)]);
    cluster.run(MOMENT);
    assert_eq!(cluster.origins().len(), 2);

    cluster.links("edge-1", &[("o0", false)]);
    cluster.observe(origin("o0"), Event::LinkUp(BootId(99)));
    cluster.run(MOMENT);

    assert_eq!(cluster.origins().len(), 2, "the operator's own link is up");
}

/// One of two edges can be asked, and has lost the first origin, as has the operator.
fn cluster_that_reaches_half_of_its_edges() -> Cluster {
    let mut cluster = Cluster::started(&["o0", "o1"]);
    cluster.observe(origin("o0"), Event::LinkDown);
    cluster.observe(edge("edge-1"), Event::LinkDown);
    cluster.links("edge-0", &[("o0", false)]);
    cluster.run(MOMENT);
    cluster
}

#[test]
fn operator_that_reaches_half_of_the_edges_removes_nothing() {
    let mut cluster = cluster_that_reaches_half_of_its_edges();
    assert_eq!(cluster.origins().len(), 2);

    cluster.observe(edge("edge-1"), Event::Gone);
    cluster.run(MOMENT);

    assert_eq!(cluster.origins(), [("o1", Active)]);
}

#[test]
fn edge_that_is_not_ready_is_not_asked_whom_it_reaches() {
    let mut cluster = cluster_that_reaches_half_of_its_edges();
    assert_eq!(cluster.origins().len(), 2);

    cluster.observe(edge("edge-1"), Event::Unready);
    cluster.run(MOMENT);

    assert_eq!(cluster.origins(), [("o1", Active)]);
}

#[test]
fn origin_that_came_back_elsewhere_keeps_its_state_and_gets_its_address_at_once() {
    let mut cluster = Cluster::started(&["o0", "o1"]);
    let elsewhere = DesiredOrigin { address: "elsewhere:1936".to_owned(), ..desired("o0") };
    cluster.desired.origins.insert("o0".into(), elsewhere);

    let written = cluster.step().write.expect("a write");

    let origin = written.origin("o0").expect("still there");
    assert_eq!((origin.state, &*origin.address), (Active, "elsewhere:1936"));
}

#[test]
fn new_leader_only_removes_before_all_lists_are_in() {
    let mut cluster = Cluster::started(&["o0", "o1", "o2"]);
    let stream = stream_of("o0", &["o0", "o1", "o2"]);
    cluster.publish("o0", &stream);
    cluster.run(Duration::from_secs(6));
    cluster.leader = Leader::default();
    cluster.observed = Observed::default();
    cluster.desired.origins.insert("o1".into(), DesiredOrigin { wish: Wish::Draining, ..desired("o1") });
    cluster.desired.origins.insert("o3".into(), desired("o3"));
    let before = cluster.document().clone();

    cluster.run(Duration::from_secs(600));
    assert_eq!(*cluster.document(), before);
    cluster.gone("o2");
    cluster.run(Duration::from_secs(600));

    assert_eq!(cluster.origins(), [("o0", Active), ("o1", Active)]);
    assert_eq!(cluster.entries().get(&format!("live/{stream}")), Some(&"o0"));
}

#[test]
fn process_with_another_boot_has_no_memory() {
    let mut cluster = Cluster::started(&["o0", "o1"]);
    cluster.publish("o0", "alice");
    cluster.observe(origin("o0"), Event::LinkDown);
    assert_eq!(live(&cluster), 1, "it may still be there");

    cluster.observe(origin("o0"), Event::LinkUp(BootId(99)));

    assert_eq!(live(&cluster), 0);
}

#[test]
fn last_words_of_a_link_do_not_bring_its_process_back() {
    let mut cluster = Cluster::started(&["o0", "o1"]);
    cluster.gone("o0");
    cluster.observe(origin("o0"), Event::LinkUp(BootId(1)));
    cluster.list(origin("o0"), "o0", &["alice"]);
    cluster.step();

    assert_eq!(cluster.origins(), [("o1", Active)]);
    assert_eq!(live(&cluster), 0);
}

fn live(cluster: &Cluster) -> usize {
    cluster.observed.origins.values().map(|origin| origin.live().count()).sum()
}

#[test]
fn viewers_are_the_clients_of_edges_that_can_be_asked_without_those_that_publish() {
    let mut cluster = Cluster::started(&["o0"]);
    let clients = |connections| Event::Links(Links { origins: Vec::new(), connections });
    cluster.observe(edge("edge-0"), clients(5));
    cluster.observe(edge("edge-1"), clients(7));
    cluster.list(edge("edge-0"), "o0", &["alice"]);
    assert_eq!(cluster.observed.viewers(), Some(11));

    cluster.observe(edge("edge-1"), Event::LinkDown);
    assert_eq!(cluster.observed.viewers(), Some(4));
    cluster.observe(edge("edge-0"), Event::LinkDown);

    assert_eq!(cluster.observed.viewers(), None, "nobody knows, which is not none");
}
