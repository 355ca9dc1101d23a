//! Test: whatever happens, no decision moves a live stream, except away from an origin that left or drains; and what
//! drains is empty in the end.

use std::collections::BTreeSet;

use livecluster_mrtmp::id::Name;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const ORIGINS: [&str; 4] = ["o0", "o1", "o2", "o3"];
const EDGES: [&str; 2] = ["edge-0", "edge-1"];

/// What may happen; numbers choose an origin, an edge or a stream.
#[derive(Debug, Clone)]
enum Happening {
    Publish(usize),
    Unpublish(usize),
    Gone(usize),
    Back(usize),
    LinkDown(usize),
    LinkUp(usize),
    EdgeDown(usize),
    EdgeUp(usize),
    Come(usize),
    Arrive(usize),
    Wish(usize, Wish),
    Restart,
    Pass(u64),
}

fn happening() -> impl Strategy<Value = Happening> {
    let wish = prop_oneof![Just(Wish::Active), Just(Wish::Active), Just(Wish::Draining), Just(Wish::Gone)];
    prop_oneof![
        6 => (0..20_usize).prop_map(Happening::Publish),
        2 => (0..20_usize).prop_map(Happening::Unpublish),
        2 => (0..4_usize).prop_map(Happening::Gone),
        3 => (0..4_usize).prop_map(Happening::Back),
        2 => (0..4_usize).prop_map(Happening::LinkDown),
        2 => (0..4_usize).prop_map(Happening::LinkUp),
        1 => (0..2_usize).prop_map(Happening::EdgeDown),
        2 => (0..2_usize).prop_map(Happening::EdgeUp),
        3 => (0..20_usize).prop_map(Happening::Come),
        3 => (0..20_usize).prop_map(Happening::Arrive),
        2 => (0..4_usize, wish).prop_map(|(origin, wish)| Happening::Wish(origin, wish)),
        1 => Just(Happening::Restart),
        4 => (1..10_000_u64).prop_map(Happening::Pass),
    ]
}

/// The truth beside what the leader sees: which origin has which streams.
struct World {
    cluster: Cluster,
    streams: BTreeMap<String, String>,
    /// Those that the origin they are sent to has already, beside the old one.
    coming: BTreeSet<String>,
    running: BTreeMap<&'static str, bool>,
}

impl World {
    fn new() -> Self {
        let running = ORIGINS.map(|name| (name, true)).into();
        Self { cluster: Cluster::started(&ORIGINS), streams: BTreeMap::new(), coming: BTreeSet::new(), running }
    }

    fn happen(&mut self, happening: &Happening) {
        match happening {
            Happening::Publish(index) => self.publish(&format!("s{index}")),
            Happening::Unpublish(index) => drop(self.streams.remove(&format!("s{index}"))),
            Happening::Gone(index) => self.gone(ORIGINS[*index]),
            Happening::Back(index) => self.back(ORIGINS[*index]),
            Happening::LinkDown(index) => self.cluster.observe(origin(ORIGINS[*index]), Event::LinkDown),
            Happening::LinkUp(index) => self.link_up(ORIGINS[*index]),
            Happening::EdgeDown(index) => self.cluster.observe(edge(EDGES[*index]), Event::LinkDown),
            Happening::EdgeUp(index) => self.cluster.observe(edge(EDGES[*index]), Event::LinkUp(BootId(1))),
            Happening::Come(index) => drop(self.coming.insert(format!("s{index}"))),
            Happening::Arrive(index) => self.arrive(&format!("s{index}")),
            Happening::Wish(index, wish) => self.wish(ORIGINS[*index], *wish),
            Happening::Restart => self.restart(),
            Happening::Pass(ms) => self.cluster.pass(Duration::from_millis(*ms)),
        }
        self.report();
    }

    fn publish(&mut self, stream: &str) {
        let owner = self.cluster.route(stream);
        let held = self.running.get(&*owner).is_some_and(|running| *running);
        if held && !self.streams.contains_key(stream) {
            self.streams.insert(stream.to_owned(), owner);
        }
    }

    /// The stream is where the document sends it, and nowhere else.
    fn arrive(&mut self, stream: &str) {
        let owner = self.cluster.route(stream);
        self.coming.remove(stream);
        if let Some(holder) = self.streams.get_mut(stream).filter(|_| self.running.get(&*owner) == Some(&true)) {
            *holder = owner;
        }
    }

    fn gone(&mut self, name: &'static str) {
        self.running.insert(name, false);
        self.cluster.gone(name);
    }

    fn back(&mut self, name: &'static str) {
        if self.running.insert(name, true) == Some(false) {
            self.cluster.link_origin(name, &[]);
        }
    }

