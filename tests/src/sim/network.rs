//! Frames between edges and origins: links come up, carry, and are lost.

use std::time::Duration;

use livecluster_edge::core as edge;
use livecluster_mrtmp::Frame;
use livecluster_mrtmp::link::Role;
use livecluster_origin::core as origin;

use super::node::Process;
use super::wire::{Cut, End, Parcel, Way, Wire};
use super::{Event, World};

impl World {
    /// Does what an edge's core wants done, and lets its viewers read.
    pub(super) fn after_edge(&mut self, at: usize) {
        while let Some(output) = self.edges[at].core.poll_output() {
            match output {
                edge::Output::Wake(link) => match self.edges[at].wires.get(&link).copied() {
                    Some(wire) => self.set_pump(wire, Way::Up, self.now),
                    None => self.edge_reports(at, link),
                },
                edge::Output::Dial(origin) => self.want_link(at, &origin),
                edge::Output::Gap(gap) => self.longest_gap = self.longest_gap.max(gap.length),
                edge::Output::Client { client, event, .. } => self.tell(at, client, event),
            }
        }
        self.let_viewers_read(at);
    }

    /// Does what an origin's core wants done.
    pub(super) fn after_origin(&mut self, at: usize) {
        while let Some(origin::Output::Wake(link)) = self.origins[at].core().and_then(|core| core.poll_output()) {
            match self.origins[at].wires.get(&link).copied() {
                Some(wire) => self.set_pump(wire, Way::Down, self.now),
                None => self.origin_reports(at, link),
            }
        }
    }

    fn set_pump(&mut self, wire: usize, way: Way, at: Duration) {
        let lane = self.wires[wire].lane(way);
        if !std::mem::replace(&mut lane.pump_is_set, true) {
            self.schedule(at, Event::Pump(wire, way));
        }
    }

    /// Sends what a core has for a link, as fast as the wire takes it.
    pub(super) fn pump(&mut self, at: usize, way: Way) {
        self.wires[at].lane(way).pump_is_set = false;
        loop {
            let lane = self.wires[at].lane(way);
            if lane.is_full() {
                return;
            }
            if lane.free_at > self.now {
                let free_at = lane.free_at;
                return self.set_pump(at, way, free_at);
            }
            let Some(frame) = self.poll_frame(at, way) else {
                return;
            };
            let now = self.now;
            let lane = self.wires[at].lane(way);
            lane.free_at = now + lane.pace;
            self.put(at, way, Parcel::Frame(frame));
        }
    }

    fn poll_frame(&mut self, at: usize, way: Way) -> Option<Frame> {
        let (edge, origin) = (self.wires[at].edge, self.wires[at].origin);
        match (way, self.wires[at].edge_end, self.wires[at].origin_end) {
            (Way::Up, End::Open(link), _) => {
                let now = self.instant();
                let frame = self.edges[edge].core.poll_frame(link, now);
                self.after_edge(edge);
                frame
            }
            (Way::Down, _, End::Open(link)) => {
                let now = self.origin_now(origin);
                let frame = self.origins[origin].core()?.poll_frame(link, now);
                self.after_origin(origin);
                frame
            }
            _ => None,
        }
    }

    fn put(&mut self, at: usize, way: Way, parcel: Parcel) {
        let (least, most) = self.setup.delay;
        let arrival = self.now + self.random.between(least, most);
        if let Some(arrival) = self.wires[at].lane(way).send(parcel, arrival) {
            self.schedule(arrival, Event::Arrive(at, way));
        }
    }

    /// Hands over what has arrived, unless nobody takes it now.
    pub(super) fn arrive(&mut self, at: usize, way: Way) {
        let origin = self.wires[at].origin;
        let frozen = way == Way::Up && matches!(self.origins[origin].process, Process::Frozen(..));
        if frozen {
            return;
        }
        let now = self.now;
        let Some(parcel) = self.wires[at].lane(way).take(now) else {
            return;
        };
        match parcel {
            Parcel::Hello => self.edge_link_up(at),
            Parcel::Frame(frame) => {
                for frame in self.tamper(at, way, frame) {
                    self.deliver(at, way, frame);
                }
            }
        }
        self.set_pump(at, way, now);
    }

