//! Tests: how streams leave an origin that drains.

use super::*;

use State::{Active, Draining};

const TWO: [&str; 2] = ["o0", "o1"];

impl Cluster {
    fn wish(&mut self, name: &str, wish: Wish) {
        self.desired.origins.insert(name.into(), DesiredOrigin { wish, ..desired(name) });
    }

    /// Publishes so many streams on an origin, at their default.
    fn publish_many(&mut self, name: &str, origins: &[&str], count: usize) -> Vec<String> {
        let streams: Vec<_> = streams_of(name, origins).take(count).collect();
        streams.iter().for_each(|stream| self.publish(name, stream));
        self.run(Duration::from_secs(6));
        streams
    }

    /// The stream is at its new origin; then the old one no longer has it.
    fn arrive(&mut self, stream: &str, (from, to): (&str, &str)) {
        self.publish(to, stream);
        self.unpublish(from, stream);
    }

    /// How many of these the document sends there.
    fn sent_to(&self, name: &str, streams: &[String]) -> usize {
        let table = Table::from(self.document().clone());
        streams.iter().filter(|stream| is_at(&table, stream, name)).count()
    }
}

#[test]
fn drain_pins_first_and_moves_then() {
    let mut cluster = Cluster::started(&TWO);
    let stream = stream_of("o1", &TWO);
    cluster.publish("o1", &stream);

    cluster.wish("o1", Wish::Draining);
    cluster.run(MOMENT);

    let pinned = &cluster.written[cluster.written.len() - 2];
    let origin_of = |document: &Document| document.streams.values().next().map(ToString::to_string);
    assert_eq!(pinned.origin("o1").map(|origin| origin.state), Some(Draining));
    assert_eq!(origin_of(pinned).as_deref(), Some("o1"));
    // An entry, although it is the default: edges follow it at once.
    assert_eq!(origin_of(cluster.document()).as_deref(), Some("o0"));
}

#[test]
fn stream_that_was_sent_away_does_not_turn_back_before_it_has_arrived() {
    let mut cluster = Cluster::started(&TWO);
    let stream = stream_of("o1", &TWO);
    cluster.publish("o1", &stream);
    cluster.wish("o1", Wish::Draining);
    cluster.run(MOMENT);

    for wish in [Wish::Draining, Wish::Active] {
        cluster.wish("o1", wish);
        cluster.leader = Leader::default();
        cluster.run(Duration::from_secs(5));
        assert_eq!(cluster.route(&stream), "o0");
    }
    cluster.arrive(&stream, ("o1", "o0"));
    cluster.run(Duration::from_secs(300));

    assert_eq!(cluster.origins(), [("o0", Active), ("o1", Active)]);
    assert_eq!(cluster.route(&stream), "o0");
}

#[test]
fn not_many_streams_are_on_the_way_at_a_time() {
    let mut cluster = Cluster::started(&TWO);
    let streams = cluster.publish_many("o1", &TWO, 1000);
    cluster.wish("o1", Wish::Draining);

    cluster.run(Duration::from_millis(2500));
    assert_eq!(cluster.sent_to("o0", &streams), 400);
    for stream in &streams[..30] {
        cluster.arrive(stream, ("o1", "o0"));
    }
    cluster.run(MOMENT);

    assert_eq!(cluster.sent_to("o0", &streams), 430);
}

#[test]
fn streams_that_do_not_arrive_hold_up_the_others_for_a_while_only() {
    let mut cluster = Cluster::started(&TWO);
    let streams = cluster.publish_many("o1", &TWO, 1000);
    cluster.wish("o1", Wish::Draining);

    cluster.run(Duration::from_secs(10));

    assert_eq!(cluster.sent_to("o0", &streams), 1000);
}

#[test]
fn streams_leave_as_fast_as_five_thousand_in_twenty_seconds_of_four_writes_each() {
    let mut cluster = Cluster::started(&TWO);
    let mut streams = cluster.publish_many("o1", &TWO, 1250);
    cluster.written.clear();
    streams.sort_unstable();
    cluster.wish("o1", Wish::Draining);

    // Each is on the way for a second.
    let (mut gone, mut here) = (vec![0; 4], 0);
    for quarter in 1..=20 {
        cluster.run(SECOND / 4);
        gone.push(cluster.sent_to("o0", &streams));
        let before = std::mem::replace(&mut here, gone[quarter - 1]);
        streams[before..here].iter().for_each(|stream| cluster.arrive(stream, ("o1", "o0")));
        assert!(cluster.written.len() <= quarter + 4, "{} writes", cluster.written.len());
    }

    assert_eq!(here, 1250);
}

