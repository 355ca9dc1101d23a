//! One publisher: what it sends, and what became of it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use livecluster_mrtmp::id::PublicationId;
use livecluster_rtmp::Message;

use super::payload::{Part, Payload};

/// A publisher.
#[derive(Debug)]
pub struct Publisher {
    /// The edge where it publishes.
    pub edge: usize,
    /// The stream.
    pub stream: String,
    /// What became of it.
    pub state: State,
    /// Messages that its edge has read from it.
    pub sent: u64,
    /// It sends; else its connection is there and silent.
    pub sends: bool,
    /// It was told not to send for now.
    pub slowed: bool,
    /// Time between two messages.
    pub every: Duration,
    /// Messages from one keyframe to the next.
    pub keyframe_every: u64,
    /// Bytes of each message, above what the harness needs.
    pub len: usize,
    /// The longest time that it was silent after it might publish.
    pub silence: Duration,
    /// The key that shows who it is; empty: none.
    pub secret: String,
    /// When it was told that its end is stable, or that it need not wait.
    pub confirmed: Option<Duration>,
    /// It was revoked in favour of one who had the stream before, or who showed the same key.
    pub gave_way: bool,
    pub(super) run: u64,
    pub(super) publication: PublicationId,
    pub(super) activity: Arc<AtomicU64>,
    pub(super) newest: Duration,
    pub(super) asked: Duration,
    pub(super) accepted: Duration,
    pub(super) version: u64,
    pub(super) pending: Vec<Part>,
    pub(super) since_keyframe: u64,
}

/// What became of a publisher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It has no answer yet.
    Asked,
    /// It publishes.
    Publishing,
    /// It stopped.
    Unpublished,
    /// Its edge died.
    Lost,
    /// It might not publish: the code.
    Refused(String),
    /// Another took its stream.
    Revoked,
    /// No origin answered for too long.
    HoldEnded,
}

impl Publisher {
    /// Whether it can send now.
    pub fn may_send(&self) -> bool {
        self.state == State::Publishing && self.sends && !self.slowed
    }

    /// Whether it is still connected.
    pub fn is_there(&self) -> bool {
        matches!(self.state, State::Asked | State::Publishing)
    }

    /// From the next message on, another configuration is in force.
    pub fn change_configuration(&mut self) {
        self.version += 1;
        self.pending = CONFIGURATIONS.to_vec();
    }

    /// Its next message, sent at this time.
    pub(super) fn next_message(&mut self, now: Duration) -> Message {
        self.silence = self.silence.max(now - self.newest);
        self.newest = now;
        let payload = Payload { part: self.next_part(), run: self.run, number: self.sent, version: self.version };
        self.sent += 1;
        payload.message(self.timestamp(now), self.len)
    }

    fn next_part(&mut self) -> Part {
        if let Some(part) = self.pending.pop() {
            return part;
        }
        self.since_keyframe += 1;
        if self.since_keyframe >= self.keyframe_every {
            self.since_keyframe = 0;
            return Part::Keyframe;
        }
        match self.since_keyframe % 2 {
            0 => Part::Audio,
            _ => Part::Inter,
        }
    }

    /// Every publisher counts from a time of its own.
    fn timestamp(&self, now: Duration) -> u32 {
        let start = self.run.wrapping_mul(977_000_000) as u32;
        start.wrapping_add((now - self.asked).as_millis() as u32)
    }
}

/// What a publisher begins with, and what it sends when its configuration changes; the last one first.
pub(super) const CONFIGURATIONS: [Part; 4] =
    [Part::Keyframe, Part::AudioConfiguration, Part::VideoConfiguration, Part::Metadata];
