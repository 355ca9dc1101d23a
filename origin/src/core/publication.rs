//! One publication at this origin: its log, its one bound source, and what its publisher's edge is to be told.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Grant, Have, Media, Stable, Subscriber};
use livecluster_mrtmp::id::{Channel, Name, PublicationId};
use livecluster_mrtmp::route::Key;
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
    /// Another publication has the stream from this number on, since then.
    superseded: Option<(u64, Instant)>,
    /// Its publisher's edge has lost it: nothing more comes.
    abandoned: bool,
    /// When something of it last came.
    pub(super) fed_at: Instant,
    /// It may not know an earlier holder of the stream, until then.
    pub(super) provisional_until: Option<Instant>,
    /// What the publisher's edge will send at least: newcomers wait for it.
    pub(super) expected: u64,
    /// The lowest number that the publisher's edge keeps.
    keep: u64,
    /// Its client has left, as its edge says: the number of its END, which may not be here yet.
    pub(super) ends: Option<u64>,
    /// Viewers' edges that are in the publisher's map, and those about which it was asked.
    entered: BTreeMap<Name, Kept>,
    entering: BTreeSet<Name>,
    /// What each of them has acknowledged.
    acknowledged: BTreeMap<Name, u64>,
    /// What the publisher's edge has not been told.
    news: BTreeMap<Name, Option<u64>>,
    pub(super) stable_at: Option<Instant>,
    asked_back: bool,
    pub(super) bytes: u64,
}

/// From which number on a publisher's edge keeps what a viewers' edge lacks.
type Kept = u64;

/// How long stability is collected before the publisher's edge is told.
const STABLE_EVERY: Duration = Duration::from_millis(250);
/// How long viewers wait for the tail of a publication that was superseded, while nothing of it comes.
pub(super) const TAIL: Duration = Duration::from_secs(2);

impl Publication {
    pub(super) fn new(id: PublicationId, grant: Grant, edge: Name, now: Instant, config: &Config) -> Self {
        Self {
            id,
            grant,
            log: Broadcast::starting_at(0, config.log.clone()),
            begins: true,
            edge,
            source: None,
            held_since: Some(now),
            superseded: None,
            abandoned: false,
            fed_at: now,
            provisional_until: None,
            expected: 0,
            keep: 0,
            ends: None,
            entered: BTreeMap::new(),
            entering: BTreeSet::new(),
            acknowledged: BTreeMap::new(),
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
        // What was said on another link may never have arrived.
        self.news.extend(self.acknowledged.iter().map(|(edge, next)| (edge.clone(), Some(*next))));
    }

    pub(super) fn unbind(&mut self, now: Instant) {
        self.source = None;
        self.held_since.get_or_insert(now);
        self.entering.clear();
    }

    /// Empties the log: the publisher's edge no longer holds what would continue it.
    pub(super) fn restart(&mut self, config: &Config) {
        self.log = Broadcast::starting_at(0, config.log.clone());
        self.begins = true;
    }

    /// Another publication has the stream from this number on.
    pub(super) fn supersede(&mut self, last: u64, now: Instant) {
        self.superseded.get_or_insert((last, now));
    }

    /// The number from which on another publication has the stream.
    pub(super) fn superseded_at(&self) -> Option<u64> {
        self.superseded.map(|(last, _)| last)
    }

    /// The number at which nothing more of it counts.
    pub fn limit(&self) -> u64 {
        self.superseded_at().unwrap_or(u64::MAX)
    }

    /// Its publisher's edge has forgotten it: it has what it will ever have.
    pub(super) fn abandon(&mut self) {
        self.abandoned = true;
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned
    }

    /// When viewers wait no longer for what it lacks below its limit.
    pub(super) fn tail_until(&self) -> Option<Instant> {
        self.superseded.filter(|_| !self.is_complete()).map(|(_, since)| since.max(self.fed_at) + TAIL)
    }

    /// Whether it has all that viewers wait for.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.is_complete() || self.tail_until().is_some_and(|until| until <= now)
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
        self.abandoned || self.log.end().is_some() || self.next() >= self.limit()
    }

    /// It has come as far as its publisher's edge said that it is.
    pub(super) fn has_caught_up(&self) -> bool {
        self.next() >= self.expected.min(self.limit())
    }

    // Media.

    pub(super) fn header(&mut self, media: Media, cx: &Context) {
        self.log.preset(media.sequence, message(media), cx.now.instant);
    }

