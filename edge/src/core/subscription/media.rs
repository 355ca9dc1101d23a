//! Messages of a stream that come down, and gaps between them.

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Ack, Media};
use livecluster_mrtmp::id::{Group, Name};
use livecluster_rtmp::broadcast::Append;

use super::{ACK_EVERY, Interruption, Source, Subscription, message};
use crate::core::context::{Context, Gap, GapCause, Output, Timer};
use crate::core::link::LinkId;

impl Subscription {
    pub fn header(&mut self, link: LinkId, media: Media, cx: &mut Context) {
        if self.takes_from(link, media.id) {
            self.feed.log().preset(media.sequence, message(media), cx.now);
        }
    }

    pub fn media(&mut self, link: LinkId, media: Media, cx: &mut Context) {
        if !self.takes_from(link, media.id) {
            cx.counters.duplicates += 1;
            return;
        }
        match self.feed.append(media.sequence, message(media), cx.now) {
            Append::Appended => self.appended(cx),
            Append::Duplicate | Append::Ended => cx.counters.duplicates += 1,
            Append::Gap => self.watch_again(link, cx),
        }
    }

    pub fn end(&mut self, link: LinkId, sequence: u64, cx: &mut Context) {
        let Some((_, Group(id))) = self.bound.as_ref().and_then(|bound| bound.link) else {
            return;
        };
        if !self.takes_from(link, id) {
            return;
        }
        match self.feed.finish(sequence) {
            Append::Appended => self.ended(cx),
            Append::Gap => self.watch_again(link, cx),
            Append::Duplicate | Append::Ended => {}
        }
    }

    /// No origin is to wait for what has ended, and no client that ended it.
    pub(super) fn ended(&mut self, cx: &mut Context) {
        self.moved_on(cx);
        self.acknowledge(cx);
        let next = self.feed.log().next();
        self.ended = self.showing.map(|showing| (showing.publication, next));
        if let Some((link, _)) = self.candidate_that_awaits() {
            self.watch_again(link, cx);
        }
    }

    /// Only the bound source counts, and only a publication that comes down.
    fn takes_from(&self, link: LinkId, group: u32) -> bool {
        let bound = self.bound.as_ref().is_some_and(|source| source.flows && source.link == Some((link, Group(group))));
        bound && self.showing.is_some_and(|showing| !showing.local)
    }

    fn appended(&mut self, cx: &mut Context) {
        self.moved_on(cx);
        if !std::mem::replace(&mut self.ack_is_due, true) {
            cx.after(ACK_EVERY, Timer::Ack(self.key.clone()));
        }
    }

    fn moved_on(&mut self, cx: &mut Context) {
        self.note_gap(cx);
        self.last_media = Some(cx.now);
        if let Some(showing) = &mut self.showing {
            showing.lacks = None;
        }
    }

    pub fn acknowledge(&mut self, cx: &mut Context) {
        self.ack_is_due = false;
        if let Some(source) = self.bound.as_ref().filter(|bound| bound.flows) {
            self.acknowledge_to(source, cx);
        }
    }

    /// What was shown until now gives way to another publication: whoever may pass that on is told how far it came, so
    /// that nobody keeps the rest of it.
    pub(super) fn acknowledge_all(&self, cx: &mut Context) {
        self.sources().for_each(|source| self.acknowledge_to(source, cx));
    }

    fn acknowledge_to(&self, source: &Source, cx: &mut Context) {
        let showing = self.showing.filter(|showing| !showing.local && showing.lacks.is_none());
        if let Some((showing, (link, group))) = showing.zip(source.link) {
            let next = self.feed.log().next();
            cx.control(link, Frame::Ack(Ack { group, publication: showing.publication, next }));
        }
    }

    /// What came from this origin comes no more.
    pub(super) fn interrupt(&mut self, from: Name, was_lost: bool) {
        if self.interrupted.is_none() && self.feed.closed().is_none() {
            self.interrupted = self.last_media.map(|since| Interruption { since, from, was_lost });
        }
    }

    /// It goes on after an interruption.
    fn note_gap(&mut self, cx: &mut Context) {
        let Some(bound) = &self.bound else {
            return;
        };
        let Some(Interruption { since, from, was_lost }) = self.interrupted.take() else {
            return;
        };
        let cause = match was_lost {
            true if from == bound.origin => GapCause::Link,
            true => GapCause::Failover,
            false => GapCause::Move,
        };
        let gap = Gap {
            key: self.key.clone(),
            from,
            to: bound.origin.clone(),
            cause,
            term: self.showing.map(|showing| showing.term),
            length: cx.now.saturating_duration_since(since),
        };
        cx.outputs.push_back(Output::Gap(gap));
    }
}
