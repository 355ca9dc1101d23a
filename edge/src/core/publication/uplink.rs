//! One publication's way to one origin: a cursor on its log that never skips.

use std::collections::VecDeque;
use std::sync::Arc;

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{End, Media};
use livecluster_mrtmp::id::{Channel, Name};
use livecluster_rtmp::broadcast::{Broadcast, Entry};

use crate::core::link::LinkId;

/// The way to one origin.
#[derive(Debug)]
pub(super) struct Uplink {
    pub origin: Name,
    pub link: Option<(LinkId, Channel)>,
    pub phase: Phase,
    /// The number sent next.
    pub next: u64,
    headers: VecDeque<Arc<Entry>>,
    /// It waits in its link's queue.
    pub is_ready: bool,
}

/// What an uplink is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Without a link, or without an owner at its other end.
    Waiting,
    /// PUBLISH is sent.
    Asked,
    /// RESUME is sent.
    Resuming,
    /// Media flows.
    Feeding,
}

impl Uplink {
    pub fn to(origin: Name) -> Self {
        Self { origin, link: None, phase: Phase::Waiting, next: 0, headers: VecDeque::new(), is_ready: false }
    }

    pub fn is_feeding(&self) -> bool {
        self.phase == Phase::Feeding
    }

    /// Media flows from this number on, behind these headers.
    pub fn feed_from(&mut self, next: u64, headers: Vec<Arc<Entry>>) {
        self.phase = Phase::Feeding;
        self.next = next;
        self.headers = headers.into();
    }

    /// The link is gone, or the origin does not want it.
    pub fn rest(&mut self) {
        self.link = None;
        self.phase = Phase::Waiting;
        self.is_ready = false;
        self.headers.clear();
    }

    /// Whether something can be sent.
    pub fn has_more(&self, log: &Broadcast, limit: u64) -> bool {
        self.is_feeding() && (!self.headers.is_empty() || self.next < log.next().min(limit))
    }

    /// The next frame; nothing at or above `limit` is sent.
    pub fn next_frame(&mut self, log: &Broadcast, limit: u64) -> Option<Frame> {
        let (_, Channel(id)) = self.link.filter(|_| self.is_feeding())?;
        if let Some(header) = self.headers.pop_front() {
            return Some(Frame::Header(media(id, &header)));
        }
        if self.next >= limit {
            return None;
        }
        let sequence = self.next;
        let frame = match log.get(sequence) {
            Some(entry) => Frame::Media(media(id, entry)),
            None if log.end() == Some(sequence) => Frame::End(End { id, sequence }),
            None => return None,
        };
        self.next = sequence + 1;
        Some(frame)
    }
}

fn media(id: u32, entry: &Entry) -> Media {
    Media {
        id,
        sequence: entry.sequence,
        timestamp: entry.message.timestamp,
        kind: entry.message.kind.0,
        payload: entry.message.payload.clone(),
    }
}
