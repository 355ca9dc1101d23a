//! One publication at this origin: its log, its one bound source, and what its publisher's edge is to be told.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Grant, Have, Media, Stable, Subscriber};
use livecluster_mrtmp::id::{Channel, Name, PublicationId};
use livecluster_rtmp::Message;
use livecluster_rtmp::broadcast::{Append, Broadcast};
use livecluster_rtmp::message::Kind;

use super::Config;
use super::context::Context;
use super::link::LinkId;

/// A publication: current, or the tail of one that ended or was superseded.
#[derive(Debug)]
pub struct Publication {
    pub(super) id: PublicationId,
    pub(super) grant: Grant,
    pub(super) log: Broadcast,
    /// Nothing is in the log yet: its first message tells where it begins.
    begins: bool,
    /// The publisher's edge, and the link on which it feeds this origin.
    pub(super) edge: Name,
    pub(super) source: Option<(LinkId, Channel)>,
    /// Since when there is no source.
    pub(super) held_since: Option<Instant>,
    /// Another publication has the stream from this number on.
    pub(super) superseded_at: Option<u64>,
    /// It may not know an earlier holder of the stream, until then.
    pub(super) provisional_until: Option<Instant>,
    /// What the publisher's edge will send at least: newcomers wait for it.
    pub(super) expected: u64,
    /// The lowest number that the publisher's edge keeps.
    keep: u64,
    /// Viewers' edges that are in the publisher's map, and those about which it was asked.
    entered: BTreeSet<Name>,
    entering: BTreeSet<Name>,
    /// What the publisher's edge has not been told.
    news: BTreeMap<Name, Option<u64>>,
    pub(super) stable_at: Option<Instant>,
    asked_back: bool,
    pub(super) bytes: u64,
}

impl Publication {
    pub(super) fn new(
        id: PublicationId,
        grant: Grant,
        edge: Name,
        now: Instant,
        config: &Config,
    ) -> Self {
        Self {
            id,
            grant,
            log: Broadcast::starting_at(0, config.log),
            begins: true,
            edge,
            source: None,
            held_since: Some(now),
            superseded_at: None,
            provisional_until: None,
            expected: 0,
            keep: 0,
            entered: BTreeSet::new(),
            entering: BTreeSet::new(),
            news: BTreeMap::new(),
            stable_at: None,
            asked_back: false,
            bytes: 0,
        }
    }

    pub(super) fn bind(&mut self, link: LinkId, channel: Channel) {
        self.source = Some((link, channel));
        self.held_since = None;
        self.entering.clear();
        self.asked_back = false;
    }

    pub(super) fn unbind(&mut self, now: Instant) {
        self.source = None;
        self.held_since.get_or_insert(now);
        self.entering.clear();
    }

    /// Empties the log: the publisher's edge no longer holds what would continue it.
    pub(super) fn restart(&mut self, config: &Config) {
        self.log = Broadcast::starting_at(0, config.log);
        self.begins = true;
    }

    /// The number at which nothing more of it counts.
    pub fn limit(&self) -> u64 {
        self.superseded_at.unwrap_or(u64::MAX)
    }

    /// The first number that is missing here.
    pub fn next(&self) -> u64 {
        match self.begins {
            true => 0,
            false => self.log.next(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.begins
    }

    /// It has all that it will ever have.
    pub fn is_complete(&self) -> bool {
        self.log.end().is_some() || self.next() >= self.limit()
    }

    /// It has come as far as its publisher's edge said that it is.
    pub(super) fn has_caught_up(&self) -> bool {
        self.next() >= self.expected.min(self.limit())
    }

    // Media.

    pub(super) fn header(&mut self, media: Media, cx: &Context) {
        self.log
            .preset(media.sequence, message(media), cx.now.instant);
    }

    pub(super) fn append(&mut self, media: Media, cx: &mut Context) -> Append {
        self.begin_at(media.sequence);
        if media.sequence >= self.limit() {
            return Append::Ended;
        }
        self.bytes += media.payload.len() as u64;
        let appended = self
            .log
            .append(media.sequence, message(media), cx.now.instant);
        self.log.trim(self.keep, cx.now.instant);
        self.after(appended, cx)
    }

    pub(super) fn finish(&mut self, sequence: u64, cx: &mut Context) -> Append {
        self.begin_at(sequence);
        let finished = self.log.finish(sequence);
        self.after(finished, cx)
    }

    fn begin_at(&mut self, sequence: u64) {
        if std::mem::take(&mut self.begins) {
            self.log.begin_at(sequence);
        }
    }

    fn after(&mut self, appended: Append, cx: &mut Context) -> Append {
        match appended {
            Append::Appended => self.asked_back = false,
            Append::Gap => self.ask_back(cx),
            Append::Duplicate | Append::Ended => cx.counters.duplicates += 1,
        }
        appended
    }

    /// A number was skipped: the publisher's edge goes back, once.
    fn ask_back(&mut self, cx: &mut Context) {
        let asked = std::mem::replace(&mut self.asked_back, true);
        if let Some((link, channel)) = self.source.filter(|_| !asked) {
            cx.control(
                link,
                Frame::Have(Have {
                    channel,
                    next: self.next(),
                }),
            );
        }
    }

    pub(super) fn trim(&mut self, oldest: u64) {
        self.keep = self.keep.max(oldest);
    }

    // Who has what.

    pub(super) fn has_entered(&self, edge: &Name) -> bool {
        self.entered.contains(edge)
    }

    pub(super) fn set_entered(&mut self, edge: &Name) {
        self.entering.remove(edge);
        self.entered.insert(edge.clone());
    }

    /// Asks the publisher's edge to keep what this edge lacks.
    pub(super) fn ask_to_enter(&mut self, edge: &Name, next: u64, cx: &mut Context) {
        let Some((link, channel)) = self.source else {
            return;
        };
        if self.entering.insert(edge.clone()) {
            cx.control(
                link,
                Frame::Subscriber(Subscriber {
                    channel,
                    edge: edge.clone(),
                    next,
                }),
            );
        }
    }

    /// The publisher's edge is told soon.
    pub(super) fn note(&mut self, edge: &Name, next: Option<u64>) {
        if next.is_none() {
            self.entered.remove(edge);
            self.entering.remove(edge);
        }
        self.news.insert(edge.clone(), next);
    }

    pub(super) fn tell_stable(&mut self, cx: &mut Context) {
        self.stable_at = None;
        let Some((link, channel)) = self.source else {
            return;
        };
        let edges = std::mem::take(&mut self.news).into_iter().collect();
        cx.control(
            link,
            Frame::Stable(Stable {
                channel,
                next: self.next(),
                edges,
            }),
        );
    }
}

fn message(media: Media) -> Message {
    Message {
        kind: Kind(media.kind),
        timestamp: media.timestamp,
        stream_id: 1,
        payload: media.payload,
    }
}