#[test]
fn origin_that_says_it_will_end_is_drained_until_another_process_takes_its_place() {
    let mut cluster = Cluster::started(&TWO);
    let stream = stream_of("o1", &TWO);
    cluster.publish("o1", &stream);

    cluster.observe(origin("o1"), Event::Leaving);
    cluster.run(MOMENT);
    assert_eq!(cluster.origins(), [("o0", Active), ("o1", Draining)]);
    assert_eq!(cluster.route(&stream), "o0");
    cluster.arrive(&stream, ("o1", "o0"));
    cluster.run(Duration::from_secs(60));
    assert_eq!(cluster.origins(), [("o0", Active), ("o1", Draining)]);

    cluster.link_origin("o1", &[]);
    cluster.run(MOMENT);

    assert_eq!(cluster.origins(), [("o0", Active), ("o1", Active)]);
    assert_eq!(cluster.route(&stream), "o0");
}

#[test]
fn last_active_origin_is_not_drained_although_it_will_end() {
    let mut cluster = Cluster::started(&["o0"]);
    let stream = stream_of("o0", &["o0"]);
    cluster.publish("o0", &stream);

    cluster.observe(origin("o0"), Event::Leaving);
    cluster.run(MOMENT);

    assert_eq!(cluster.origins(), [("o0", Active)]);
    assert_eq!(cluster.route(&stream), "o0");
}

#[test]
fn origin_that_is_wanted_gone_leaves_when_its_last_stream_has_arrived_elsewhere() {
    let mut cluster = Cluster::started(&TWO);
    let stream = stream_of("o1", &TWO);
    cluster.publish("o1", &stream);
    cluster.desired.origins.remove("o1");
    cluster.run(Duration::from_secs(30));
    assert_eq!(cluster.origins(), [("o0", Active), ("o1", Draining)]);

    cluster.arrive(&stream, ("o1", "o0"));
    cluster.run(MOMENT);

    assert_eq!(cluster.origins(), [("o0", Active)]);
}

#[test]
fn origin_that_drains_and_holds_nothing_stays_until_its_process_is_gone() {
    let mut cluster = Cluster::started(&TWO);
    cluster.wish("o1", Wish::Draining);
    cluster.run(Duration::from_secs(60));
    assert_eq!(cluster.origins(), [("o0", Active), ("o1", Draining)]);

    cluster.gone("o1");
    cluster.run(MOMENT);

    assert_eq!(cluster.origins(), [("o0", Active)]);
}

#[test]
fn stream_of_an_origin_that_cannot_be_asked_leaves_too() {
    let mut cluster = Cluster::started(&TWO);
    let stream = stream_of("o1", &TWO);
    cluster.publish("o1", &stream);
    cluster.run(MOMENT);
    cluster.observe(origin("o1"), Event::LinkDown);
    cluster.list(edge("edge-0"), "o1", &[&stream]);

    cluster.wish("o1", Wish::Draining);
    cluster.run(MOMENT);

    assert_eq!(cluster.route(&stream), "o0");
}

#[test]
fn requested_move_goes_before_the_default() {
    let three = ["o0", "o1", "o2"];
    let mut cluster = Cluster::started(&three);
    let two = Table::from(super::super::first(&Cluster::new(&TWO).desired, 1));
    let stream = streams_of("o2", &three).find(|stream| is_at(&two, stream, "o0")).expect("one");
    cluster.publish("o2", &stream);
    cluster.desired.moves.insert(key(&stream), "o1".into());

    cluster.wish("o2", Wish::Draining);
    cluster.run(MOMENT);

    assert_eq!(cluster.route(&stream), "o1");
}

#[test]
fn publisher_that_comes_back_meets_its_viewers_at_the_new_origin() {
    let mut cluster = Cluster::started(&TWO);
    let stream = stream_of("o1", &TWO);
    cluster.publish("o1", &stream);
    cluster.run(MOMENT);
    cluster.unpublish("o1", &stream);

    cluster.wish("o1", Wish::Draining);
    cluster.run(MOMENT);

    // Where viewers wait: an entry takes them along at once.
    assert_eq!(cluster.entries(), [(format!("live/{stream}"), "o0")].into());
}

fn is_at(table: &Table, stream: &str, name: &str) -> bool {
    table.route(&key(stream)).is_some_and(|origin| *origin.name == *name)
}

const SECOND: Duration = Duration::from_secs(1);
