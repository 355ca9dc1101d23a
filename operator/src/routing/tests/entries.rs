//! Tests: which streams the document lists, and why.

use super::super::Wait;
use super::*;

const TWO: [&str; 2] = ["o0", "o1"];

#[test]
fn joining_origin_takes_no_stream_that_is_live() {
    let mut cluster = Cluster::started(&["o0"]);
    let stream = stream_of("o1", &TWO);
    cluster.publish("o0", &stream);

    cluster.desired.origins.insert("o1".into(), desired("o1"));
    cluster.link_origin("o1", &[]);
    cluster.run(MOMENT);

    assert_eq!(cluster.origins(), [("o0", State::Active), ("o1", State::Active)]);
    assert_eq!(cluster.route(&stream), "o0");
}

#[test]
fn joining_origin_keeps_what_it_has_already() {
    let mut cluster = Cluster::started(&["o0"]);
    let stream = stream_of("o0", &TWO);

    cluster.desired.origins.insert("o1".into(), desired("o1"));
    cluster.link_origin("o1", &[&stream]);
    cluster.run(MOMENT);

    assert_eq!(cluster.route(&stream), "o1");
}

#[test]
fn streams_that_moved_away_from_a_dead_origin_do_not_move_back_when_it_returns() {
    let mut cluster = Cluster::started(&TWO);
    let stream = stream_of("o0", &TWO);
    cluster.publish("o0", &stream);
    cluster.run(MOMENT);
    cluster.gone("o0");
    cluster.run(MOMENT);
    assert_eq!(cluster.route(&stream), "o1");

    // Before the publisher's edge has reached o1.
    cluster.link_origin("o0", &[]);
    cluster.run(MOMENT);

    assert_eq!(cluster.origins(), [("o0", State::Active), ("o1", State::Active)]);
    assert_eq!(cluster.route(&stream), "o1");
}

#[test]
fn edges_answer_for_an_origin_that_cannot_be_asked() {
    let three = ["o0", "o1", "o2"];
    let mut cluster = Cluster::started(&TWO);
    let stream = stream_of("o2", &three);
    cluster.observe(origin("o0"), Event::LinkUp(BootId(99)));
    cluster.observe(origin("o0"), Event::LinkDown);
    cluster.list(edge("edge-1"), "o0", &[&stream]);

    cluster.desired.origins.insert("o2".into(), desired("o2"));
    cluster.link_origin("o2", &[]);
    cluster.run(MOMENT);

    assert_eq!(cluster.origins().len(), 3);
    assert_eq!(cluster.route(&stream), "o0");
}

#[test]
fn held_stream_is_live() {
    let mut cluster = Cluster::started(&["o0"]);
    let stream = stream_of("o1", &TWO);
    let held = StreamState { publication: None, held: true, ..live_on("o0") };
    cluster.change("o0", &stream, Some(held));

    cluster.desired.origins.insert("o1".into(), desired("o1"));
    cluster.link_origin("o1", &[]);
    cluster.run(MOMENT);

    assert_eq!(cluster.route(&stream), "o0");
}

#[test]
fn stream_born_while_an_origin_joined_is_pinned_where_it_is() {
    let mut cluster = Cluster::started(&TWO);
    let stream = stream_of("o1", &TWO);

    cluster.publish("o0", &stream);
    cluster.run(MOMENT);

    assert_eq!(cluster.route(&stream), "o0");
}

#[test]
fn stream_on_two_origins_stays_where_edges_are_sent() {
    let mut cluster = Cluster::started(&TWO);
    let stream = stream_of("o1", &TWO);
    cluster.publish("o0", &stream);
    cluster.publish("o1", &stream);
    cluster.run(MOMENT);

    assert_eq!(cluster.route(&stream), "o1");
}

#[test]
fn requested_move_is_written_while_its_target_is_active() {
    let mut cluster = Cluster::started(&TWO);
    let stream = stream_of("o1", &TWO);
    cluster.publish("o1", &stream);
    cluster.run(MOMENT);

    cluster.desired.moves.insert(key(&stream), "o0".into());
    cluster.run(MOMENT);
    assert_eq!(cluster.route(&stream), "o0");
    cluster.gone("o0");
    cluster.run(MOMENT);

    assert_eq!(cluster.route(&stream), "o1");
}

