//! What origins say about a stream: which publication it shows, and from where on.

use std::sync::Arc;

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Ack, Cause, From};
use livecluster_mrtmp::id::{Group, PublicationId};
use livecluster_rtmp::broadcast::Broadcast;

use super::{Showing, Subscription};
use crate::core::context::Context;
use crate::core::feed::{Closed, Feed};
use crate::core::link::LinkId;

impl Subscription {
    pub fn from(&mut self, link: LinkId, from: &From, own: Option<Arc<Feed>>, cx: &mut Context) {
        if !self.is_current_group(link, from.group) {
            return;
        }
        let next = self.feed.log().next();
        let same =
            self.showing.is_some_and(|showing| showing.publication == from.publication) && self.feed.closed().is_none();
        if let Some(ended) = self.ended.filter(|(id, _)| *id == from.publication) {
            return self.decline(link, from.group, ended, cx);
        }
        match from.cause {
            Cause::Local => return self.show_local(link, from, own, cx),
            // This edge has moved on since it asked, or asked about a log that is no longer there.
            Cause::Discontinuity | Cause::Continue if same && self.has_not_begun() => {
                self.skip_to(from, cx);
            }
            Cause::Discontinuity | Cause::Continue if same && self.must_ask_again(link, from, next) => {
                return self.watch_again(link, cx);
            }
            Cause::Discontinuity if same => self.skip_to(from, cx),
            Cause::Continue if same => {}
            _ => self.show(from, cx),
        }
        self.flow(link, cx);
        self.repeat_question(cx);
    }

    /// All of what an origin will send was seen here to its end: it is acknowledged, and nothing of it is taken.
    fn decline(&mut self, link: LinkId, group: Group, (publication, next): (PublicationId, u64), cx: &mut Context) {
        cx.control(link, Frame::Ack(Ack { group, publication, next }));
        if self.feed.closed().is_some() {
            self.showing = None;
            self.flow(link, cx);
        } else if let Some(source) = self.source_on(link) {
            source.flows = false;
        }
    }

    fn must_ask_again(&self, link: LinkId, from: &From, next: u64) -> bool {
        let has_moved_on = self.sources().any(|source| source.is_on(link) && !source.flows && next > source.asked);
        match from.cause {
            Cause::Discontinuity => has_moved_on || next >= from.next,
            _ => next < from.next,
        }
    }

    fn is_current_group(&self, link: LinkId, group: Group) -> bool {
        self.sources().any(|source| source.link == Some((link, group)))
    }

    /// The answer of the wanted origin binds to it; the old one is left only now.
    fn flow(&mut self, link: LinkId, cx: &mut Context) {
        if self.candidate.as_ref().is_some_and(|source| source.is_on(link)) {
            let old = self.bound.take();
            self.bound = self.candidate.take();
            if let Some(old) = old {
                self.leave(&old, cx);
                self.interrupt(old.origin, false);
            }
        }
        if let Some(source) = self.source_on(link) {
            source.flows = true;
        }
        self.hold(cx);
        self.seat_viewers(cx);
        cx.report_stream(&self.key);
    }

    /// Goes over to another publication.
    fn show(&mut self, from: &From, cx: &mut Context) {
        self.acknowledge_all(cx);
        let feed = Feed::new(Broadcast::starting_at(from.next, cx.config.log.clone()));
        self.replace(feed, from, false);
    }

    fn show_local(&mut self, link: LinkId, from: &From, own: Option<Arc<Feed>>, cx: &mut Context) {
        // Nobody comes back to what has a successor: viewers would go round.
        let Some(own) = own.filter(|own| Arc::ptr_eq(own, &self.feed) || own.successor().is_none()) else {
            return;
        };
        if !Arc::ptr_eq(&own, &self.feed) {
            self.acknowledge_all(cx);
            self.replace(own, from, true);
        }
        self.flow(link, cx);
    }

    pub(super) fn replace(&mut self, feed: Arc<Feed>, from: &From, local: bool) {
        self.feed.follow_with(&feed);
        self.feed = feed;
        self.showing =
            Some(Showing { publication: from.publication, term: from.term, local, lacks: (!local).then_some(0) });
    }

    pub(super) fn has_not_begun(&self) -> bool {
        self.showing.is_some_and(|showing| showing.lacks.is_some())
    }

    fn skip_to(&mut self, from: &From, cx: &mut Context) {
        cx.counters.discontinuities += u64::from(!self.has_not_begun());
        let lacks = self.next();
        if let Some(showing) = &mut self.showing {
            showing.lacks = Some(lacks);
        }
        let feed = Feed::new(Broadcast::starting_at(from.next, cx.config.log.clone()));
        self.feed.skip_to(&feed);
        self.feed = feed;
    }

    pub fn awaiting(&mut self, link: LinkId, held: bool, cx: &mut Context) {
        let is_fed = self.showing.is_some() && self.feed.closed().is_none();
        if is_fed
            && self.bound.as_ref().is_some_and(|bound| bound.flows)
            && let Some(candidate) = self.candidate.as_mut().filter(|one| one.is_on(link))
        {
            candidate.awaits = Some(held);
            return;
        }
        if !held {
            self.feed.close(Closed::Ended);
            self.showing = None;
        }
        self.flow(link, cx);
    }
}
