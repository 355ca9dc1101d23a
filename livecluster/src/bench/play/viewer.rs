//! What one viewer sees: a pure check of its messages.

use std::time::Duration;

use livecluster_rtmp::Message;
use livecluster_rtmp::codec::{Role, classify};
use livecluster_rtmp::message::Kind;

use super::counts::Counts;
use super::track::{Seen, Span, Track};
use crate::bench::mark::Mark;

/// The state of a viewer. All times are since the Unix epoch.
#[derive(Debug)]
pub struct Viewer {
    stage: Stage,
    pauses: Pauses,
    own: Tracks,
    /// The connection that it has opened since it was asked to move.
    next: Option<Box<Next>>,
}

/// A connection beside the viewer's own, until that one is closed.
#[derive(Debug)]
struct Next {
    asked: Duration,
    /// When its first keyframe came.
    began: Option<Duration>,
    tracks: Tracks,
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
        Self { stage: Stage::Waiting, pauses: Pauses::default(), own: Tracks::new(publisher), next: None }
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

    /// A message of the stream has come. Returns whether it is news: a frame that did not come over the next connection.
    pub fn handle(&mut self, message: &Message, now: Duration, counts: &mut Counts) -> bool {
        let classified = classify(message.kind, &message.payload);
        if classified.is_keyframe() {
            self.begin(now, counts);
        }
        let Stage::Watching { asked } = self.stage else {
            return false;
        };
        match classified.role {
            Role::SequenceEnd => self.end(),
            Role::Frame | Role::Keyframe => {
                let seen = Seen { now, asked };
                return self.check(message, seen, counts);
            }
            Role::Header(_) | Role::Command => {}
        }
        false
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

    fn check(&mut self, message: &Message, seen: Seen, counts: &mut Counts) -> bool {
        let other = self.next.as_mut().and_then(|next| next.tracks.span_of(message.kind));
        let is_news = self.own.check(message, seen, other, counts);
        if is_news {
            self.pauses.hear(seen.now);
        }
        is_news
    }

    /// A message has come over the connection that the viewer opened when it was asked to move.
    /// Returns whether it is news.
    pub fn handle_next(&mut self, message: &Message, now: Duration, counts: &mut Counts) -> bool {
        let classified = classify(message.kind, &message.payload);
        let Some(next) = &mut self.next else {
            return false;
        };
        if classified.is_keyframe() {
            next.began.get_or_insert(now);
        }
        if next.began.is_none() || !matches!(classified.role, Role::Frame | Role::Keyframe) {
            return false;
        }
        let (seen, other) = (Seen { now, asked: next.asked }, self.own.span_of(message.kind));
        let is_news = next.tracks.check(message, seen, other, counts);
        if is_news {
            self.begin(now, counts);
            self.pauses.hear(now);
        }
        is_news
    }

    /// It has been let in once more, since it was asked to move, and sends the play command.
    pub fn ask_next(&mut self, now: Duration) {
        self.next = Some(Box::new(Next { asked: now, began: None, tracks: Tracks::new(self.own.publisher) }));
    }

    /// Whether all that comes is on the next connection, so that the one before can be closed: from a keyframe on, and
    /// without a hole between the two, or it is not waited for any longer.
    pub fn may_go_over(&self, now: Duration) -> bool {
        self.next.as_ref().is_some_and(|next| {
            let waited = next.began.map(|began| now.saturating_sub(began));
            waited.is_some_and(|waited| waited >= CATCH_UP || next.tracks.join(&self.own))
        })
    }

    /// The connection before is closed: the viewer has moved.
    pub fn go_over(&mut self, counts: &mut Counts) {
        if let Some(next) = self.next.take() {
            let own = std::mem::replace(&mut self.own, next.tracks);
            self.own.follow(&own, counts);
            counts.moved += 1;
        }
    }

    /// The highest frame that has come, of video and of audio.
    pub fn latest(&self) -> [Option<u32>; 2] {
        [&self.own.video, &self.own.audio].map(Track::highest)
    }

    /// The longest pause between two frames, the one until `now` included; `None` before the first frame.
    pub fn longest_pause(&self, now: Duration) -> Option<Duration> {
        matches!(self.stage, Stage::Watching { .. }).then(|| self.pauses.longest(now))
    }
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

/// Video and audio of one connection.
#[derive(Debug)]
struct Tracks {
    /// The number of the publisher whose stream this is.
    publisher: u32,
    video: Track,
    audio: Track,
}

impl Tracks {
    fn new(publisher: u32) -> Self {
        Self { publisher, video: Track::default(), audio: Track::default() }
    }

    fn of(&mut self, kind: Kind) -> Option<&mut Track> {
        match kind {
            Kind::VIDEO => Some(&mut self.video),
            Kind::AUDIO => Some(&mut self.audio),
            _ => None,
        }
    }

    fn span_of(&mut self, kind: Kind) -> Option<Span> {
        self.of(kind)?.span()
    }

    /// Takes a frame. Returns whether it is news: it is not in `other`, which has come over another connection.
    fn check(&mut self, message: &Message, seen: Seen, other: Option<Span>, counts: &mut Counts) -> bool {
        let publisher = self.publisher;
        let Some(track) = self.of(message.kind) else {
            return false;
        };
        let mark = Mark::of(message);
        let has_come = mark.is_some_and(|mark| track.had(&mark) || other.is_some_and(|span| span.has(&mark)));
        if let Some(mark) = mark {
            let length = u32::try_from(message.payload.len()).unwrap_or(u32::MAX);
            counts.damaged += u64::from(mark.publisher != publisher || mark.length != length);
            counts.marked += u64::from(!has_come);
            track.take(&mark, counts);
            // What the server had kept for late joiners is as old as it is.
            if !has_come && mark.sent >= seen.asked {
                counts.latency.record(seen.now.saturating_sub(mark.sent));
            }
        }
        track.check_timestamp(message.timestamp, counts);
        match has_come {
            true => counts.overlap += 1,
            false => counts.frames += 1,
        }
        !has_come
    }

    fn join(&self, earlier: &Self) -> bool {
        self.video.joins(&earlier.video) && self.audio.joins(&earlier.audio)
    }

    fn follow(&mut self, earlier: &Self, counts: &mut Counts) {
        self.video.follow(&earlier.video, counts);
        self.audio.follow(&earlier.audio, counts);
    }
}

/// How long frames that only the connection before has are waited for once the next one shows a picture.
const CATCH_UP: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
