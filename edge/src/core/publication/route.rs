//! Where a publication goes: the origins that it feeds, and when it leaves one for another.

use std::sync::Arc;

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Grant, Publish, Resume, Revoked};
use livecluster_mrtmp::id::{Channel, Name};

use super::uplink::{Phase, Uplink};
use super::{Publication, withdraw};
use crate::core::binding::Move;
use crate::core::context::{Context, Output, Timer};
use crate::core::link::LinkId;

impl Publication {
    /// Follows the routes.
    pub fn retarget(&mut self, cx: &mut Context) {
        let bound = self.uplinks.last().map(|uplink| uplink.origin.clone());
        let live = self.grant.is_some();
        match self.binding.follow(&cx.table, &self.key, bound.as_ref(), live, cx.now) {
            Move::To(origin) => self.go_to(origin, cx),
            Move::Later(at) => cx.timers.set(at, Timer::Publication(self.id)),
            Move::Stay => self.ask_again(cx),
        }
        if self.uplinks.is_empty() {
            self.hold(cx);
        }
    }

    /// What feeds goes on feeding until the new origin has everyone, or until the move is called off; what does not is
    /// of no use.
    fn go_to(&mut self, origin: Name, cx: &mut Context) {
        self.count_change(&origin, cx);
        let mut wanted = None;
        for uplink in std::mem::take(&mut self.uplinks) {
            match uplink.is_feeding() {
                true if uplink.origin == origin => wanted = Some(uplink),
                true => self.uplinks.push(uplink),
                false => self.give_up(&uplink, cx),
            }
        }
        self.uplinks.push(wanted.unwrap_or_else(|| Uplink::to(origin)));
        self.hold(cx);
        self.ask_again(cx);
        self.finish_move(cx);
        cx.report_stream(&self.key);
    }

    /// A live stream has another owner.
    fn count_change(&self, origin: &Name, cx: &mut Context) {
        let Some(before) = self.uplinks.last().filter(|before| self.grant.is_some() && before.origin != *origin) else {
            return;
        };
        match before.is_feeding() && cx.table.origin(&before.origin).is_some() {
            true => cx.counters.moves += 1,
            false => cx.counters.failovers += 1,
        }
    }

    /// Asks the wanted origin, if there is a link to it.
    fn ask(&mut self, cx: &mut Context) {
        let Some(origin) = self.uplinks.last().map(|uplink| uplink.origin.clone()) else {
            return;
        };
        let Some(link) = cx.link_to(&origin) else {
            return;
        };
        let Some(channel) = cx.links.get_mut(link).map(|link| link.open_channel(self.id)) else {
            return;
        };
        let frame = match self.grant.clone() {
            Some(grant) => Frame::Resume(self.resume(channel, grant, cx)),
            None => Frame::Publish(self.publish(channel, cx)),
        };
        let phase = if self.grant.is_some() { Phase::Resuming } else { Phase::Asked };
        if let Some(uplink) = self.uplinks.last_mut() {
            uplink.link = Some((link, channel));
            uplink.phase = phase;
        }
        cx.control(link, frame);
        if let Some(last) = self.revoked {
            cx.control(link, Frame::Revoked(Revoked { channel, last }));
        }
    }

    fn ask_again(&mut self, cx: &mut Context) {
        if self.uplinks.last().is_some_and(|uplink| uplink.phase == Phase::Waiting) {
            self.ask(cx);
        }
    }

    fn publish(&self, channel: Channel, cx: &Context) -> Publish {
        Publish {
            channel,
            publication: self.id,
            client: self.publisher,
            key: self.key.clone(),
            generation: cx.table.generation(),
            asks: Arc::clone(&self.asks),
        }
    }

    fn resume(&self, channel: Channel, grant: Grant, cx: &Context) -> Resume {
        let log = self.feed.log();
        Resume {
            channel,
            publication: self.id,
            client: self.publisher,
            key: self.key.clone(),
            generation: cx.table.generation(),
            grant,
            oldest: log.oldest(),
            next: log.next(),
            ended: self.revoked.map(|last| last.saturating_sub(1)).or(log.end()),
            map: self.map.entries(),
        }
    }

    pub fn link_up(&mut self, origin: &Name, cx: &mut Context) {
        if self.uplinks.last().is_some_and(|uplink| uplink.origin == *origin && uplink.link.is_none()) {
            self.ask(cx);
        }
    }

    pub fn link_down(&mut self, link: LinkId, cx: &mut Context) {
        let wanted = self.uplinks.len().saturating_sub(1);
        for (at, uplink) in self.uplinks.iter_mut().enumerate() {
            if uplink.link.is_some_and(|(id, _)| id == link) {
                self.map.forget_origin(&uplink.origin, cx.now);
                uplink.rest();
                if at == wanted {
                    cx.outputs.push_back(Output::Dial(uplink.origin.clone()));
                }
            }
        }
        self.uplinks.retain({
            let mut at = 0;
            move |uplink| {
                at += 1;
                at > wanted || uplink.link.is_some()
            }
        });
        self.hold(cx);
        // What only the lost way lacked may go, and who was slowed for it may go on.
        self.trim(cx);
    }

    pub fn uplink_at(&self, link: LinkId, channel: Channel) -> Option<usize> {
        self.uplinks.iter().position(|uplink| uplink.link == Some((link, channel)))
    }

    /// Starts the hold unless some origin is fed.
    pub(super) fn hold(&mut self, cx: &mut Context) {
        if self.uplinks.iter().any(Uplink::is_feeding) || self.unfed_since.is_some() {
            return;
        }
        self.unfed_since = Some(cx.now);
        cx.after(cx.config.hold, Timer::Publication(self.id));
        cx.report_stream(&self.key);
    }

    /// The move is over once every edge in the map is at the wanted origin.
    pub(super) fn finish_move(&mut self, cx: &mut Context) {
        let Some(wanted) = self.uplinks.last() else {
            return;
        };
        if self.uplinks.len() < 2 || !wanted.is_feeding() || !self.map.are_all_at(&wanted.origin) {
            return;
        }
        let last = self.uplinks.len() - 1;
        for uplink in self.uplinks.drain(..last).collect::<Vec<_>>() {
            self.give_up(&uplink, cx);
        }
        self.trim(cx);
    }

    /// It feeds an origin no more, and hears no more from it.
    fn give_up(&mut self, uplink: &Uplink, cx: &mut Context) {
        self.map.forget_origin(&uplink.origin, cx.now);
        withdraw(uplink, cx);
    }
}
