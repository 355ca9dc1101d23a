//! A publication of one of this edge's clients: its log, the origins it feeds, and who has what of it.

mod answers;
mod log;
mod route;
mod stable;
mod uplink;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Client, Grant, StreamState, Withdraw};
use livecluster_mrtmp::id::{Channel, ClientId, Name, PublicationId};
use livecluster_mrtmp::route::Key;
use livecluster_rtmp::Message;
use livecluster_rtmp::broadcast::{Append, Broadcast};

use crate::core::binding::Binding;
use crate::core::context::{ClientEvent, Context, Timer};
use crate::core::feed::Feed;
use crate::core::link::LinkId;
use stable::StableMap;
use uplink::Uplink;

/// A publication, until its end is stable or its hold ends.
#[derive(Debug)]
pub(super) struct Publication {
    id: PublicationId,
    key: Key,
    /// Its client; none once that has left.
    client: Option<(ClientId, u32)>,
    /// Its client has left and wants to know when the end is stable, and until when it waits.
    leaver: Option<((ClientId, u32), Instant)>,
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
    /// All below this number was sent to some origin: what is sent again is a replay.
    sent: u64,
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
/// How long a publisher that left may wait for its end to be stable: some edge may be cut off, and encoders have another
/// stream to begin.
const CONFIRM_WITHIN: Duration = Duration::from_secs(5);
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
            leaver: None,
            publisher: client.0,
            asks,
            activity,
            feed: Feed::new(Broadcast::starting_at(0, cx.config.log.clone())),
            grant: None,
            map: StableMap::default(),
            uplinks: Vec::new(),
            binding: Binding::default(),
            revoked: None,
            confirmed: 0,
            unfed_since: None,
            probe: None,
            sent: 0,
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

    pub fn origins(&self) -> impl Iterator<Item = &Name> {
        self.uplinks.iter().map(|uplink| &uplink.origin)
    }

    /// As operators are told; none before an origin accepted it.
    pub fn state(&self) -> Option<StreamState> {
        Some(StreamState {
            origin: self.origins().last()?.clone(),
            publication: Some((self.id, self.grant.as_ref()?.term)),
            held: self.is_held(),
        })
    }

    /// Bytes of its log that some edge or its origin may still lack.
    pub fn unstable_bytes(&self) -> usize {
        let unstable = self.map.unstable().unwrap_or(u64::MAX).min(self.confirmed);
        let log = self.feed.log();
        log.bytes_of(unstable..log.next())
    }

    /// Nothing of it is needed any more.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// It can't be heard at its origin just now.
    pub fn is_held(&self) -> bool {
        self.unfed_since.is_some()
    }

    /// Its log is full, and its client has to wait.
    pub fn is_slowed(&self) -> bool {
        self.slowed
    }

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
        self.leaver = self.client.take().map(|client| (client, cx.now + CONFIRM_WITHIN));
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
        cx.after(CONFIRM_WITHIN, Timer::Publication(self.id));
        self.confirm_end();
    }

    /// The publisher that left need not wait any longer.
    fn release(&mut self, cx: &mut Context) {
        if let Some((client, _)) = self.leaver.take() {
            cx.tell(client, ClientEvent::Unpublished);
        }
    }

    pub fn due(&mut self, cx: &mut Context) {
        self.answer_probe(cx);
        self.retarget(cx);
        self.map.expire(cx.config.hold, cx.now);
        if self.leaver.is_some_and(|(_, until)| until <= cx.now) {
            self.release(cx);
        }
        let held_out = self.unfed_since.is_some_and(|since| cx.now.saturating_duration_since(since) >= cx.config.hold);
        if !held_out {
            return;
        }
        if let Some(client) = self.client.take() {
            cx.tell(client, ClientEvent::HoldEnded);
        }
        self.over = true;
    }

    /// Gives up what it still has at origins.
    pub fn withdraw(mut self, cx: &mut Context) {
        self.release(cx);
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

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
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
