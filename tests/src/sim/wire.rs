//! One connection between an edge and an origin: frames under way in both directions, and how it breaks.

use std::collections::VecDeque;
use std::time::Duration;

use livecluster_edge::core as edge;
use livecluster_mrtmp::Frame;
use livecluster_origin::core as origin;

/// A connection. Its ends come up and notice a break each at a time of its own.
#[derive(Debug)]
pub(super) struct Wire {
    pub edge: usize,
    pub origin: usize,
    pub edge_end: End<edge::LinkId>,
    pub origin_end: End<origin::LinkId>,
    pub up: Lane,
    pub down: Lane,
}

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End<T> {
    /// It does not know yet that the hello has succeeded.
    Opening,
    /// Its core knows it under this number.
    Open(T),
    /// It is closed, or its process is gone.
    Closed,
}

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// From the edge to the origin.
    Up,
    /// From the origin to the edge.
    Down,
}

/// Where a break happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// In one direction.
    One(Way),
    /// In both.
    Both,
}

/// What is under way.
#[derive(Debug)]
pub(super) enum Parcel {
    /// The end of the handshake.
    Hello,
    Frame(Frame),
}

/// One direction of a connection: first in, first out.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub under_way: VecDeque<(Duration, Parcel)>,
    /// When the newest parcel arrives.
    last: Duration,
    /// Time that it takes for one frame.
    pub pace: Duration,
    /// When the next frame can be sent.
    pub free_at: Duration,
    pub pump_is_set: bool,
    /// Nothing put in arrives any more.
    pub broken: bool,
    /// Parcels stay under way until this ends.
    pub stalled: bool,
}

impl Wire {
    pub fn new(edge: usize, origin: usize, link: origin::LinkId) -> Self {
        Self {
            edge,
            origin,
            edge_end: End::Opening,
            origin_end: End::Open(link),
            up: Lane::default(),
            down: Lane::default(),
        }
    }

    pub fn lane(&mut self, way: Way) -> &mut Lane {
        match way {
            Way::Up => &mut self.up,
            Way::Down => &mut self.down,
        }
    }

    pub fn is_closed(&self) -> bool {
        self.edge_end == End::Closed && self.origin_end == End::Closed
    }
}

impl Lane {
    /// Puts a parcel in; returns when it arrives, if it does.
    pub fn send(&mut self, parcel: Parcel, arrival: Duration) -> Option<Duration> {
        if self.broken {
            return None;
        }
        self.last = self.last.max(arrival);
        self.under_way.push_back((self.last, parcel));
        Some(self.last)
    }

    /// The first parcel, if it has arrived.
    pub fn take(&mut self, now: Duration) -> Option<Parcel> {
        if self.stalled || self.under_way.front()?.0 > now {
            return None;
        }
        self.under_way.pop_front().map(|(_, parcel)| parcel)
    }

    /// Loses all but the first `kept` parcels, and whatever is put in from now on.
    pub fn tear(&mut self, kept: usize) {
        self.under_way.truncate(kept);
        self.broken = true;
    }

    /// No more fits in for now.
    pub fn is_full(&self) -> bool {
        self.under_way.len() >= WINDOW
    }
}

impl Cut {
    /// Whether it concerns this direction.
    pub fn has(self, way: Way) -> bool {
        self == Self::Both || self == Self::One(way)
    }
}

/// Frames that the sockets of one direction hold.
const WINDOW: usize = 64;