    fn deliver(&mut self, at: usize, way: Way, frame: Frame) {
        let (edge, origin) = (self.wires[at].edge, self.wires[at].origin);
        self.trace(|| format!("wire {at} edge {edge} origin {origin} {way:?} {}", short(&frame)));
        let was_taken = match (way, self.wires[at].edge_end, self.wires[at].origin_end) {
            (Way::Down, End::Open(link), _) => {
                self.edges[edge].came_down += u64::from(matches!(frame, Frame::Media(_)));
                let now = self.instant();
                let taken = self.edges[edge].core.handle_frame(link, frame, now).is_ok();
                self.after_edge(edge);
                taken
            }
            (Way::Up, _, End::Open(link)) => {
                let now = self.origin_now(origin);
                let taken = self.origins[origin].core().is_none_or(|core| core.handle_frame(link, frame, now).is_ok());
                self.after_origin(origin);
                taken
            }
            _ => true,
        };
        if !was_taken {
            self.violate("a frame broke the protocol".to_owned());
        }
    }

    // Links come up.

    fn want_link(&mut self, edge: usize, origin: &str) {
        let Some(number) = self.origins.iter().position(|known| &*known.name == origin) else {
            return;
        };
        if self.edges[edge].dialing.insert(number) {
            let (least, most) = self.setup.delay;
            let delay = self.random.between(least, most) * 2;
            self.schedule(self.now + delay, Event::Dial(edge, number, 0));
        }
    }

    pub(super) fn dial(&mut self, edge: usize, origin: usize, tries: u32) {
        let name = self.origins[origin].name.clone();
        if self.edges[edge].core.routes().origin(&name).is_none() {
            self.edges[edge].dialing.remove(&origin);
            return;
        }
        if !self.origins[origin].runs() || self.is_cut(edge, origin) {
            self.edges[edge].core.unreachable(&name);
            self.after_edge(edge);
            let delay = FIRST_RETRY * 2_u32.pow(tries.min(3));
            let delay = self.random.between(delay / 2, delay);
            return self.schedule(self.now + delay, Event::Dial(edge, origin, tries + 1));
        }
        self.connect(edge, origin);
    }

    /// The origin is the first to know that the hello has succeeded.
    fn connect(&mut self, edge: usize, origin: usize) {
        self.trace(|| format!("edge {edge} reaches origin {origin}"));
        for wire in 0..self.wires.len() {
            let old = &mut self.wires[wire];
            if old.edge == edge && old.origin == origin && old.origin_end != End::Closed {
                old.down.tear(0);
                self.origin_notices(wire);
            }
        }
        let peer = origin::Peer { name: self.edges[edge].name.clone(), role: Role::Edge, boot: self.edges[edge].boot };
        let now = self.origin_now(origin);
        let Some(core) = self.origins[origin].core() else {
            return;
        };
        let link = core.link_up(peer, now);
        let at = self.wires.len();
        self.wires.push(Wire::new(edge, origin, link));
        self.origins[origin].wires.insert(link, at);
        self.put(at, Way::Down, Parcel::Hello);
        self.after_origin(origin);
    }

    fn edge_link_up(&mut self, at: usize) {
        let (edge, origin) = (self.wires[at].edge, self.wires[at].origin);
        if self.wires[at].edge_end != End::Opening {
            return;
        }
        let peer =
            edge::Peer { name: self.origins[origin].name.clone(), role: Role::Origin, boot: self.origins[origin].boot };
        let now = self.instant();
        let link = self.edges[edge].core.link_up(peer, now);
        self.wires[at].edge_end = End::Open(link);
        self.edges[edge].wires.insert(link, at);
        self.edges[edge].dialing.remove(&origin);
        self.after_edge(edge);
    }

