//! One viewer: it follows feeds as the fan-out does, and notes whatever a viewer must not see.

use std::collections::BTreeSet;
use std::sync::Arc;

use livecluster_edge::core::{Closed, Feed};
use livecluster_rtmp::broadcast::{Cursor, Entry, Step};

use super::payload::{Part, Payload};

/// A viewer.
#[derive(Debug, Default)]
pub struct Viewer {
    /// The edge where it plays.
    pub edge: usize,
    /// The stream.
    pub stream: String,
    /// What it has seen, one passage for each publication, oldest first.
    pub passages: Vec<Passage>,
    /// Messages that were lost to it inside a publication.
    pub holes: Vec<Hole>,
    /// How often it was told that the publisher stopped.
    pub unpublished: usize,
    /// Why it is no longer there.
    pub gone: Option<String>,
    /// What it must not have seen.
    pub violations: Vec<String>,
    feed: Option<Arc<Feed>>,
    cursor: Cursor,
    /// It reads its feed; else it waits for the successor of one that was closed when it came.
    reads: bool,
    told: bool,
    /// Why the next message may have another number than the one that follows.
    jumped: Option<&'static str>,
    needs_keyframe: bool,
    newest: Option<u32>,
    video: Option<u64>,
    audio: Option<u64>,
    past: BTreeSet<u64>,
}

/// What a viewer saw of one publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passage {
    /// The publisher's index.
    pub run: u64,
    /// The first number.
    pub first: u64,
    /// The number that it needs next.
    pub next: u64,
    /// It was told that the publisher stopped.
    pub ended: bool,
}

/// A hole in what a viewer saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hole {
    /// The publisher's index.
    pub run: u64,
    /// The first number that was lost.
    pub from: u64,
    /// The first number after it.
    pub to: u64,
    /// Why.
    pub reason: &'static str,
}

impl Viewer {
    pub(super) fn new(edge: usize, stream: &str) -> Self {
        Self { edge, stream: stream.to_owned(), ..Self::default() }
    }

    /// It was let in.
    pub fn join(&mut self, feed: Arc<Feed>) {
        if self.feed.is_some() {
            self.violations.push("joined twice".to_owned());
        }
        self.reads = feed.closed().is_none();
        self.feed = Some(feed);
        self.start(Cursor::new(), "join");
    }

    /// It was let in, and has not left.
    pub fn is_watching(&self) -> bool {
        self.feed.is_some() && self.gone.is_none()
    }

    /// It leaves, or has to.
    pub fn leave(&mut self, why: &str) {
        self.gone = Some(why.to_owned());
        self.feed = None;
    }

    /// Bytes of the log that it reads.
    pub fn log_bytes(&self) -> usize {
        self.feed.as_ref().map_or(0, |feed| feed.log().bytes())
    }

    /// Reads all there is.
    pub fn read(&mut self) {
        while let Some(feed) = self.feed.clone() {
            if self.reads {
                self.read_to_the_end(&feed);
                self.note_end(&feed);
            }
            let Some(successor) = feed.successor() else {
                return;
            };
            self.feed = Some(Arc::clone(successor));
            self.reads = true;
            self.told = false;
            self.start(Cursor::following(), "successor");
        }
    }

    fn start(&mut self, cursor: Cursor, why: &'static str) {
        self.cursor = cursor;
        self.jumped = Some(why);
        self.needs_keyframe = true;
    }

    fn read_to_the_end(&mut self, feed: &Feed) {
        loop {
            let log = feed.log();
            match self.cursor.step(&log) {
                Step::Jump { headers, skipped } => {
                    drop(log);
                    self.jump(&headers, skipped);
                }
                Step::Read => {
                    let entries: Vec<_> = log.range(self.cursor.next()).cloned().collect();
                    drop(log);
                    for entry in entries {
                        self.take(&entry, feed.offset());
                        self.cursor.advance_to(entry.sequence + 1);
                    }
                }
                Step::Wait | Step::End => return,
            }
        }
    }

    fn note_end(&mut self, feed: &Feed) {
        if feed.closed() == Some(Closed::Ended) && !std::mem::replace(&mut self.told, true) {
            self.unpublished += 1;
            if let Some(passage) = self.passages.last_mut() {
                passage.ended = true;
            }
        }
    }

    fn jump(&mut self, headers: &[Arc<Entry>], skipped: u64) {
        if skipped > 0 {
            self.jumped = Some("lag");
            self.needs_keyframe = true;
        }
        for header in headers {
            match Payload::of(&header.message) {
                Some(payload) => self.note_configuration(payload),
                None => self.violations.push("header of nobody".to_owned()),
            }
        }
    }

    fn take(&mut self, entry: &Entry, offset: u32) {
        let Some(payload) = Payload::of(&entry.message) else {
            return self.violations.push("message of nobody".to_owned());
        };
        if payload.number != entry.sequence {
            self.violations.push(format!(
                "message {} of publisher {} came under number {}",
                payload.number, payload.run, entry.sequence
            ));
        }
        self.check_order(payload);
        self.check_time(payload, entry.message.timestamp.wrapping_add(offset));
        self.note_configuration(payload);
        self.check_decoding(payload);
    }

    fn check_order(&mut self, payload: Payload) {
        let jumped = self.jumped.take();
        let Payload { run, number, .. } = payload;
        let Some(passage) = self.passages.last_mut().filter(|last| last.run == run) else {
            return self.begin(payload);
        };
        let next = std::mem::replace(&mut passage.next, number + 1);
        if passage.ended {
            self.violations.push(format!("publisher {run} goes on at {number} after its end"));
        }
        if number < next {
            passage.next = next;
            self.violations.push(format!("publisher {run} repeats {number} after {}", next - 1));
        }
        if number > next {
            let reason = jumped.unwrap_or("silent");
            self.holes.push(Hole { run, from: next, to: number, reason });
            if jumped.is_none() {
                self.violations.push(format!("publisher {run} goes on at {number} instead of {next}"));
            }
        }
    }

    fn begin(&mut self, Payload { run, number, .. }: Payload) {
        if let Some(last) = self.passages.last() {
            self.past.insert(last.run);
        }
        if self.past.contains(&run) {
            self.violations.push(format!("publisher {run} came back at {number}"));
        }
        self.passages.push(Passage { run, first: number, next: number + 1, ended: false });
    }

    fn check_time(&mut self, payload: Payload, time: u32) {
        let steps_back = self.newest.is_some_and(|newest| time.wrapping_sub(newest) > u32::MAX / 2);
        if steps_back {
            self.violations.push(format!("time steps back from {:?} to {time} at {payload:?}", self.newest));
        }
        self.newest = Some(time);
    }

    fn note_configuration(&mut self, payload: Payload) {
        match payload.part {
            Part::VideoConfiguration => self.video = Some(id(payload)),
            Part::AudioConfiguration => self.audio = Some(id(payload)),
            _ => {}
        }
    }

    fn check_decoding(&mut self, payload: Payload) {
        let known = match payload.part {
            Part::Keyframe | Part::Inter => self.video,
            Part::Audio => self.audio,
            _ => return,
        };
        if known != Some(id(payload)) {
            self.violations.push(format!("{payload:?} came without its configuration ({known:?})"));
        }
        if payload.part == Part::Inter && self.needs_keyframe {
            self.violations.push(format!("{payload:?} came before a keyframe"));
        }
        if payload.part == Part::Keyframe {
            self.needs_keyframe = false;
        }
    }
}

/// A configuration's identity: whose it is, and its version.
fn id(payload: Payload) -> u64 {
    payload.run << 32 | payload.version
}
