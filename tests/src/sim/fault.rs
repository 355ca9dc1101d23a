//! What goes wrong in a simulated cluster.

use std::time::Duration;

use livecluster_mrtmp::route::Table;
use livecluster_origin::core as origin;

use super::node::Process;
use super::wire::{End, Way};
use super::{Breach, CLUSTER, Cut, Event, HEARTBEAT_LIMIT, Reader, World};

impl World {
    /// An origin's process starts, with the document that it kept, and gets the one in force later.
    pub(super) fn start_origin(&mut self, at: usize) {
        let boot = self.next_boot();
        let config = origin::Config {
            name: self.origins[at].name.clone(),
            hold: self.setup.hold,
            adoption: match self.setup.breach {
                Some(Breach::NoAdoption) => Duration::ZERO,
                _ => self.setup.adoption,
            },
            log: self.setup.log.clone(),
        };
        let now = self.origin_now(at);
        let mut core = origin::Core::new(config, CLUSTER, now);
        if let Some(document) = self.origins[at].document.clone() {
            core.set_routes(Table::from(document), now);
        }
        self.origins[at].boot = boot;
        self.origins[at].process = Process::Runs(Box::new(core));
        self.trace(|| format!("origin {at} starts"));
        self.watch(Reader::Origin(at));
    }

    /// An origin's process is gone with all that it knew.
    pub fn kill(&mut self, at: usize) {
        self.trace(|| format!("origin {at} is killed"));
        self.origins[at].process = Process::Gone;
        // Its parent knows at once; if it ran on a machine that is lost, nobody does.
        let is_known_gone = self.random.once_in(2);
        self.lose_watch(Reader::Origin(at), is_known_gone);
        self.origins[at].wires.clear();
        for wire in 0..self.wires.len() {
            if self.wires[wire].origin == at && !self.wires[wire].is_closed() {
                self.wires[wire].origin_end = End::Closed;
                self.wires[wire].up.tear(0);
                self.break_wire(wire, Cut::One(Way::Down));
            }
        }
    }

    /// An origin's process starts again at the same address.
    pub fn start(&mut self, at: usize) {
        if matches!(self.origins[at].process, Process::Gone) {
            self.start_origin(at);
            let document = Box::new(self.routes.document.clone());
            let (least, most) = self.setup.lateness;
            let late = self.random.between(least, most);
            let reader = Reader::Origin(at);
            self.schedule(self.now + late, Event::Document(reader, document));
        }
    }

    /// An origin handles nothing any more; its peers find silence.
    pub fn freeze(&mut self, at: usize) {
        self.trace(|| format!("origin {at} freezes"));
        let process = std::mem::replace(&mut self.origins[at].process, Process::Gone);
        self.origins[at].process = match process {
            Process::Runs(core) => Process::Frozen(core, self.now),
            other => other,
        };
        for wire in 0..self.wires.len() {
            if self.wires[wire].origin == at && !self.wires[wire].is_closed() {
                let least = HEARTBEAT_LIMIT * 3 / 4;
                let late = self.random.between(least, HEARTBEAT_LIMIT);
                self.after(late, move |world| world.find_silence(wire));
            }
        }
        self.after(HEARTBEAT_LIMIT, move |world| {
            if matches!(world.origins[at].process, Process::Frozen(..)) {
                world.lose_watch(Reader::Origin(at), false);
                world.watch(Reader::Origin(at));
            }
        });
    }

    fn find_silence(&mut self, wire: usize) {
        let origin = self.wires[wire].origin;
        if matches!(self.origins[origin].process, Process::Frozen(..)) {
            self.edge_notices(wire);
        }
    }

    /// An origin handles things again. If it was away for longer than the heartbeat limit it starts anew, before it
    /// reads a socket.
    pub fn thaw(&mut self, at: usize) {
        let Process::Frozen(_, since) = self.origins[at].process else {
            return;
        };
        self.trace(|| format!("origin {at} thaws"));
        let is_late = self.now - since > HEARTBEAT_LIMIT;
        if is_late && self.setup.breach != Some(Breach::OldStateAfterFreeze) {
            self.kill(at);
            return self.start(at);
        }
        self.go_on(at);
    }

    /// It goes on as if nothing had been: sockets first.
    fn go_on(&mut self, at: usize) {
        let process = std::mem::replace(&mut self.origins[at].process, Process::Gone);
        self.origins[at].process = match process {
            Process::Frozen(core, _) => Process::Runs(core),
            other => other,
        };
        for wire in 0..self.wires.len() {
            if self.wires[wire].origin == at {
                for _ in 0..self.wires[wire].up.under_way.len() {
                    self.schedule(self.now, Event::Arrive(wire, Way::Up));
                }
                if self.wires[wire].edge_end == End::Closed {
                    self.schedule(self.now, Event::OriginNotices(wire));
                }
            }
        }
        let document = Box::new(self.routes.document.clone());
        self.schedule(self.now, Event::Document(Reader::Origin(at), document));
        self.after_origin(at);
    }

    /// An edge's process is gone, with its clients; another takes its place, under its name or one of its own.
    pub fn replace_edge(&mut self, at: usize, keeps_name: bool) {
        self.trace(|| format!("edge {at} is killed"));
        self.lose_watch(Reader::Edge(at), true);
        for wire in 0..self.wires.len() {
            if self.wires[wire].edge == at && !self.wires[wire].is_closed() {
                self.wires[wire].edge_end = End::Closed;
                self.wires[wire].down.tear(0);
                self.break_wire(wire, Cut::One(Way::Up));
            }
        }
        self.lose_clients(at);
        self.queue.retain(|_, event| !matches!(event, Event::Dial(edge, ..) if *edge == at));
        let mut edge = self.new_edge(at);
        if !keeps_name {
            edge.name = format!("edge-{at}-{}", edge.boot.0).into();
        }
        self.edges[at] = edge;
        let document = self.routes.document.clone();
        self.read_document(Reader::Edge(at), document);
        self.watch(Reader::Edge(at));
    }

    /// What an origin kept over a restart is lost: its pod was deleted.
    pub fn forget_document(&mut self, at: usize) {
        self.origins[at].document = None;
    }

    /// No connection between these two can be made until [`Self::mend`], and the one that is up breaks.
    pub fn cut(&mut self, edge: usize, origin: usize, cut: Cut) {
        self.cuts.push((edge, origin));
        self.break_link(edge, origin, cut);
    }

    /// Ends [`Self::cut`].
    pub fn mend(&mut self, edge: usize, origin: usize) {
        if let Some(at) = self.cuts.iter().position(|cut| *cut == (edge, origin)) {
            self.cuts.swap_remove(at);
        }
    }
}