    fn link_up(&mut self, name: &'static str) {
        let boot = self.cluster.boots + 1;
        if self.running[name] && !self.cluster.observed.origins[name].linked {
            self.cluster.boots = boot;
            self.cluster.observe(origin(name), Event::LinkUp(BootId(boot)));
        }
    }

    fn wish(&mut self, name: &str, wish: Wish) {
        self.cluster.desired.origins.insert(name.into(), DesiredOrigin { wish, ..desired(name) });
    }

    /// Another leader: it knows what the document says and, as soon as links are up, who lists what.
    fn restart(&mut self) {
        self.cluster.leader = Leader::default();
        self.cluster.observed = Observed::default();
        for name in EDGES {
            self.cluster.observe(edge(name), Event::Started);
        }
        for name in ORIGINS.into_iter().filter(|name| !self.running[name]) {
            self.cluster.gone(name);
        }
    }

    /// Whoever can be asked lists what it has; streams follow the document as edges take them along.
    fn report(&mut self) {
        for (stream, holder) in &mut self.streams {
            if !self.cluster.document().origins.iter().any(|origin| *origin.name == **holder) {
                *holder = self.cluster.route(stream);
            }
        }
        for name in ORIGINS.into_iter().filter(|name| self.running[name]) {
            let streams: Vec<_> = self.held_by(name).collect();
            self.cluster.list(origin(name), name, &streams.iter().map(String::as_str).collect::<Vec<_>>());
        }
        for name in EDGES {
            let states = self.streams.iter().map(|(stream, holder)| (key(stream), Some(live_on(holder))));
            let streams = Streams { complete: true, generation: 0, streams: states.collect() };
            self.cluster.observe(edge(name), Event::Streams(streams));
        }
    }

    fn held_by(&self, name: &str) -> impl Iterator<Item = String> {
        let is_coming = move |stream: &String| self.coming.contains(stream) && self.cluster.route(stream) == name;
        let held = self.streams.iter().filter(move |(stream, holder)| *holder == name || is_coming(stream));
        held.map(|(stream, _)| stream.clone())
    }

    /// All parts run and are heard, nobody's wish changes, and streams go where they are sent.
    fn settle(&mut self) {
        ORIGINS.into_iter().for_each(|name| self.back(name));
        ORIGINS.into_iter().for_each(|name| self.link_up(name));
        EDGES.into_iter().for_each(|name| self.cluster.observe(edge(name), Event::LinkUp(BootId(1))));
        for _ in 0..10 {
            self.report();
            self.cluster.run(Duration::from_secs(1));
            let streams: Vec<_> = self.streams.keys().cloned().collect();
            streams.iter().for_each(|stream| self.arrive(stream));
        }
    }
}

proptest! {
    #[test]
    fn no_decision_moves_a_live_stream_except_away_from_an_origin_that_left_or_drains(
        happenings in vec(happening(), 1..40),
    ) {
        let mut world = World::new();
        for happening in &happenings {
            world.happen(happening);
            let mut before = world.cluster.document().clone();
            world.cluster.written.clear();
            world.cluster.run(MOMENT);

            for after in std::mem::take(&mut world.cluster.written) {
                for (stream, from, to) in moved(&world.streams, &before, &after) {
                    let is_there = world.streams.get(&stream).is_some_and(|holder| **holder == *from);
                    let may_leave = !is_there || after.origin(&from).is_none() || is_draining(&before, &from);
                    prop_assert!(may_leave, "{stream} left {from} for {to} at {happening:?}");
                }
                prop_assert!(after.origins.iter().any(|origin| origin.state == State::Active));
                prop_assert!(after.generation >= before.generation);
                prop_assert_eq!(&Document::parse(&after.to_json()).expect("valid"), &after);
                before = after;
            }
        }
    }

    #[test]
    fn what_drains_is_empty_in_the_end(happenings in vec(happening(), 1..30)) {
        let mut world = World::new();
        for happening in &happenings {
            world.happen(happening);
            world.cluster.run(MOMENT);
        }
        world.settle();

        for (stream, holder) in &world.streams {
            prop_assert!(!is_draining(world.cluster.document(), holder), "{stream} is on {holder}");
        }
    }
}

/// The streams that one document sends elsewhere than the one before: from where, and to where.
fn moved(streams: &BTreeMap<String, String>, before: &Document, after: &Document) -> Vec<(String, Name, Name)> {
    let [before, after] = [before, after].map(|document| Table::from(document.clone()));
    let route = |table: &Table, stream: &str| table.route(&key(stream)).map(|origin| origin.name.clone());
    let moves = streams.keys().filter_map(|stream| Some((stream, route(&before, stream)?, route(&after, stream)?)));
    moves.filter(|(_, from, to)| from != to).map(|(stream, from, to)| (stream.clone(), from, to)).collect()
}

fn is_draining(document: &Document, origin: &str) -> bool {
    document.origin(origin).is_some_and(|origin| origin.state == State::Draining)
}
