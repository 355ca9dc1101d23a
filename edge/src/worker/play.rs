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
    pub audio: bool,
    pub video: bool,
    /// Video goes on at a keyframe.
    pub awaits_keyframe: bool,
    /// How much media it wants, and the time of the first message of it.
    pub duration: Option<(Duration, Option<u32>)>,
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
    pub const ALL: Self = Self {
        paused: false,
        audio: true,
        video: true,
        awaits_keyframe: false,
        duration: None,
    };

    /// Whether this message is for the viewer.
    pub fn take(&mut self, entry: &Entry) -> bool {
        match entry.media() {
            Media::Audio => self.audio,
            Media::Video if !self.video => false,
            Media::Video if self.awaits_keyframe && !entry.is_header() => {
                self.awaits_keyframe = !entry.is_keyframe();
                !self.awaits_keyframe
            }
            _ => true,
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

impl Watch {
    /// The start of a viewer: at the latest start point, or behind a feed that is already over.
    pub fn new(feed: Arc<Feed>, group: GroupId) -> Self {
        let is_over = feed.closed() == Some(Closed::Ended);
        let cursor = match is_over {
            true => Cursor::at(feed.log().next()),
            false => Cursor::new(),
        };
        Self {
            feed,
            group,
            cursor,
            knows_absence: is_over,
            has_begun: false,
        }
    }

    /// Begins anew at the next start point.
    pub fn restart(&mut self) {
        self.cursor.wait_for_start_point(&self.feed.log());
        self.has_begun = false;
    }

    /// Looks where the viewer stands.
    pub fn step(&mut self, stream_id: u32, chunk_size: usize) -> Next {
        let log = self.feed.log();
        match self.cursor.step(&log) {
            Step::Read => Next::Write(Vec::new(), 0),
            Step::Jump { headers, skipped } => {
                let headers = self.at_start(&log, &headers, stream_id, chunk_size);
                Next::Write(headers, skipped)
            }
            Step::Wait | Step::End => self.feed.closed().map_or(Next::Wait, Next::Closed),
        }
    }

    /// Headers for someone who starts get the time of the start: players take the first time they see for the
    /// beginning.
    fn at_start(
        &self,
        log: &Broadcast,
        headers: &[Arc<Entry>],
        stream_id: u32,
        chunk_size: usize,
    ) -> Vec<Chunked> {
        let start = log
            .get(self.cursor.next())
            .map_or(0, |entry| entry.message.timestamp);
        let start = start.wrapping_add(self.feed.offset());
        let shift = |header: &Entry| start.wrapping_sub(header.message.timestamp);
        headers
            .iter()
            .map(|header| header.rechunk(stream_id, shift(header), chunk_size))
            .collect()
    }
}
