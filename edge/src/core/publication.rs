//! A publication of one of this edge's clients: its log, the origins it feeds, and who has what of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{
    Client, Grant, Probed, Publish, Resume, Stable, Subscriber, Trim, Withdraw,
};
use livecluster_mrtmp::id::{Channel, ClientId, Name, PublicationId};
use livecluster_mrtmp::route::Key;
use livecluster_rtmp::Message;
use livecluster_rtmp::broadcast::{Append, Broadcast, Entry};

use super::binding::{Binding, Move};
use super::context::{ClientEvent, Context, Timer};
use super::feed::{Closed, Feed};
use super::link::{LinkId, Ready};
use super::stable::StableMap;
use super::uplink::{Phase, Uplink};

/// A publication, until its end is stable or its hold ends.
#[derive(Debug)]
pub(super) struct Publication {
    id: PublicationId,
    key: Key,
    /// Its client; the first field is none once that has left.
    client: Option<(ClientId, u32)>,
    publisher: ClientId,
    asks: Arc<Client>,
    activity: Arc<AtomicU64>,
    feed: Arc<Feed>,
    grant: Option<Grant>,
    map: StableMap,
    /// The last one is the one that the routes want; one before it only while the stream moves.
    uplinks: Vec<Uplink>,
    binding: Binding,
    /// Another publication has the stream from this number of ours on.
    revoked: Option<u64>,
    /// The origin's own next number, as it last said.
    confirmed: u64,
    unfed_since: Option<Instant>,
    probe: Option<Asking>,
    trim_told: (u64, Instant),
    slowed: bool,
    over: bool,
}

/// An origin asks whether the publisher is silent.
#[derive(Debug)]
struct Asking {
    link: LinkId,
    channel: Channel,
    activity: u64,
    until: Instant,
}

/// Whether a publisher may go on sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// It may.
    Go,
    /// Its log is full of what nobody else has yet: do not read from it until [`ClientEvent::Go`].
    Slow,
}

/// How long a publisher has to be silent for another to take over.
const SILENCE: Duration = Duration::from_secs(1);
/// How often the lowest number kept is told at most, and stability is looked at.
const TRIM_EVERY: Duration = Duration::from_millis(250);
/// How long an uplink waits after NOT_OWNER if no newer document comes.
const ASK_AGAIN: Duration = Duration::from_secs(1);

impl Publication {
    pub fn new(
        id: PublicationId,
        client: (ClientId, u32),
        key: Key,
        asks: Arc<Client>,
        activity: Arc<AtomicU64>,
        cx: &Context,
    ) -> Self {
        Self {
            id,
            key,
            client: Some(client),
            publisher: client.0,
            asks,
            activity,
            feed: Feed::new(Broadcast::starting_at(0, cx.config.log)),
            grant: None,
            map: StableMap::default(),
            uplinks: Vec::new(),
            binding: Binding::default(),
            revoked: None,
            confirmed: 0,
            unfed_since: None,
            probe: None,
            trim_told: (0, cx.now),
            slowed: false,
            over: false,
        }
    }

    pub fn feed(&self) -> &Arc<Feed> {
        &self.feed
    }

    pub fn key(&self) -> &Key {
        &self.key
    }

    pub fn grant(&self) -> Option<&Grant> {
        self.grant.as_ref()
    }

    pub fn id(&self) -> PublicationId {
        self.id
    }

    pub fn origins(&self) -> impl Iterator<Item = &Name> {
        self.uplinks.iter().map(|uplink| &uplink.origin)
    }

    /// Nothing of it is needed any more.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// It can't be heard at its origin just now.
    pub fn is_held(&self) -> bool {
        self.unfed_since.is_some()
    }

    // The publisher.

    pub fn push(&mut self, message: Message, cx: &mut Context) -> Flow {
        if self.feed.closed().is_some() {
            return Flow::Go;
        }
        self.feed.push(message, cx.now);
        self.wake_uplinks(cx);
        self.trim(cx);
        match self.slowed {
            true => Flow::Slow,
            false => Flow::Go,
        }
    }

    /// The publisher left: the publication ends once that is stable.
    pub fn leave(&mut self, cx: &mut Context) {
        self.client = None;
        if self.grant.is_none() {
            self.over = true;
            return;
        }
        if self.revoked.is_none() {
            let end = self.feed.log().next();
            self.feed.finish(end);
        }
        self.wake_uplinks(cx);
        self.unfed_since.get_or_insert(cx.now);
        cx.after(cx.config.hold, Timer::Publication(self.id));
        self.confirm_end();
    }

    // Where it goes.

