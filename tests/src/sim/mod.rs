//! A simulated cluster: the cores of its edges and origins, everything between them, and clients that check what they
//! see. The same seed gives the same execution.

mod breach;
pub mod chaos;
mod check;
mod client;
mod decision;
mod fault;
mod network;
mod node;
mod operator;
mod payload;
mod publisher;
mod random;
mod routes;
mod viewer;
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use livecluster_edge::core as edge;
use livecluster_mrtmp::id::BootId;
use livecluster_mrtmp::route::Document;
use livecluster_origin::core as origin;
use livecluster_rtmp::broadcast::Limits;

pub use breach::Breach;
pub use node::{Edge, Origin};
pub use publisher::{Publisher, State};
pub use random::Random;
pub use routes::{Reader, Routes, bind, set_state};
pub use viewer::{Hole, Passage, Viewer};
pub use wire::{Cut, Way};

use node::Process;
use operator::Operator;
use wire::Wire;

/// What a cluster is made of.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Decides all that is left to chance.
    pub seed: u64,
    /// How many edges.
    pub edges: usize,
    /// How many origins.
    pub origins: usize,
    /// How long clients and publications are held.
    pub hold: Duration,
    /// How long an origin waits for resumes.
    pub adoption: Duration,
    /// What the log of a stream may keep.
    pub log: Limits,
    /// How long a frame is under way, at least and at most.
    pub delay: (Duration, Duration),
    /// How late an end notices a break, at most.
    pub notice: Duration,
    /// How late a reader gets a document, at least and at most.
    pub lateness: (Duration, Duration),
    /// Whether an operator decides on the route document; else the scenario writes it.
    pub operator: bool,
    /// The rule that is broken on purpose.
    pub breach: Option<Breach>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            seed: 1,
            edges: 2,
            origins: 1,
            hold: Duration::from_secs(120),
            adoption: Duration::from_secs(2),
            log: Limits::default(),
            delay: (Duration::from_micros(200), Duration::from_millis(3)),
            notice: HEARTBEAT_LIMIT,
            lateness: (Duration::from_millis(10), Duration::from_millis(300)),
            operator: false,
            breach: None,
        }
    }
}

/// A cluster, and the time in it.
pub struct World {
    /// What it was made of.
    pub setup: Setup,
    /// What is left to chance.
    pub random: Random,
    /// The edges.
    pub edges: Vec<Edge>,
    /// The origins.
    pub origins: Vec<Origin>,
    /// All publishers that ever were; the index is what their messages say.
    pub publishers: Vec<Publisher>,
    /// All viewers that ever were.
    pub viewers: Vec<Viewer>,
    /// The route document and its writer.
    pub routes: Routes,
    /// The longest pause of a stream at an edge whose source was lost or changed.
    pub longest_gap: Duration,
    /// What went wrong, with the time.
    pub violations: Vec<String>,
    operator: Operator,
    wires: Vec<Wire>,
    cuts: Vec<(usize, usize)>,
    queue: BTreeMap<(Duration, u64), Event>,
    queued: u64,
    boots: u64,
    start: Instant,
    now: Duration,
    traces: bool,
}

enum Event {
    /// Something arrives on this wire.
    Arrive(usize, Way),
    /// This wire can take another frame.
    Pump(usize, Way),
    /// The edge's end of this wire finds that it is lost.
    EdgeNotices(usize),
    /// The origin's end does.
    OriginNotices(usize),
    /// An edge tries to reach an origin, for the so many-th time.
    Dial(usize, usize, u32),
    /// A document comes to a reader.
    Document(Reader, Box<Document>),
    /// A publisher's next message is due.
    Send(usize),
    /// The scenario goes on.
    Script(Box<dyn FnOnce(&mut World)>),
}

impl World {
    /// A cluster in which every origin is active and every reader has the first document.
    pub fn new(setup: Setup) -> Self {
        let mut world = Self {
            random: Random::new(setup.seed),
            edges: Vec::new(),
            origins: Vec::new(),
            publishers: Vec::new(),
            viewers: Vec::new(),
            routes: Routes::default(),
            longest_gap: Duration::ZERO,
            violations: Vec::new(),
            operator: Operator::default(),
            wires: Vec::new(),
            cuts: Vec::new(),
            queue: BTreeMap::new(),
            queued: 0,
            boots: 0,
            start: Instant::now(),
            now: Duration::ZERO,
            traces: std::env::var_os("SIM_TRACE").is_some(),
            setup,
        };
        world.build();
        world
    }

    fn build(&mut self) {
        for number in 0..self.setup.edges {
            let edge = self.new_edge(number);
            self.edges.push(edge);
        }
        for number in 0..self.setup.origins {
            let boot = self.next_boot();
            self.origins.push(Origin {
                name: format!("origin-{number}").into(),
                boot,
                process: Process::Gone,
                wires: BTreeMap::new(),
                document: None,
                clock_late: 0,
            });
            self.start_origin(number);
        }
        self.write_first_document();
        if self.setup.operator {
            self.start_operator();
        }
    }

