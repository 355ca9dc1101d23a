//! What goes wrong in a simulated cluster.

use std::time::Duration;

use livecluster_mrtmp::route::Table;
use livecluster_origin::core as origin;

use super::node::Process;
use super::wire::{End, Way};
use super::{Breach, CLUSTER, Cut, Event, Reader, World};

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
            log: self.setup.log,
        };
        let now = self.origin_now(at);
        let mut core = origin::Core::new(config, CLUSTER, now);
        if let Some(document) = self.origins[at].document.clone() {
            core.set_routes(Table::from(document), now);
        }
        self.origins[at].boot = boot;
        self.origins[at].process = Process::Runs(Box::new(core));
        self.trace(|| format!("origin {at} starts"));
    }

    /// An origin's process is gone with all that it knew.
    pub fn kill(&mut self, at: usize) {
        self.trace(|| format!("origin {at} is killed"));
        self.origins[at].process = Process::Gone;
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
            Process::Runs(core) => Process::Frozen(core),
            other => other,
        };
        for wire in 0..self.wires.len() {
            if self.wires[wire].origin == at && !self.wires[wire].is_closed() {
                let late = self
                    .random
                    .between(super::HEARTBEAT_LIMIT * 3 / 4, super::HEARTBEAT_LIMIT);
                self.after(late, move |world| world.find_silence(wire));
            }
        }
    }

    fn find_silence(&mut self, wire: usize) {
        let origin = self.wires[wire].origin;
        if matches!(self.origins[origin].process, Process::Frozen(_)) {
            self.edge_notices(wire);
        }
    }

    /// An origin handles things again. It was away for longer than the heartbeat limit: it starts anew, before it reads
    /// a socket.
    pub fn thaw(&mut self, at: usize) {
        self.trace(|| format!("origin {at} thaws"));
        if !matches!(self.origins[at].process, Process::Frozen(_)) {
            return;
        }
        if self.setup.breach == Some(Breach::OldStateAfterFreeze) {
            return self.thaw_with_old_state(at);
        }
        self.kill(at);
        self.start(at);
    }

    /// It goes on as if nothing had been: sockets first.
    fn thaw_with_old_state(&mut self, at: usize) {
        let process = std::mem::replace(&mut self.origins[at].process, Process::Gone);
        self.origins[at].process = match process {
            Process::Frozen(core) => Process::Runs(core),
            other => other,
        };
        for wire in 0..self.wires.len() {
            if self.wires[wire].origin != at {
                continue;
            }
            for _ in 0..self.wires[wire].up.under_way.len() {
                self.arrive(wire, Way::Up);
            }
            if self.wires[wire].edge_end == End::Closed {
                self.origin_notices(wire);
            }
        }
        if let Some(document) = self.origins[at].document.clone() {
            self.read_document(Reader::Origin(at), document);
        }
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