    // Links are lost.

    /// Whether no connection between these two can be made.
    fn is_cut(&self, edge: usize, origin: usize) -> bool {
        self.cuts.contains(&(edge, origin))
    }

    /// The connection of these two is lost. A random part of what is under way still arrives; each end finds out at a
    /// time of its own.
    pub fn break_link(&mut self, edge: usize, origin: usize, cut: Cut) {
        for at in 0..self.wires.len() {
            let wire = &self.wires[at];
            if (wire.edge, wire.origin) == (edge, origin) && !wire.is_closed() {
                self.break_wire(at, cut);
            }
        }
    }

    /// From now on the connection of these two takes this time for each frame.
    pub fn slow_down(&mut self, edge: usize, origin: usize, pace: Duration) {
        for wire in &mut self.wires {
            if (wire.edge, wire.origin) == (edge, origin) {
                (wire.up.pace, wire.down.pace) = (pace, pace);
            }
        }
    }

    pub(super) fn break_wire(&mut self, at: usize, cut: Cut) {
        self.trace(|| format!("wire {at} breaks, {cut:?}"));
        for way in [Way::Up, Way::Down].into_iter().filter(|way| cut.has(*way)) {
            let under_way = self.wires[at].lane(way).under_way.len();
            let kept = self.random.index(under_way + 1);
            self.wires[at].lane(way).tear(kept);
        }
        let notice = self.setup.notice;
        let (origin_late, edge_late) =
            (self.random.between(Duration::ZERO, notice), self.random.between(Duration::ZERO, notice));
        self.schedule(self.now + origin_late, Event::OriginNotices(at));
        self.schedule(self.now + edge_late, Event::EdgeNotices(at));
    }

    pub(super) fn edge_notices(&mut self, at: usize) {
        let (edge, origin) = (self.wires[at].edge, self.wires[at].origin);
        let end = std::mem::replace(&mut self.wires[at].edge_end, End::Closed);
        self.wires[at].up.tear(usize::MAX);
        self.trace(|| format!("edge {edge} notices that wire {at} is lost"));
        match end {
            End::Open(link) => {
                self.edges[edge].wires.remove(&link);
                let now = self.instant();
                self.leave_with_link(edge);
                self.edges[edge].core.link_down(link, now);
                self.after_edge(edge);
            }
            End::Opening => self.schedule(self.now, Event::Dial(edge, origin, 1)),
            End::Closed => {}
        }
        if self.wires[at].origin_end != End::Closed {
            let (least, most) = self.setup.delay;
            let late = self.random.between(least, most);
            self.schedule(self.now + late, Event::OriginNotices(at));
        }
    }

    pub(super) fn origin_notices(&mut self, at: usize) {
        let origin = self.wires[at].origin;
        if matches!(self.origins[origin].process, Process::Frozen(..)) {
            return;
        }
        self.wires[at].down.tear(usize::MAX);
        let end = std::mem::replace(&mut self.wires[at].origin_end, End::Closed);
        let now = self.origin_now(origin);
        if let End::Open(link) = end {
            self.trace(|| format!("origin {origin} notices that wire {at} is lost"));
            self.origins[origin].wires.remove(&link);
            if let Some(core) = self.origins[origin].core() {
                core.link_down(link, now);
            }
            self.after_origin(origin);
            let (least, most) = self.setup.delay;
            let late = self.random.between(least, most);
            self.schedule(self.now + late, Event::EdgeNotices(at));
        }
    }
}

/// A frame in a trace: media without its payload.
fn short(frame: &Frame) -> String {
    match frame {
        Frame::Media(media) => format!("Media {} #{}", media.id, media.sequence),
        Frame::Header(media) => format!("Header {} #{}", media.id, media.sequence),
        frame => format!("{frame:?}"),
    }
}

const FIRST_RETRY: Duration = Duration::from_millis(100);