    pub(super) fn new_edge(&mut self, number: usize) -> Edge {
        let boot = self.next_boot();
        let config = edge::Config { boot, hold: self.setup.hold, log: self.setup.log.clone() };
        Edge {
            core: edge::Core::new(config, CLUSTER, self.instant()),
            came_down: 0,
            name: format!("edge-{number}").into(),
            boot,
            wires: BTreeMap::new(),
            dialing: Default::default(),
        }
    }

    fn next_boot(&mut self) -> BootId {
        self.boots += 1;
        BootId(self.boots)
    }

    /// The time since the start.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Lets this much time go by.
    pub fn run_for(&mut self, time: Duration) {
        let until = self.now + time;
        while self.step(until) {}
    }

    /// Does something after this time.
    pub fn after(&mut self, delay: Duration, act: impl FnOnce(&mut World) + 'static) {
        self.schedule(self.now + delay, Event::Script(Box::new(act)));
    }

    /// Goes to the next event, or to `until` if that is earlier.
    fn step(&mut self, until: Duration) -> bool {
        let event = self.queue.first_key_value().map(|((at, _), _)| *at);
        let next = event.into_iter().chain(self.deadline()).min();
        let Some(next) = next.filter(|next| *next <= until) else {
            self.now = until;
            return false;
        };
        self.now = self.now.max(next);
        match event {
            Some(at) if at <= self.now => {
                if let Some((_, event)) = self.queue.pop_first() {
                    self.handle(event);
                }
            }
            _ => self.handle_timeouts(),
        }
        true
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Arrive(wire, way) => self.arrive(wire, way),
            Event::Pump(wire, way) => self.pump(wire, way),
            Event::EdgeNotices(wire) => self.edge_notices(wire),
            Event::OriginNotices(wire) => self.origin_notices(wire),
            Event::Dial(edge, origin, tries) => self.dial(edge, origin, tries),
            Event::Document(reader, document) => self.read_document(reader, *document),
            Event::Send(publisher) => self.send(publisher),
            Event::Script(act) => act(self),
        }
    }

    fn schedule(&mut self, at: Duration, event: Event) {
        self.queued += 1;
        self.queue.insert((at.max(self.now), self.queued), event);
    }

    fn deadline(&mut self) -> Option<Duration> {
        let edges = self.edges.iter().filter_map(|edge| edge.core.deadline());
        let origins = self.origins.iter_mut().filter_map(|origin| origin.core()?.deadline());
        let first = edges.chain(origins).min()?;
        Some(first.saturating_duration_since(self.start))
    }

    fn handle_timeouts(&mut self) {
        let (instant, time) = (self.instant(), self.now);
        for at in 0..self.edges.len() {
            if self.edges[at].core.deadline().is_some_and(|due| due <= instant) {
                self.edges[at].core.handle_timeout(instant);
                self.after_edge(at);
            }
        }
        for at in 0..self.origins.len() {
            let now = self.origin_now(at);
            if let Some(core) = self.origins[at].core()
                && core.deadline().is_some_and(|due| due <= instant)
            {
                core.handle_timeout(now);
                self.after_origin(at);
            }
        }
        if self.deadline().is_some_and(|deadline| deadline <= time) {
            self.violate("a deadline stands still".to_owned());
            self.now += Duration::from_millis(1);
        }
    }

    fn instant(&self) -> Instant {
        self.start + self.now
    }

    fn origin_now(&self, origin: usize) -> origin::Now {
        origin::Now { instant: self.instant(), unix_ms: self.unix_ms() - self.origins[origin].clock_late }
    }

    fn unix_ms(&self) -> u64 {
        UNIX_MS + u64::try_from(self.now.as_millis()).unwrap_or(u64::MAX)
    }

    fn violate(&mut self, what: String) {
        self.trace(|| format!("VIOLATION {what}"));
        if self.violations.len() < MAX_VIOLATIONS {
            self.violations.push(format!("{:?}: {what}", self.now));
        }
    }

    /// Tells what happens on standard error, if `SIM_TRACE` is set.
    fn trace(&self, what: impl FnOnce() -> String) {
        if self.traces {
            eprintln!("{:>12.6} {}", self.now.as_secs_f64(), what());
        }
    }
}

impl fmt::Debug for World {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "world of seed {} at {:?}", self.setup.seed, self.now)
    }
}

/// Silence after which a link is lost.
pub const HEARTBEAT_LIMIT: Duration = Duration::from_millis(1200);

const CLUSTER: &str = "simulated";
/// The clock that people read, at the start.
const UNIX_MS: u64 = 1_763_839_200_000;
const MAX_VIOLATIONS: usize = 20;
