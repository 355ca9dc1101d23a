//! What one viewer watches on one message stream: its place in a feed, and what it wants of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use livecluster_mrtmp::route::Key;
use livecluster_rtmp::broadcast::{Broadcast, Cursor, Entry, Step};
use livecluster_rtmp::chunk::Chunked;
use livecluster_rtmp::codec::Media;

use super::group::GroupId;
use crate::core::{Closed, Feed};

/// A play.
#[derive(Debug)]
pub(super) struct Play {
    pub stream_id: u32,
    /// Names it to the core; never used again on this connection.
    pub ticket: u32,
    pub key: Key,
    /// Until its first media is written.
    pub asked_at: Option<Instant>,
    /// Its place, once an origin has let it in.
    pub watch: Option<Watch>,
    pub wants: Wants,
}

/// A place in a feed.
#[derive(Debug)]
pub(super) struct Watch {
    pub feed: Arc<Feed>,
    pub group: GroupId,
    pub cursor: Cursor,
    /// The client knows that nobody publishes.
    pub knows_absence: bool,
    /// It has got its first media since it began or began anew.
    pub has_begun: bool,
}

/// What a viewer wants to get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wants {
    pub paused: bool,
    pub audio: Receive,
    pub video: Receive,
    /// How much media it wants, and the time of the first message of it.
    pub duration: Option<(Duration, Option<u32>)>,
}

/// Whether a viewer gets audio, or video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Receive {
    On,
    Off,
    /// It goes on where decoding can start, with the headers in force there: they may have changed in the meantime.
    Awaits,
}

/// Whether a message goes to a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Not,
    Itself,
    /// Behind the headers of its kind that are in force.
    WithHeaders,
}

/// What a play does next.
#[derive(Debug)]
pub(super) enum Next {
    /// There are messages to write, behind these headers. So many were lost to the viewer.
    Write(Vec<Chunked>, u64),
    /// There is nothing now.
    Wait,
    /// It has read all of a feed that is closed.
    Closed(Closed),
}

impl Wants {
    pub const ALL: Self = Self { paused: false, audio: Receive::On, video: Receive::On, duration: None };

    /// Whether this message is for the viewer.
    pub fn take(&mut self, entry: &Entry) -> Taken {
        match entry.media() {
            Media::Audio => self.audio.take(!entry.is_header()),
            Media::Video => self.video.take(entry.is_keyframe()),
            Media::Data | Media::Other => Taken::Itself,
        }
    }

    /// Whether headers of this kind go to a viewer who starts.
    fn takes_headers_of(&self, media: Media) -> bool {
        match media {
            Media::Audio => self.audio == Receive::On,
            Media::Video => self.video == Receive::On,
            Media::Data | Media::Other => true,
        }
    }

    /// Whether this message is behind what the viewer wants. Zero is one frame.
    pub fn is_beyond(&mut self, entry: &Entry) -> bool {
        let Some((duration, began)) = &mut self.duration else {
            return false;
        };
        let time = entry.message.timestamp;
        let first = began.is_none();
        let elapsed = time.wrapping_sub(*began.get_or_insert(time));
        !first && Duration::from_millis(elapsed.into()) >= *duration
    }
}

impl Receive {
    /// The client has switched it on or off.
    pub fn switch(&mut self, on: bool) {
        *self = match (*self, on) {
            (_, false) => Self::Off,
            (Self::On, true) => Self::On,
            (Self::Off | Self::Awaits, true) => Self::Awaits,
        };
    }

    fn take(&mut self, starts: bool) -> Taken {
        match self {
            Self::On => Taken::Itself,
            Self::Awaits if starts => {
                *self = Self::On;
                Taken::WithHeaders
            }
            Self::Off | Self::Awaits => Taken::Not,
        }
    }
}

impl Play {
    /// The headers in force at a message, of its kind.
    pub fn headers_at(&self, log: &Broadcast, entry: &Entry, chunk_size: usize) -> Vec<Chunked> {
        let mut headers = log.headers(0, entry.sequence);
        headers.retain(|header| header.media() == entry.media());
        let offset = self.watch.as_ref().map_or(0, |watch| watch.feed.offset());
        at_time(&headers, entry.message.timestamp.wrapping_add(offset), self.stream_id, chunk_size)
    }
}

impl Watch {
    /// The start of a viewer: at the latest start point, or behind a feed that is already over.
    pub fn new(feed: Arc<Feed>, group: GroupId) -> Self {
        let is_over = feed.closed() == Some(Closed::Ended);
        let cursor = match is_over {
            true => Cursor::at(feed.log().next()),
            false => Cursor::new(),
        };
        Self { feed, group, cursor, knows_absence: is_over, has_begun: false }
    }

    /// The place of a viewer that has read all of the feed before.
    pub fn following(feed: Arc<Feed>, group: GroupId) -> Self {
        Self { feed, group, cursor: Cursor::following(), knows_absence: false, has_begun: false }
    }

    /// Begins anew at the next start point.
    pub fn restart(&mut self) {
        self.cursor.wait_for_start_point(&self.feed.log());
        self.has_begun = false;
    }

    /// Looks where the viewer stands.
    pub fn step(&mut self, stream_id: u32, wants: Wants, chunk_size: usize) -> Next {
        let log = self.feed.log();
        match self.cursor.step(&log) {
            Step::Read => Next::Write(Vec::new(), 0),
            Step::Jump { mut headers, skipped } => {
                headers.retain(|header| wants.takes_headers_of(header.media()));
                let start = log.get(self.cursor.next()).map_or(0, |entry| entry.message.timestamp);
                let start = start.wrapping_add(self.feed.offset());
                Next::Write(at_time(&headers, start, stream_id, chunk_size), skipped)
            }
            Step::Wait | Step::End => self.feed.closed().map_or(Next::Wait, Next::Closed),
        }
    }
}

/// Headers for someone who starts get the time of the start: players take the first time they see for the beginning.
fn at_time(headers: &[Arc<Entry>], start: u32, stream_id: u32, chunk_size: usize) -> Vec<Chunked> {
    let shift = |header: &Entry| start.wrapping_sub(header.message.timestamp);
    headers.iter().map(|header| header.rechunk(stream_id, shift(header), chunk_size)).collect()
}
