//! A cluster on a fake clock, and what its leader does.

mod cut;
mod drain;
mod entries;
mod origins;
mod pace;
mod property;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use livecluster_mrtmp::frame::{Links, StreamState, Streams};
use livecluster_mrtmp::id::{BootId, PublicationId, Term};
use livecluster_mrtmp::route::{Document, Entry, Key, State, Table};

use super::{Decision, Desired, DesiredOrigin, Event, Leader, Observation, Observed, Part, Time, Wish};

/// What a leader sees, and the document that it wrote.
struct Cluster {
    leader: Leader,
    desired: Desired,
    observed: Observed,
    document: Option<Document>,
    now: Instant,
    unix_ms: u64,
    boots: u64,
    written: Vec<Document>,
}

impl Cluster {
    /// A cluster that has just started: all origins are active and have listed nothing, as have two edges.
    fn started(origins: &[&str]) -> Self {
        let mut cluster = Self::new(origins);
        cluster.document = Some(super::first(&cluster.desired, cluster.unix_ms));
        for name in origins {
            cluster.link_origin(name, &[]);
        }
        for name in ["edge-0", "edge-1"] {
            cluster.link_edge(name);
        }
        cluster.run(Duration::from_secs(10));
        cluster.written.clear();
        cluster
    }

    /// A cluster of which nothing was seen yet.
    fn new(origins: &[&str]) -> Self {
        let origins = origins.iter().map(|name| ((*name).into(), desired(name)));
        Self {
            leader: Leader::default(),
            desired: Desired { cluster: "uid".to_owned(), origins: origins.collect(), ..Desired::default() },
            observed: Observed::default(),
            document: None,
            now: Instant::now(),
            unix_ms: 1_000_000,
            boots: 0,
            written: Vec::new(),
        }
    }

    fn observe(&mut self, part: Part, event: Event) {
        self.observed.handle(Observation { part, event });
    }

    /// The link to a new process comes up, and it lists its streams.
    fn link_origin(&mut self, name: &str, streams: &[&str]) {
        self.boots += 1;
        self.observe(origin(name), Event::Started);
        self.observe(origin(name), Event::LinkUp(BootId(self.boots)));
        self.list(origin(name), name, streams);
    }

    fn link_edge(&mut self, name: &str) {
        self.boots += 1;
        self.observe(edge(name), Event::Started);
        self.observe(edge(name), Event::LinkUp(BootId(self.boots)));
        self.list(edge(name), "nobody", &[]);
    }

    /// `part` lists these streams as live on `on`, and no others.
    fn list(&mut self, part: Part, on: &str, streams: &[&str]) {
        let states = streams.iter().map(|name| (key(name), Some(live_on(on))));
        let event = Event::Streams(Streams { complete: true, generation: 0, streams: states.collect() });
        self.observe(part, event);
    }

    fn publish(&mut self, name: &str, stream: &str) {
        self.change(name, stream, Some(live_on(name)));
    }

    fn unpublish(&mut self, name: &str, stream: &str) {
        self.change(name, stream, None);
    }

    fn change(&mut self, name: &str, stream: &str, state: Option<StreamState>) {
        let streams = vec![(key(stream), state)];
        self.observe(origin(name), Event::Streams(Streams { complete: false, generation: 0, streams }));
    }

    fn links(&mut self, name: &str, origins: &[(&str, bool)]) {
        let origins = origins.iter().map(|(name, up)| ((*name).into(), None, *up));
        self.observe(edge(name), Event::Links(Links { origins: origins.collect(), connections: 0 }));
    }

    fn gone(&mut self, name: &str) {
        self.observe(origin(name), Event::Gone);
    }

    /// One decision, and its write.
    fn step(&mut self) -> Decision {
        let time = Time { now: self.now, unix_ms: self.unix_ms };
        let decision = self.leader.decide(self.document.as_ref(), &self.desired, &self.observed, time);
        if let Some(document) = decision.write.clone() {
            self.written.push(document.clone());
            self.document = Some(document);
        }
        decision
    }

    /// Follows the leader's deadlines for as long.
    fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            let decision = self.step();
            if decision.write.is_some() {
                continue;
            }
            if self.now == end {
                return;
            }
            let next = decision.deadline.map_or(end, |deadline| deadline.min(end));
            assert!(next > self.now, "a deadline that has passed");
            self.pass(next - self.now);
        }
    }

    fn pass(&mut self, duration: Duration) {
        self.now += duration;
        self.unix_ms += u64::try_from(duration.as_millis()).expect("short");
    }

    fn document(&self) -> &Document {
        self.document.as_ref().expect("a document")
    }

    fn generation(&self) -> u64 {
        self.document().generation
    }

    /// Names and states, as the document has them.
    fn origins(&self) -> Vec<(&str, State)> {
        self.document().origins.iter().map(|origin| (&*origin.name, origin.state)).collect()
    }

    fn entries(&self) -> BTreeMap<String, &str> {
        self.document().streams.iter().map(|(entry, name)| (entry.to_string(), &**name)).collect()
    }

    fn route(&self, stream: &str) -> String {
        let table = Table::from(self.document().clone());
        table.route(&key(stream)).map(|origin| origin.name.to_string()).unwrap_or_default()
    }
}

fn desired(name: &str) -> DesiredOrigin {
    DesiredOrigin { address: format!("{name}:1936"), wish: Wish::Active }
}

fn origin(name: &str) -> Part {
    Part::Origin(name.into())
}

fn edge(name: &str) -> Part {
    Part::Edge(name.into())
}

fn key(stream: &str) -> Key {
    Key::of("live", stream).expect("valid")
}

fn live_on(origin: &str) -> StreamState {
    let publication = PublicationId { edge: BootId(1), counter: 1 };
    StreamState { origin: origin.into(), publication: Some((publication, Term::default())), held: false }
}

/// The first stream `s0`, `s1`... whose default among `origins` is `on`.
fn stream_of(on: &str, origins: &[&str]) -> String {
    streams_of(on, origins).next().expect("one")
}

fn streams_of(on: &str, origins: &[&str]) -> impl Iterator<Item = String> {
    let table = Table::from(super::first(&Cluster::new(origins).desired, 1));
    (0..)
        .map(|index| format!("s{index}"))
        .filter(move |name| table.route(&key(name)).is_some_and(|origin| &*origin.name == on))
}

const MOMENT: Duration = Duration::from_millis(400);
