//! What one edge gets of one stream: a cursor on the log of the publication that it is shown.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Awaiting, Cause, End, From, Media};
use livecluster_mrtmp::id::{Group, Name, PublicationId};
use livecluster_rtmp::broadcast::Entry;

use super::context::Context;
use super::link::LinkId;
use super::publication::Publication;

/// One edge that watches.
#[derive(Debug)]
pub(super) struct Watcher {
    pub edge: Name,
    pub link: LinkId,
    pub group: Group,
    /// Since when it waits for what it asked.
    pub since: Instant,
    pub view: View,
    headers: VecDeque<Arc<Entry>>,
    /// It waits in its link's queue.
    pub is_ready: bool,
    /// What AWAITING said last.
    told_held: Option<bool>,
}

/// What the edge is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// Nothing; it has, or had, this publication up to this number.
    Waiting(Option<(PublicationId, u64)>),
    /// A publication that is its own client's.
    Local(PublicationId),
    /// A publication, from this number on.
    Showing(PublicationId, u64),
}

impl View {
    /// The publication that is shown or waited for.
    pub fn publication(self) -> Option<PublicationId> {
        match self {
            Self::Waiting(at) => at.map(|(id, _)| id),
            Self::Local(id) | Self::Showing(id, _) => Some(id),
        }
    }
}

impl Watcher {
    pub fn new(edge: Name, link: LinkId, group: Group, at: Option<(PublicationId, u64)>, now: Instant) -> Self {
        Self {
            edge,
            link,
            group,
            since: now,
            view: View::Waiting(at),
            headers: VecDeque::new(),
            is_ready: false,
            told_held: None,
        }
    }

    /// From now on nothing is shown; it has, or had, this publication up to this number.
    pub fn wait_for(&mut self, at: Option<(PublicationId, u64)>, now: Instant) {
        self.view = View::Waiting(at);
        self.since = now;
        self.headers.clear();
    }

    /// Tells the edge to wait, unless it knows.
    pub fn await_publisher(&mut self, held: bool, cx: &mut Context) {
        if self.told_held.replace(held) != Some(held) {
            cx.control(self.link, Frame::Awaiting(Awaiting { group: self.group, held }));
        }
    }

    /// Shows a publication that is the edge's own.
    pub fn show_local(&mut self, publication: &Publication, cx: &mut Context) {
        self.view = View::Local(publication.id);
        self.answer(publication, 0, Cause::Local, cx);
    }

    /// Shows a publication from this number on, behind the headers in force there.
    pub fn show_from(&mut self, publication: &Publication, start: u64, cause: Cause, cx: &mut Context) {
        self.headers = publication.log.headers(0, start).into();
        self.show(publication, start, cause, cx);
    }

    /// Goes on exactly where the edge is.
    pub fn go_on(&mut self, publication: &Publication, next: u64, cx: &mut Context) {
        self.headers.clear();
        self.show(publication, next, Cause::Continue, cx);
    }

    fn show(&mut self, publication: &Publication, next: u64, cause: Cause, cx: &mut Context) {
        self.view = View::Showing(publication.id, next);
        self.answer(publication, next, cause, cx);
    }

    fn answer(&mut self, publication: &Publication, next: u64, cause: Cause, cx: &mut Context) {
        self.told_held = None;
        cx.control(self.link, Frame::From(self.from(publication, next, cause)));
    }

    fn from(&self, publication: &Publication, next: u64, cause: Cause) -> From {
        From {
            group: self.group,
            publication: publication.id,
            term: publication.grant.term,
            next,
            cause,
            previous: publication.grant.previous,
        }
    }

    /// Whether something can be sent.
    pub fn has_more(&self, publication: &Publication) -> bool {
        match self.view {
            View::Showing(id, next) if id == publication.id => {
                !self.headers.is_empty() || next < publication.next().min(publication.limit())
            }
            _ => false,
        }
    }

    /// The next frame of the publication that it is shown.
    pub fn next_frame(&mut self, publication: &Publication, cx: &mut Context) -> Option<Frame> {
        let View::Showing(id, next) = self.view else {
            return None;
        };
        if let Some(header) = self.headers.pop_front() {
            return Some(Frame::Header(self.media(&header)));
        }
        if publication.is_empty() || next >= publication.limit() {
            return None;
        }
        if next < publication.log.oldest() {
            return Some(self.skip(publication, next, cx));
        }
        let frame = match publication.log.get(next) {
            Some(entry) => Frame::Media(self.media(entry)),
            None if publication.log.end() == Some(next) => Frame::End(End { id: self.group.0, sequence: next }),
            None => return None,
        };
        self.view = View::Showing(id, next.saturating_add(1));
        Some(frame)
    }

    /// It fell off the tail of the log: it goes on at the latest start point.
    fn skip(&mut self, publication: &Publication, next: u64, cx: &mut Context) -> Frame {
        cx.counters.discontinuities += 1;
        let log = &publication.log;
        let start = log.latest_start_point().unwrap_or_else(|| log.oldest());
        self.headers = log.headers(next, start).into();
        self.view = View::Showing(publication.id, start);
        Frame::From(self.from(publication, start, Cause::Discontinuity))
    }

    fn media(&self, entry: &Entry) -> Media {
        Media {
            id: self.group.0,
            sequence: entry.sequence,
            timestamp: entry.message.timestamp,
            kind: entry.message.kind.0,
            payload: entry.message.payload.clone(),
        }
    }
}