#[test]
fn entry_outlives_its_publication_by_the_grace_period() {
    let mut cluster = Cluster::started(&TWO);
    let stream = stream_of("o1", &TWO);
    cluster.publish("o0", &stream);
    cluster.run(MOMENT);
    cluster.unpublish("o0", &stream);
    cluster.run(Duration::from_secs(119));
    assert_eq!(cluster.route(&stream), "o0");

    cluster.run(Duration::from_secs(2));

    assert_eq!(cluster.route(&stream), "o1");
    assert!(cluster.entries().is_empty());
}

#[test]
fn entries_of_streams_nobody_knows_are_cleared_away_by_a_new_leader_after_the_grace_period() {
    let mut cluster = Cluster::started(&TWO);
    let document = cluster.document.as_mut().expect("a document");
    document.streams.insert(Entry::parse("live/old").expect("valid"), "o0".into());
    document.streams.insert(Entry::Digest(7), "o0".into());
    cluster.run(Duration::from_secs(119));
    assert!(cluster.document().streams.contains_key(&Entry::Digest(7)));

    cluster.run(Duration::from_secs(2));

    assert!(cluster.entries().is_empty());
}

#[test]
fn entry_by_digest_stays_by_digest() {
    let mut cluster = Cluster::started(&TWO);
    let stream = stream_of("o1", &TWO);
    let digest = Entry::Digest(key(&stream).digest());
    cluster.document.as_mut().expect("a document").streams.insert(digest.clone(), "o0".into());
    cluster.publish("o0", &stream);

    cluster.run(Duration::from_secs(600));

    assert_eq!(cluster.entries(), [(digest.to_string(), "o0")].into());
}

#[test]
fn streams_at_their_default_are_listed_for_people_without_a_new_generation() {
    let mut cluster = Cluster::started(&TWO);
    let before = cluster.generation();
    let stream = stream_of("o1", &TWO);

    cluster.publish("o1", &stream);
    cluster.run(Duration::from_secs(6));

    assert_eq!(cluster.entries(), [(format!("live/{stream}"), "o1")].into());
    assert_eq!(cluster.generation(), before);
}

#[test]
fn more_streams_than_people_read_are_not_listed() {
    let mut cluster = Cluster::started(&TWO);
    let streams: Vec<_> = streams_of("o1", &TWO).take(1001).collect();
    for stream in &streams {
        cluster.publish("o1", stream);
    }
    cluster.run(Duration::from_secs(6));
    assert!(cluster.entries().is_empty());

    cluster.unpublish("o1", &streams[0]);
    cluster.run(Duration::from_secs(6));

    assert_eq!(cluster.entries().len(), 1000);
}

#[test]
fn origin_stays_joining_if_its_entries_would_exceed_the_budget() {
    let mut cluster = Cluster::started(&["o0"]);
    let filler = "x".repeat(400);
    let streams: Vec<_> = (0..1500).map(|index| format!("{filler}{index}")).collect();
    for stream in &streams {
        cluster.publish("o0", stream);
    }
    cluster.run(Duration::from_secs(6));
    assert!(cluster.entries().is_empty());

    cluster.desired.origins.insert("o1".into(), desired("o1"));
    cluster.link_origin("o1", &[]);
    cluster.run(MOMENT);

    assert_eq!(cluster.origins(), [("o0", State::Active), ("o1", State::Joining)]);
    assert!(matches!(cluster.step().wait, Some(Wait::Budget(bytes)) if bytes > 256 * 1024));
}

#[test]
fn document_that_was_deleted_is_written_anew_with_every_stream_where_it_is() {
    let mut cluster = Cluster::started(&TWO);
    let stream = stream_of("o1", &TWO);
    cluster.publish("o0", &stream);
    cluster.run(MOMENT);
    let before = cluster.generation();
    cluster.observe(edge("edge-0"), Event::Generation(before));

    cluster.document = None;
    cluster.run(MOMENT);

    assert_eq!(cluster.origins(), [("o0", State::Active), ("o1", State::Active)]);
    assert_eq!(cluster.route(&stream), "o0");
    assert!(cluster.generation() > before);
}

#[test]
fn without_a_document_nothing_is_written_before_all_origins_have_listed() {
    let mut cluster = Cluster::new(&TWO);
    cluster.link_origin("o0", &[]);
    cluster.run(MOMENT);
    assert_eq!(cluster.document, None);

    cluster.gone("o1");
    cluster.run(MOMENT);

    assert_eq!(cluster.origins(), [("o0", State::Active)]);
}
