//! What of a publication goes out, and what is kept.

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::Trim;
use livecluster_mrtmp::id::Channel;

use super::uplink::Phase;
use super::{Publication, TRIM_EVERY};
use crate::core::context::{ClientEvent, Context};
use crate::core::link::{LinkId, Ready};

impl Publication {
    pub fn next_frame(&mut self, link: LinkId, channel: Channel, cx: &mut Context) -> Option<Frame> {
        let limit = self.revoked.unwrap_or(u64::MAX);
        let at = self.uplink_at(link, channel)?;
        let (frame, more) = {
            let log = self.feed.log();
            let uplink = self.uplinks.get_mut(at)?;
            let frame = uplink.next_frame(&log, limit);
            self.sent = self.sent.max(uplink.next);
            uplink.is_ready = uplink.has_more(&log, limit);
            (frame, uplink.is_ready)
        };
        if more {
            cx.links.get_mut(link)?.push_ready(Ready::Channel(channel, self.id));
        }
        if self.slowed {
            self.trim(cx);
        }
        frame
    }

    pub(super) fn wake_uplinks(&mut self, cx: &mut Context) {
        let limit = self.revoked.unwrap_or(u64::MAX);
        let log = self.feed.log();
        for uplink in &mut self.uplinks {
            if let Some((link, channel)) = uplink.link
                && !uplink.is_ready
                && uplink.has_more(&log, limit)
            {
                uplink.is_ready = true;
                cx.ready(link, Ready::Channel(channel, self.id));
            }
        }
    }

    /// Keeps what is unstable or unsent, and the latest start point. At the byte budget an edge that lags leaves the
    /// map; the publisher is slowed only if its own uplink is what holds back.
    pub(super) fn trim(&mut self, cx: &mut Context) {
        // While a new origin has not said what it has, nothing may go that it could need.
        let asks = self.uplinks.last().is_some_and(|uplink| uplink.phase == Phase::Resuming);
        let over = {
            let mut log = self.feed.log();
            let feeding = self.uplinks.iter().filter(|uplink| uplink.is_feeding() && !asks);
            let sent = feeding.map(|uplink| uplink.next).min();
            let sent = sent.unwrap_or_else(|| log.oldest());
            log.trim(self.map.unstable().unwrap_or(u64::MAX).min(sent), cx.now);
            while log.is_over_budget() && self.map.drop_laggard(sent).is_some() {
                cx.counters.laggards += 1;
                log.trim(self.map.unstable().unwrap_or(u64::MAX).min(sent), cx.now);
            }
            log.is_over_budget()
        };
        self.slow(over, cx);
        if cx.now.saturating_duration_since(self.trim_told.1) >= TRIM_EVERY {
            self.tell_trim(cx);
        }
    }

    fn slow(&mut self, over: bool, cx: &mut Context) {
        if self.slowed
            && !over
            && let Some(client) = self.client
        {
            cx.tell(client, ClientEvent::Go);
        }
        self.slowed = over;
    }

    pub(super) fn tell_trim(&mut self, cx: &mut Context) {
        let oldest = self.feed.log().oldest();
        if oldest == self.trim_told.0 {
            return;
        }
        self.trim_told = (oldest, cx.now);
        for (link, channel) in self.uplinks.iter().filter(|uplink| uplink.is_feeding()).filter_map(|uplink| uplink.link)
        {
            cx.control(link, Frame::Trim(Trim { channel, oldest }));
        }
    }

    /// An end counts once the origin and every edge in the map have it.
    pub(super) fn confirm_end(&mut self) {
        let Some(first_needless) = self.revoked.or_else(|| self.feed.log().end().map(|end| end + 1)) else {
            return;
        };
        let stable = self.map.unstable().unwrap_or(u64::MAX).min(self.confirmed);
        if stable >= first_needless {
            self.over = true;
        }
    }
}
