//! What all viewers together have seen.

use std::collections::BTreeMap;

use super::sequence::Arrival;
use crate::bench::percentiles::Times;

/// Sums over all viewers. Frames count from a viewer's first keyframe on.
#[derive(Debug, Clone)]
pub struct Counts {
    /// Viewers that the server let in.
    pub connected: u32,
    /// Viewers whose stream plays, by the server's word or by its frames.
    pub playing: u32,
    /// Viewers that got a keyframe.
    pub watching: u32,
    /// Bytes read from sockets.
    pub bytes: u64,
    /// Video and audio messages.
    pub frames: u64,
    /// Those of them that carry a mark.
    pub marked: u64,
    /// Frames that have not come though a later one has.
    pub lost: u64,
    /// Frames that had come before.
    pub repeated: u64,
    /// Frames that came over both connections of a viewer that moved: these count once elsewhere.
    pub overlap: u64,
    /// How often viewers moved to another connection.
    pub moved: u64,
    /// Requests to move that could not be followed, and how many.
    pub unmoved: BTreeMap<String, u64>,
    /// Frames that came behind a later one.
    pub out_of_order: u64,
    /// Frames of another length or another publisher than they should be.
    pub damaged: u64,
    /// Frames with an earlier timestamp than the one before.
    pub timestamps_back: u64,
    /// From sending a frame to its arrival; of frames sent since the viewer asked to play.
    pub latency: Times,
    /// From the beginning to the play command: TCP, handshake, connect and createStream.
    pub connect: Times,
    /// From the play command to the first keyframe.
    pub first_keyframe: Times,
    /// Why viewers were lost, and how many.
    pub reasons: BTreeMap<String, u64>,
}

impl Counts {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            connected: 0,
            playing: 0,
            watching: 0,
            bytes: 0,
            frames: 0,
            marked: 0,
            lost: 0,
            repeated: 0,
            overlap: 0,
            moved: 0,
            unmoved: BTreeMap::new(),
            out_of_order: 0,
            damaged: 0,
            timestamps_back: 0,
            latency: Times::new(),
            connect: Times::new(),
            first_keyframe: Times::new(),
            reasons: BTreeMap::new(),
        }
    }

    /// Counts what a frame is to its sequence.
    pub fn count(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Next => {}
            Arrival::After { missing } => self.lost += u64::from(missing),
            Arrival::OutOfOrder => {
                self.lost -= 1;
                self.out_of_order += 1;
            }
            Arrival::Repeated => self.repeated += 1,
        }
    }

    /// Viewers that were refused or lost.
    pub fn disconnects(&self) -> u64 {
        self.reasons.values().sum()
    }
}
