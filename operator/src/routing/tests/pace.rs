//! Tests: when a document is written, and with which generation.

use super::*;

const TWO: [&str; 2] = ["o0", "o1"];

#[test]
fn needed_changes_are_gathered() {
    let mut cluster = Cluster::started(&TWO);
    let mut streams = streams_of("o1", &TWO);
    cluster.publish("o0", &streams.next().expect("one"));
    let gathering = cluster.step();
    assert_eq!(gathering.deadline, Some(cluster.now + Duration::from_millis(100)));

    cluster.pass(Duration::from_millis(60));
    cluster.publish("o0", &streams.next().expect("one"));
    cluster.run(Duration::from_millis(40));

    assert_eq!((cluster.written.len(), cluster.entries().len()), (1, 2));
}

#[test]
fn writes_are_at_most_four_a_second() {
    let mut cluster = Cluster::started(&TWO);
    for stream in streams_of("o1", &TWO).take(20) {
        cluster.publish("o0", &stream);
        cluster.run(Duration::from_millis(100));
    }

    assert!((7..=8).contains(&cluster.written.len()), "{} in 2 s", cluster.written.len());
}

#[test]
fn lists_for_people_are_written_at_most_every_five_seconds() {
    let mut cluster = Cluster::started(&TWO);
    for stream in streams_of("o1", &TWO).take(100) {
        cluster.publish("o1", &stream);
        cluster.run(Duration::from_millis(300));
    }

    assert!((5..=7).contains(&cluster.written.len()), "{} in 30 s", cluster.written.len());
}

#[test]
fn generation_is_above_all_others_whatever_the_clock_says() {
    let mut cluster = Cluster::started(&TWO);
    cluster.unix_ms = 5;
    let before = cluster.generation();
    cluster.gone("o0");
    cluster.step();
    assert_eq!(cluster.generation(), before + 1);

    cluster.unix_ms = 9_000_000;
    cluster.link_origin("o0", &[]);
    cluster.run(MOMENT);

    assert!(cluster.generation() >= 9_000_000);
}

#[test]
fn document_older_than_what_readers_have_is_written_again() {
    let mut cluster = Cluster::started(&TWO);
    let before = cluster.document().clone();

    cluster.observe(edge("edge-0"), Event::Generation(77_000_000));
    cluster.step();

    assert_eq!(cluster.generation(), 77_000_001);
    assert_eq!(cluster.document().origins, before.origins);
}

#[test]
fn nothing_is_written_when_nothing_changes() {
    let mut cluster = Cluster::started(&TWO);

    cluster.run(Duration::from_secs(3600));

    assert_eq!(cluster.written.len(), 0);
}

#[test]
fn readers_are_behind_that_said_so_on_a_link_that_is_up() {
    let mut cluster = Cluster::started(&["o0", "o1"]);
    cluster.observe(origin("o0"), Event::Generation(8));
    cluster.observe(origin("o1"), Event::Generation(9));
    cluster.observe(edge("edge-0"), Event::Generation(7));
    cluster.observe(edge("edge-0"), Event::LinkDown);

    assert_eq!(cluster.observed.behind(9), ["o0".into()].into(), "edge-1 said nothing yet");
}