    /// Follows the routes.
    pub fn retarget(&mut self, cx: &mut Context) {
        let bound = self.uplinks.last().map(|uplink| uplink.origin.clone());
        let live = self.grant.is_some();
        match self
            .binding
            .follow(&cx.table, &self.key, bound.as_ref(), live, cx.now)
        {
            Move::To(origin) => self.go_to(origin, cx),
            Move::Later(at) => cx.timers.set(at, Timer::Publication(self.id)),
            Move::Stay => self.ask_again(cx),
        }
        if self.uplinks.is_empty() {
            self.hold(cx);
        }
    }

    fn go_to(&mut self, origin: Name, cx: &mut Context) {
        // What feeds goes on feeding until the new origin has everyone; what does not is of no use.
        let keep = self
            .uplinks
            .iter()
            .rposition(|uplink| uplink.is_feeding() && uplink.origin != origin);
        for (at, uplink) in std::mem::take(&mut self.uplinks).into_iter().enumerate() {
            match keep == Some(at) {
                true => self.uplinks.push(uplink),
                false => self.give_up(&uplink, cx),
            }
        }
        self.uplinks.push(Uplink::to(origin));
        self.hold(cx);
        self.ask(cx);
        cx.report_stream(&self.key);
    }

    /// Asks the wanted origin, if there is a link to it.
    fn ask(&mut self, cx: &mut Context) {
        let Some(origin) = self.uplinks.last().map(|uplink| uplink.origin.clone()) else {
            return;
        };
        let Some(link) = cx.link_to(&origin) else {
            return;
        };
        let Some(channel) = cx
            .links
            .get_mut(link)
            .map(|link| link.open_channel(self.id))
        else {
            return;
        };
        let frame = match self.grant.clone() {
            Some(grant) => Frame::Resume(self.resume(channel, grant, cx)),
            None => Frame::Publish(self.publish(channel, cx)),
        };
        let phase = if self.grant.is_some() {
            Phase::Resuming
        } else {
            Phase::Asked
        };
        if let Some(uplink) = self.uplinks.last_mut() {
            uplink.link = Some((link, channel));
            uplink.phase = phase;
        }
        cx.control(link, frame);
    }

    fn ask_again(&mut self, cx: &mut Context) {
        if self
            .uplinks
            .last()
            .is_some_and(|uplink| uplink.phase == Phase::Waiting)
        {
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
            ended: self
                .revoked
                .map(|last| last.saturating_sub(1))
                .or(log.end()),
            map: self.map.entries(),
        }
    }