    pub(super) fn append(&mut self, media: Media, cx: &mut Context) -> Append {
        self.begin_at(media.sequence);
        if media.sequence >= self.limit() {
            return Append::Ended;
        }
        self.bytes += media.payload.len() as u64;
        let appended = self.log.append(media.sequence, message(media), cx.now.instant);
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
            Append::Appended => {
                self.asked_back = false;
                self.fed_at = cx.now.instant;
            }
            Append::Gap => self.ask_back(cx),
            Append::Duplicate | Append::Ended => cx.counters.duplicates += 1,
        }
        appended
    }

    /// A number was skipped: the publisher's edge goes back, once.
    fn ask_back(&mut self, cx: &mut Context) {
        let asked = std::mem::replace(&mut self.asked_back, true);
        if let Some((link, channel)) = self.source.filter(|_| !asked) {
            cx.control(link, Frame::Have(Have { channel, next: self.next() }));
        }
    }

    pub(super) fn trim(&mut self, oldest: u64) {
        self.keep = self.keep.max(oldest);
    }

    // Who has what.

    pub(super) fn has_entered(&self, edge: &Name) -> bool {
        self.entered.contains_key(edge)
    }

    /// From where on nothing that this edge lacks is trimmed, if the publisher's edge knows of it.
    pub(super) fn kept_for(&self, edge: &Name) -> Option<u64> {
        self.entered.get(edge).map(|kept| (*kept).min(self.next()))
    }

    /// Whether the publisher's edge may keep something for this edge.
    pub(super) fn lists(&self, edge: &Name) -> bool {
        self.entered.contains_key(edge) || self.entering.contains(edge) || self.acknowledged.contains_key(edge)
    }

    /// It is in the map, unless it has left meanwhile.
    pub(super) fn confirm_entered(&mut self, edge: &Name, kept: u64) {
        if self.entering.remove(edge) {
            self.entered.insert(edge.clone(), kept);
        }
    }

    pub(super) fn set_entered(&mut self, edge: &Name, kept: u64) {
        self.entering.remove(edge);
        self.entered.insert(edge.clone(), kept);
    }

    /// Asks the publisher's edge to keep what this edge lacks.
    pub(super) fn ask_to_enter(&mut self, edge: &Name, next: u64, cx: &mut Context) {
        let Some((link, channel)) = self.source else {
            return;
        };
        if self.entering.insert(edge.clone()) {
            self.tell_left(edge, (link, channel), cx);
            cx.control(link, Frame::Subscriber(Subscriber { channel, edge: edge.clone(), next }));
        }
    }

    /// Whoever comes back has left before: told later, it would seem to have left again.
    fn tell_left(&mut self, edge: &Name, (link, channel): (LinkId, Channel), cx: &mut Context) {
        if let Some(None) = self.news.get(edge) {
            self.news.remove(edge);
            let edges = vec![(edge.clone(), None)];
            cx.control(link, Frame::Stable(Stable { channel, next: self.next(), edges }));
        }
    }

    /// The publisher's edge is told soon.
    pub(super) fn note(&mut self, edge: &Name, next: Option<u64>) {
        match next {
            Some(next) => drop(self.acknowledged.insert(edge.clone(), next)),
            None => {
                self.acknowledged.remove(edge);
                self.entered.remove(edge);
                self.entering.remove(edge);
            }
        }
        self.news.insert(edge.clone(), next);
    }

    /// Tells it within [`STABLE_EVERY`]; at once when there is no more to come, since the client waits for that word.
    pub(super) fn tell_stable_soon(&mut self, key: &Key, cx: &mut Context) {
        if self.is_everywhere() {
            self.tell_stable(cx);
        } else if self.stable_at.is_none() {
            self.stable_at = Some(cx.now.instant + STABLE_EVERY);
            cx.after(STABLE_EVERY, key);
        }
    }

    /// It has ended, and all edges that it is kept for have it to its end.
    fn is_everywhere(&self) -> bool {
        let has_all = |edge| self.acknowledged.get(edge).is_some_and(|next| *next >= self.next());
        self.log.end().is_some() && self.entering.is_empty() && self.entered.keys().all(has_all)
    }

    pub(super) fn tell_stable(&mut self, cx: &mut Context) {
        self.stable_at = None;
        let Some((link, channel)) = self.source else {
            return;
        };
        let edges = std::mem::take(&mut self.news).into_iter().collect();
        cx.control(link, Frame::Stable(Stable { channel, next: self.next(), edges }));
    }
}

fn message(media: Media) -> Message {
    Message { kind: Kind(media.kind), timestamp: media.timestamp, stream_id: 1, payload: media.payload }
}
