//! Streams of a link that is cut while others reach its origin.

use super::*;

const ORIGINS: [&str; 3] = ["o0", "o1", "o2"];

/// Alice is published at o0, from the first edge, and watched at the second; only the links of `links` are up.
fn cluster(first: &[(&str, bool)], second: &[(&str, bool)]) -> (Cluster, String) {
    let mut cluster = Cluster::started(&ORIGINS);
    let stream = stream_of("o0", &ORIGINS);
    cluster.publish("o0", &stream);
    cluster.list(edge("edge-0"), "o0", &[&stream]);
    watch(&mut cluster, "edge-1", "o0", &stream);
    cluster.run(MOMENT);
    cluster.links("edge-0", first);
    cluster.links("edge-1", second);
    (cluster, stream)
}

fn watch(cluster: &mut Cluster, edge_name: &str, on: &str, stream: &str) {
    let state = StreamState { publication: None, ..live_on(on) };
    let streams = vec![(key(stream), Some(state))];
    cluster.observe(edge(edge_name), Event::Streams(Streams { complete: true, generation: 0, streams }));
}

#[test]
fn stream_of_a_viewers_edge_that_lost_its_origin_goes_to_one_that_both_edges_reach() {
    let (mut cluster, stream) = cluster(&[("o0", true), ("o1", false)], &[("o0", false)]);

    cluster.run(MOMENT);

    assert_eq!(cluster.route(&stream), "o2");
    assert_eq!(cluster.origins().len(), 3, "nobody is lost");
}

#[test]
fn stream_of_a_publishers_edge_that_lost_its_origin_leaves_it_too() {
    let (mut cluster, stream) = cluster(&[("o0", false)], &[("o0", true), ("o2", false)]);

    cluster.run(MOMENT);

    assert_eq!(cluster.route(&stream), "o1");
}

#[test]
fn stream_stays_where_it_went_when_the_link_is_mended() {
    let (mut cluster, stream) = cluster(&[("o0", true), ("o1", false)], &[("o0", false)]);
    cluster.run(MOMENT);
    cluster.publish("o2", &stream);
    cluster.unpublish("o0", &stream);
    watch(&mut cluster, "edge-1", "o2", &stream);

    cluster.links("edge-1", &[("o0", true)]);
    cluster.run(Duration::from_secs(600));

    assert_eq!(cluster.route(&stream), "o2");
}

#[test]
fn stream_on_its_way_goes_on_to_where_it_was_sent_if_the_document_is_deleted() {
    let (mut cluster, stream) = cluster(&[("o0", true), ("o1", false)], &[("o0", false)]);
    cluster.run(MOMENT);
    assert_eq!(cluster.route(&stream), "o2");

    cluster.unpublish("o0", &stream);
    cluster.document = None;
    cluster.run(MOMENT);

    assert_eq!(cluster.route(&stream), "o2");
}

#[test]
fn stream_that_came_from_an_origin_that_is_silent_now_stays_if_the_document_is_deleted() {
    let (mut cluster, stream) = cluster(&[("o0", true), ("o1", false)], &[("o0", false)]);
    cluster.run(MOMENT);
    cluster.publish("o2", &stream);
    cluster.run(MOMENT);
    cluster.observe(origin("o0"), Event::LinkDown);

    cluster.document = None;
    cluster.run(MOMENT);

    assert_eq!(cluster.route(&stream), "o2");
}

#[test]
fn stream_stays_if_its_edges_have_no_other_origin_in_common() {
    let (mut cluster, stream) = cluster(&[("o0", true), ("o1", false)], &[("o0", false), ("o2", false)]);

    cluster.run(Duration::from_secs(60));

    assert_eq!(cluster.route(&stream), "o0");
}

#[test]
fn other_streams_of_an_origin_that_one_edge_lost_stay() {
    let (mut cluster, _) = cluster(&[("o0", true)], &[("o0", false)]);
    let other = streams_of("o0", &ORIGINS).nth(1).expect("one");
    cluster.publish("o0", &other);

    cluster.run(Duration::from_secs(60));

    assert_eq!(cluster.route(&other), "o0");
}

#[test]
fn link_that_comes_back_at_once_moves_nothing() {
    let (mut cluster, stream) = cluster(&[("o0", true)], &[("o0", false)]);
    cluster.run(Duration::from_millis(150));

    cluster.links("edge-1", &[("o0", true)]);
    cluster.run(MOMENT);

    assert_eq!(cluster.route(&stream), "o0");
}

#[test]
fn operator_that_reaches_half_of_the_edges_moves_nothing() {
    let (mut cluster, stream) = cluster(&[("o0", false)], &[("o0", true)]);
    cluster.observe(edge("edge-1"), Event::LinkDown);

    cluster.run(Duration::from_secs(60));

    assert_eq!(cluster.route(&stream), "o0");
}

#[test]
fn publisher_that_waits_for_an_origin_out_of_reach_gets_another() {
    let mut cluster = Cluster::started(&ORIGINS);
    let stream = stream_of("o0", &ORIGINS);
    watch(&mut cluster, "edge-0", "o0", &stream);
    cluster.links("edge-0", &[("o0", false)]);
    cluster.links("edge-1", &[]);

    cluster.run(MOMENT);

    assert_ne!(cluster.route(&stream), "o0");
}