    pub fn link_up(&mut self, origin: &Name, cx: &mut Context) {
        if self
            .uplinks
            .last()
            .is_some_and(|uplink| uplink.origin == *origin && uplink.link.is_none())
        {
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
                    cx.outputs
                        .push_back(super::Output::Dial(uplink.origin.clone()));
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
    }

    pub fn uplink_at(&self, link: LinkId, channel: Channel) -> Option<usize> {
        self.uplinks
            .iter()
            .position(|uplink| uplink.link == Some((link, channel)))
    }

    /// Starts the hold unless some origin is fed.
    fn hold(&mut self, cx: &mut Context) {
        if self.uplinks.iter().any(Uplink::is_feeding) || self.unfed_since.is_some() {
            return;
        }
        self.unfed_since = Some(cx.now);
        cx.after(cx.config.hold, Timer::Publication(self.id));
        cx.report_stream(&self.key);
    }

    // What an origin says.

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
            self.map
                .unstable()
                .map_or(start, |unstable| unstable.min(start))
                .max(log.oldest())
        };
        let headers = self.feed.log().headers(0, from);
        self.feed_from(at, from, headers, cx);
        self.tell_trim(cx);
    }

    fn feed_from(&mut self, at: usize, next: u64, headers: Vec<Arc<Entry>>, cx: &mut Context) {
        if let Some(uplink) = self.uplinks.get_mut(at) {
            cx.counters.replayed += uplink.sent.saturating_sub(next);
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

    pub fn revoked(&mut self, last: u64, cx: &mut Context) {
        if self.revoked.is_some() {
            return;
        }
        self.revoked = Some(last);
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
            self.map.list(&frame.edge, frame.next, &uplink.origin);
            if let Some((link, _)) = uplink.link {
                cx.control(link, Frame::Subscriber(frame));
            }
        }
        self.finish_move(cx);
    }

    pub fn stable(&mut self, at: usize, frame: Stable, cx: &mut Context) {
        let Some(uplink) = self.uplinks.get(at) else {
            return;
        };
        let moves = self.uplinks.len() > 1;
        for (edge, next) in frame.edges {
            match next {
                Some(next) => self.map.list(&edge, next, &uplink.origin),
                None => self.map.unlist(&edge, &uplink.origin, moves, cx.now),
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
        self.probe = Some(Asking {
            link,
            channel,
            activity: self.activity.load(Ordering::Relaxed),
            until,
        });
        cx.timers.set(until, Timer::Publication(self.id));
    }

    fn answer_probe(&mut self, cx: &mut Context) {
        let Some(asking) = self.probe.take_if(|asking| asking.until <= cx.now) else {
            return;
        };
        let same = self.activity.load(Ordering::Relaxed) == asking.activity;
        // A publisher that is slowed can't be heard.
        let silent = self.client.is_none() || (same && !self.slowed);
        cx.control(
            asking.link,
            Frame::Probed(Probed {
                channel: asking.channel,
                silent,
            }),
        );
    }

    // What goes out.

    pub fn next_frame(
        &mut self,
        link: LinkId,
        channel: Channel,
        cx: &mut Context,
    ) -> Option<Frame> {
        let limit = self.revoked.unwrap_or(u64::MAX);
        let at = self.uplink_at(link, channel)?;
        let (frame, more) = {
            let log = self.feed.log();
            let uplink = self.uplinks.get_mut(at)?;
            let frame = uplink.next_frame(&log, limit);
            uplink.sent = uplink.sent.max(uplink.next);
            uplink.is_ready = uplink.has_more(&log, limit);
            (frame, uplink.is_ready)
        };
        if more {
            cx.links
                .get_mut(link)?
                .push_ready(Ready::Channel(channel, self.id));
        }
        if self.slowed {
            self.trim(cx);
        }
        frame
    }

    fn wake_uplinks(&mut self, cx: &mut Context) {
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

    // What is kept.

    /// Keeps what is unstable or unsent, and the latest start point. At the byte budget an edge that lags leaves the
    /// map; the publisher is slowed only if its own uplink is what holds back.
    fn trim(&mut self, cx: &mut Context) {
        // While a new origin has not said what it has, nothing may go that it could need.
        let asks = self
            .uplinks
            .last()
            .is_some_and(|uplink| uplink.phase == Phase::Resuming);
        let over = {
            let mut log = self.feed.log();
            let feeding = self
                .uplinks
                .iter()
                .filter(|uplink| uplink.is_feeding() && !asks);
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

    fn tell_trim(&mut self, cx: &mut Context) {
        let oldest = self.feed.log().oldest();
        if oldest == self.trim_told.0 {
            return;
        }
        self.trim_told = (oldest, cx.now);
        for (link, channel) in self
            .uplinks
            .iter()
            .filter(|uplink| uplink.is_feeding())
            .filter_map(|uplink| uplink.link)
        {
            cx.control(link, Frame::Trim(Trim { channel, oldest }));
        }
    }

    /// The move is over once every edge in the map is at the wanted origin.
    fn finish_move(&mut self, cx: &mut Context) {
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
    }

    /// It feeds an origin no more, and hears no more from it.
    fn give_up(&mut self, uplink: &Uplink, cx: &mut Context) {
        self.map.forget_origin(&uplink.origin, cx.now);
        withdraw(uplink, cx);
    }

    /// An end counts once the origin and every edge in the map have it.
    fn confirm_end(&mut self) {
        let Some(first_needless) = self
            .revoked
            .or_else(|| self.feed.log().end().map(|end| end + 1))
        else {
            return;
        };
        let stable = self.map.unstable().unwrap_or(u64::MAX).min(self.confirmed);
        if stable >= first_needless {
            self.over = true;
        }
    }

    // Time.

    pub fn due(&mut self, cx: &mut Context) {
        self.answer_probe(cx);
        self.retarget(cx);
        self.map.expire(cx.config.hold, cx.now);
        let held_out = self
            .unfed_since
            .is_some_and(|since| cx.now.saturating_duration_since(since) >= cx.config.hold);
        if !held_out {
            return;
        }
        if let Some(client) = self.client.take() {
            cx.tell(client, ClientEvent::HoldEnded);
        }
        self.over = true;
    }

    /// Gives up what it still has at origins.
    pub fn withdraw(self, cx: &mut Context) {
        let end = self.feed.log().next();
        if self.feed.log().end().is_none() {
            let _: Append = self.feed.finish(end);
        }
        for uplink in &self.uplinks {
            withdraw(uplink, cx);
        }
        cx.report_stream(&self.key);
    }
}

fn withdraw(uplink: &Uplink, cx: &mut Context) {
    let Some((link, channel)) = uplink.link else {
        return;
    };
    if let Some(found) = cx.links.get_mut(link) {
        found.close_channel(channel);
    }
    cx.control(link, Frame::Withdraw(Withdraw { channel }));
}
