//! What one viewer sees: a pure check of its messages.

use std::time::Duration;

use livecluster_rtmp::Message;
use livecluster_rtmp::codec::{Role, classify};
use livecluster_rtmp::message::Kind;

use super::counts::Counts;
use super::sequence::Sequence;
use crate::bench::mark::Mark;

/// The state of a viewer. All times are since the Unix epoch.
#[derive(Debug)]
pub struct Viewer {
    /// The number of the publisher whose stream it watches.
    publisher: u32,
    stage: Stage,
    pauses: Pauses,
    video: Track,
    audio: Track,
}

/// How far a viewer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It has not begun to connect.
    Waiting,
    /// It connects.
    Connecting { since: Duration },
    /// It has sent the play command.
    Asking { asked: Duration },
    /// It plays and has seen no keyframe.
    Playing { asked: Duration },
    /// It has seen a keyframe.
    Watching { asked: Duration },
}

impl Viewer {
    /// A viewer of the stream of `publisher`.
    pub fn new(publisher: u32) -> Self {
        Self {
            publisher,
            stage: Stage::Waiting,
            pauses: Pauses::default(),
            video: Track::default(),
            audio: Track::default(),
        }
    }

    /// It begins to connect.
    pub fn connect(&mut self, now: Duration) {
        self.stage = Stage::Connecting { since: now };
    }

    /// It has been let in and sends the play command.
    pub fn ask(&mut self, now: Duration, counts: &mut Counts) {
        if let Stage::Connecting { since } = self.stage {
            counts.connected += 1;
            counts.connect.record(now - since);
            self.stage = Stage::Asking { asked: now };
        }
    }

    /// Its stream plays, or will as soon as there is a publisher.
    pub fn play(&mut self, counts: &mut Counts) {
        if let Stage::Asking { asked } = self.stage {
            counts.playing += 1;
            self.stage = Stage::Playing { asked };
        }
    }

    /// Nothing comes until the stream goes on: this is no pause.
    pub fn end(&mut self) {
        self.pauses.last = None;
    }

    /// A message of the stream has come.
    pub fn handle(&mut self, message: &Message, now: Duration, counts: &mut Counts) {
        let classified = classify(message.kind, &message.payload);
        if classified.is_keyframe() {
            self.begin(now, counts);
        }
        let Stage::Watching { asked } = self.stage else {
            return;
        };
        match classified.role {
            Role::SequenceEnd => self.end(),
            Role::Frame | Role::Keyframe => {
                let seen = Seen { now, asked };
                self.check(message, seen, counts);
            }
            Role::Header(_) | Role::Command => {}
        }
    }

    /// The first keyframe, if it is.
    fn begin(&mut self, now: Duration, counts: &mut Counts) {
        // Some servers send media before they say that the stream plays.
        self.play(counts);
        if let Stage::Playing { asked } = self.stage {
            counts.watching += 1;
            counts.first_keyframe.record(now - asked);
            self.stage = Stage::Watching { asked };
        }
    }

    fn check(&mut self, message: &Message, seen: Seen, counts: &mut Counts) {
        let track = match message.kind {
            Kind::VIDEO => &mut self.video,
            Kind::AUDIO => &mut self.audio,
            _ => return,
        };
        self.pauses.hear(seen.now);
        counts.frames += 1;
        if let Some(mark) = Mark::of(message) {
            counts.marked += 1;
            let length = u32::try_from(message.payload.len()).unwrap_or(u32::MAX);
            if mark.publisher != self.publisher || mark.length != length {
                counts.damaged += 1;
            }
            track.take(&mark, seen, counts);
        }
        track.check_timestamp(message.timestamp, counts);
    }

    /// The highest frame that has come, of video and of audio.
    pub fn latest(&self) -> [Option<u32>; 2] {
        [&self.video, &self.audio].map(|track| track.sequence.map(|(_, sequence)| sequence.highest()))
    }

    /// The longest pause between two frames, the one until `now` included; `None` before the first frame.
    pub fn longest_pause(&self, now: Duration) -> Option<Duration> {
        matches!(self.stage, Stage::Watching { .. }).then(|| self.pauses.longest(now))
    }
}

/// When a frame came, and since when the viewer has wanted it.
#[derive(Clone, Copy)]
struct Seen {
    now: Duration,
    asked: Duration,
}

#[derive(Debug, Default)]
struct Pauses {
    /// The last frame; `None` while none is due.
    last: Option<Duration>,
    longest: Duration,
}

impl Pauses {
    fn hear(&mut self, now: Duration) {
        self.longest = self.longest(now);
        self.last = Some(now);
    }

    fn longest(&self, now: Duration) -> Duration {
        let pause = self.last.map(|last| now.saturating_sub(last));
        pause.unwrap_or_default().max(self.longest)
    }
}

/// Video or audio.
#[derive(Debug, Default)]
struct Track {
    /// The run of the publisher, and what has come of it.
    sequence: Option<(u32, Sequence)>,
    timestamp: Option<u32>,
}

impl Track {
    fn take(&mut self, mark: &Mark, seen: Seen, counts: &mut Counts) {
        match &mut self.sequence {
            Some((run, sequence)) if *run == mark.run => {
                counts.count(sequence.take(mark.sequence));
            }
            // The first frame, or the publisher has come back: its timestamps begin anew too.
            _ => {
                self.sequence = Some((mark.run, Sequence::new(mark.sequence)));
                self.timestamp = None;
            }
        }
        // What the server had kept for late joiners is as old as it is.
        if mark.sent >= seen.asked {
            counts.latency.record(seen.now.saturating_sub(mark.sent));
        }
    }

    /// 5.3.1: timestamps wrap around.
    fn check_timestamp(&mut self, timestamp: u32, counts: &mut Counts) {
        let back = |last: u32| last != timestamp && last.wrapping_sub(timestamp) < 1 << 31;
        if self.timestamp.replace(timestamp).is_some_and(back) {
            counts.timestamps_back += 1;
        }
    }
}

#[cfg(test)]
mod tests;
