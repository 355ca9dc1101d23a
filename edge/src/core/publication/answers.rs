//! What origins say about a publication.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Grant, Probed, Revoked, Stable, Subscriber};
use livecluster_rtmp::broadcast::Entry;

use super::{ASK_AGAIN, Asking, Publication, SILENCE, number};
use crate::core::context::{ClientEvent, Context, Timer};
use crate::core::feed::Closed;

impl Publication {
    pub fn accepted(&mut self, at: usize, grant: Grant, cx: &mut Context) {
        let first = self.grant.is_none();
        self.grant = Some(grant);
        let oldest = self.feed.log().oldest();
        self.feed_from(at, oldest, Vec::new(), cx);
        if let Some(client) = self.client.filter(|_| first) {
            cx.tell(client, ClientEvent::Published);
        }
    }

    pub fn refused(&mut self, code: String, description: String, cx: &mut Context) {
        if let Some(client) = self.client.take() {
            cx.tell(client, ClientEvent::PublishRefused { code, description });
        }
        self.over = true;
    }

    pub fn not_owner(&mut self, at: usize, cx: &mut Context) {
        let Some(uplink) = self.uplinks.get_mut(at) else {
            return;
        };
        if let Some((link, channel)) = uplink.link
            && let Some(link) = cx.links.get_mut(link)
        {
            link.close_channel(channel);
        }
        uplink.rest();
        self.hold(cx);
        cx.after(ASK_AGAIN, Timer::Publication(self.id));
    }

    pub fn have(&mut self, at: usize, next: u64, cx: &mut Context) {
        self.feed_from(at, next, Vec::new(), cx);
    }

    pub fn nothing(&mut self, at: usize, cx: &mut Context) {
        let from = {
            let log = self.feed.log();
            let start = log.latest_start_point().unwrap_or_else(|| log.oldest());
            self.map.unstable().map_or(start, |unstable| unstable.min(start)).max(log.oldest())
        };
        let headers = self.feed.log().headers(0, from);
        self.feed_from(at, from, headers, cx);
        self.tell_trim(cx);
    }

    fn feed_from(&mut self, at: usize, next: u64, headers: Vec<Arc<Entry>>, cx: &mut Context) {
        if let Some(uplink) = self.uplinks.get_mut(at) {
            cx.counters.replayed += self.sent.saturating_sub(next);
            cx.counters.replayed_bytes += number(self.feed.log().bytes_of(next..self.sent));
            uplink.feed_from(next, headers);
        }
        if self.client.is_some() {
            self.unfed_since = None;
        }
        self.finish_move(cx);
        self.wake_uplinks(cx);
        self.trim(cx);
        cx.report_stream(&self.key);
    }

    pub fn revoked(&mut self, by: usize, last: u64, cx: &mut Context) {
        if self.revoked.is_some() {
            return;
        }
        self.revoked = Some(last);
        let others = self.uplinks.iter().enumerate().filter(|(at, _)| *at != by).map(|(_, uplink)| uplink);
        for (link, channel) in others.filter_map(|uplink| uplink.link) {
            cx.control(link, Frame::Revoked(Revoked { channel, last }));
        }
        self.feed.close(Closed::Replaced);
        if let Some(client) = self.client.take() {
            cx.tell(client, ClientEvent::Revoked);
        }
        self.unfed_since.get_or_insert(cx.now);
        cx.after(cx.config.hold, Timer::Publication(self.id));
        self.confirm_end();
    }

    /// A viewers' edge wants it: from now on, what that edge lacks is kept.
    pub fn subscriber(&mut self, at: usize, frame: Subscriber, cx: &mut Context) {
        if let Some(uplink) = self.uplinks.get(at) {
            // What is no longer held can't be kept.
            let next = frame.next.max(self.feed.log().oldest());
            self.map.list(&frame.edge, next, &uplink.origin);
            if let Some((link, _)) = uplink.link {
                cx.control(link, Frame::Subscriber(Subscriber { next, ..frame }));
            }
        }
        self.finish_move(cx);
    }

    pub fn stable(&mut self, at: usize, frame: Stable, cx: &mut Context) {
        let Some(uplink) = self.uplinks.get(at) else {
            return;
        };
        // What a viewers' edge says at the wanted origin counts, whatever the origin before it still lists.
        let is_wanted = at + 1 == self.uplinks.len();
        for (edge, next) in frame.edges {
            match next {
                Some(next) => self.map.list(&edge, next, &uplink.origin),
                None if is_wanted => self.map.remove(&edge),
                None => self.map.unlist(&edge, &uplink.origin, cx.now),
            }
        }
        self.confirmed = self.confirmed.max(frame.next);
        self.map.expire(cx.config.hold, cx.now);
        self.finish_move(cx);
        self.trim(cx);
        self.confirm_end();
    }

    /// Silence is a statement of this edge, about the time after the question.
    pub fn probe(&mut self, at: usize, cx: &mut Context) {
        let Some((link, channel)) = self.uplinks.get(at).and_then(|uplink| uplink.link) else {
            return;
        };
        let until = cx.now + SILENCE;
        self.probe = Some(Asking { link, channel, activity: self.activity.load(Ordering::Relaxed), until });
        cx.timers.set(until, Timer::Publication(self.id));
    }

    pub(super) fn answer_probe(&mut self, cx: &mut Context) {
        let Some(asking) = self.probe.take_if(|asking| asking.until <= cx.now) else {
            return;
        };
        let same = self.activity.load(Ordering::Relaxed) == asking.activity;
        // A publisher that is slowed can't be heard.
        let silent = self.client.is_none() || (same && !self.slowed);
        cx.control(asking.link, Frame::Probed(Probed { channel: asking.channel, silent }));
    }
}
