//! What an origin decides, as a state machine: frames, routes and the time come in, frames go out.
//! It owns streams: who may publish and play, which publication is current, and what each edge gets of it.

mod adoption;
mod context;
mod footprint;
mod link;
mod publication;
mod report;
mod status;
mod stream;
mod takeover;
mod watcher;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Asked, Leave, NotOwner, Play, Watch};
use livecluster_mrtmp::id::{Channel, Group, Name, PublicationId};
use livecluster_mrtmp::route::{Applications, Key, Table};
use livecluster_rtmp::broadcast::Limits;

use adoption::Adoption;
use context::Context;
pub use context::{Counters, Output};
pub use footprint::Footprint;
use link::Ready;
pub use link::{LinkId, Peer};
pub use status::{PublicationStatus, StreamStatus};
use stream::Stream;

/// What an origin's core may do and keep.
#[derive(Debug, Clone)]
pub struct Config {
    /// The origin's name in the route document.
    pub name: Name,
    /// How long a publication is kept while its publisher's edge can't be heard.
    pub hold: Duration,
    /// How long new publishes of a stream wait for resumes, after a restart or when the stream was another origin's.
    pub adoption: Duration,
    /// What the log of one publication may keep.
    pub log: Limits,
}

/// The time: a clock that never steps, and the one that people read.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// For deadlines.
    pub instant: Instant,
    /// Milliseconds since 1970, for terms.
    pub unix_ms: u64,
}

/// An origin's state.
#[derive(Debug)]
pub struct Core {
    cx: Context,
    streams: BTreeMap<Key, Stream>,
    /// Questions of edges that have read a newer document than this origin, each until then.
    ahead: Vec<(Instant, LinkId, Frame)>,
}

/// How long an origin that is behind waits for its document before it takes the edge's word.
const CATCH_UP: Duration = Duration::from_secs(1);

impl Core {
    /// An origin that has just started.
    pub fn new(config: Config, cluster: &str, now: Now) -> Self {
        let adoption = Adoption::new(config.name.clone(), Table::empty(cluster), now.instant);
        Self { cx: Context::new(config, adoption, now), streams: BTreeMap::new(), ahead: Vec::new() }
    }

    /// A newer route document is in force.
    pub fn set_routes(&mut self, table: Table, now: Now) {
        self.cx.now = now;
        let keep = self.cx.config.hold;
        self.cx.adoption.set(table, now.instant, keep);
        self.ask_ahead_again();
    }

    /// Which applications exist.
    pub fn set_applications(&mut self, applications: Applications) {
        self.cx.applications = applications;
    }

    /// The routes in force.
    pub fn routes(&self) -> &Table {
        self.cx.adoption.table()
    }

    /// A link is up. An older one of the same peer is gone.
    pub fn link_up(&mut self, peer: Peer, now: Now) -> LinkId {
        self.cx.now = now;
        if let Some(older) = self.cx.links.of(&peer) {
            self.link_down(older, now);
        }
        self.each_stream(|stream, cx| stream.edge_restarted(&peer.name, peer.boot, cx));
        let id = self.cx.links.insert(peer);
        self.cx.outputs.push_back(Output::Wake(id));
        id
    }

    /// A link is lost: its publications are held, its viewers are gone, its groups are remembered for the hold time.
    pub fn link_down(&mut self, id: LinkId, now: Now) {
        self.cx.now = now;
        let Some(link) = self.cx.links.remove(id) else {
            return;
        };
        self.ahead.retain(|(_, link, _)| *link != id);
        for key in link.streams() {
            self.stream(key, |stream, cx| stream.link_down(id, &link.peer.name, cx));
        }
    }

    /// A frame came in.
    pub fn handle_frame(&mut self, link: LinkId, frame: Frame, now: Now) -> Result<(), Violation> {
        self.cx.now = now;
        match frame {
            Frame::GoAway(_) | Frame::Heartbeat(_) => {}
            Frame::Publish(_) | Frame::Resume(_) | Frame::Watch(_) | Frame::Play(_) => self.ask(link, frame),
            Frame::Withdraw(f) => self.withdraw(link, f.channel),
            Frame::Subscriber(f) => self.channel(link, f.channel, |s, id, cx| s.entered(id, &f.edge, f.next, cx)),
            Frame::Revoked(f) => self.channel(link, f.channel, |s, id, cx| s.revoked_elsewhere(id, f.last, cx)),
            Frame::Trim(f) => self.channel(link, f.channel, |s, id, _| s.trim(id, f.oldest)),
            Frame::Probed(f) => self.channel(link, f.channel, |s, id, cx| s.probed(id, f.silent, cx)),
            Frame::Header(f) => self.channel(link, Channel(f.id), |s, id, cx| s.header(id, f, cx)),
            Frame::Media(f) => self.channel(link, Channel(f.id), |s, id, cx| s.media(id, f, cx)),
            Frame::End(f) => self.channel(link, Channel(f.id), |s, id, cx| s.end(id, f.sequence, cx)),
            Frame::Ack(f) => {
                self.group(link, f.group, |s, cx| s.acknowledged((link, f.group), (f.publication, f.next), cx))
            }
            Frame::Unwatch(f) => self.unwatch(link, f.group, f.moves),
            Frame::Leave(f) => self.leave(link, f),
            Frame::Restated(_) => self.restated(link),
            _ => return Err(Violation),
        }
        Ok(())
    }

    /// The next frame for a link: control first, then media of all its groups in turn.
    pub fn poll_frame(&mut self, link: LinkId, now: Now) -> Option<Frame> {
        self.cx.now = now;
        if let Some(frame) = self.cx.links.get_mut(link)?.next_control() {
            return Some(frame);
        }
        while let Some(ready) = self.cx.links.get_mut(link)?.next_ready() {
            let frame = match ready {
                Ready::Group(group, key) => {
                    let mut frame = None;
                    self.stream(&key, |stream, cx| frame = stream.next_frame((link, group), cx));
                    frame
                }
                Ready::Report => self.report(link),
            };
            if frame.is_some() {
                return frame;
            }
        }
        // A group that reached a change has put its control frame into the queue.
        self.cx.links.get_mut(link)?.next_control()
    }

    /// What the IO layer has to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.cx.outputs.pop_front()
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        self.cx.timers.next().into_iter().chain(self.ahead.iter().map(|(at, ..)| *at)).min()
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Now) {
        self.cx.now = now;
        self.ask_ahead_again();
        while let Some(key) = self.cx.timers.take_due(now.instant) {
            self.stream(&key, Stream::due);
        }
    }

    /// Figures for metrics.
    pub fn counters(&self) -> &Counters {
        &self.cx.counters
    }

    /// The streams, for status pages.
    pub fn streams(&self) -> impl Iterator<Item = &Stream> {
        self.streams.values()
    }

    /// Runs on an existing stream, and forgets it when nothing is left of it.
    fn stream(&mut self, key: &Key, act: impl FnOnce(&mut Stream, &mut Context)) {
        let Some(stream) = self.streams.get_mut(key) else {
            return;
        };
        act(stream, &mut self.cx);
        stream.clear_away(self.cx.now.instant);
        if stream.is_over() {
            self.streams.remove(key);
            self.cx.timers.forget(key);
        }
    }

    // Questions that go to the owner of a stream.

    fn ask(&mut self, link: LinkId, frame: Frame) {
        let Some((key, generation, of)) = question(&frame) else {
            return;
        };
        if self.cx.owns(key) || self.holds(key, &frame) {
            return self.answer(link, frame);
        }
        let own = self.cx.adoption.table().generation();
        if generation > own {
            self.ahead.push((self.cx.now.instant + CATCH_UP, link, frame));
        } else {
            self.cx.control(link, Frame::NotOwner(NotOwner { of, generation: own }));
        }
    }

    /// Whether a question is about something that is here, though it is being moved away. What is new never is.
    fn holds(&self, key: &Key, question: &Frame) -> bool {
        self.streams.get(key).is_some_and(|stream| match question {
            Frame::Publish(publish) => stream.knows(publish.publication),
            _ => true,
        })
    }

    fn answer(&mut self, link: LinkId, frame: Frame) {
        let Some((key, ..)) = question(&frame) else {
            return;
        };
        let key = key.clone();
        if let Some(found) = self.cx.links.get_mut(link) {
            found.note_stream(&key, &frame);
        }
        // Who is asked ahead of the document may not know who else has the stream.
        let adopted = (!self.cx.owns(&key)).then_some(self.cx.now.instant);
        self.streams.entry(key.clone()).or_insert_with(|| Stream::new(key.clone(), adopted));
        self.stream(&key, |stream, cx| match frame {
            Frame::Publish(f) => stream.publish(link, f, cx),
            Frame::Resume(f) => stream.resume(link, f, cx),
            Frame::Watch(f) => stream.watch(link, &f, cx),
            Frame::Play(f) => stream.play(link, &f, cx),
            _ => {}
        });
    }

    /// Asks again what was put off: for good where the edge's patience would end.
    fn ask_ahead_again(&mut self) {
        for (until, link, frame) in std::mem::take(&mut self.ahead) {
            match until <= self.cx.now.instant {
                true => self.answer(link, frame),
                false => self.ask_until(until, link, frame),
            }
        }
    }

    fn ask_until(&mut self, until: Instant, link: LinkId, frame: Frame) {
        self.ask(link, frame);
        if let Some(last) = self.ahead.last_mut()
            && last.1 == link
        {
            last.0 = last.0.min(until);
        }
    }

    // What is said about an answered question.

    fn channel(&mut self, link: LinkId, channel: Channel, act: impl FnOnce(&mut Stream, PublicationId, &mut Context)) {
        // A channel that is no longer known was refused while the frame was under way.
        let Some((id, key)) = self.cx.links.get_mut(link).and_then(|link| link.publication(channel)) else {
            return;
        };
        self.stream(&key, |stream, cx| {
            if stream.is_fed_by(id, link, channel) {
                act(stream, id, cx);
            }
        });
    }

    fn group(&mut self, link: LinkId, group: Group, act: impl FnOnce(&mut Stream, &mut Context)) {
        if let Some(key) = self.cx.links.get_mut(link).and_then(|link| link.stream(group)) {
            self.stream(&key, act);
        }
    }

    fn withdraw(&mut self, link: LinkId, channel: Channel) {
        let found = self.cx.links.get_mut(link).and_then(|link| link.close_channel(channel));
        if let Some((id, key)) = found {
            self.stream(&key, |stream, cx| stream.withdraw(id, link, channel, cx));
        }
        self.withdraw_question(link, Asked::Channel(channel));
    }

    /// A question that waits for a newer document is not to be answered any more. Returns the stream that it was about.
    fn withdraw_question(&mut self, link: LinkId, what: Asked) -> Option<Key> {
        let is_same = |frame: &Frame| question(frame).is_some_and(|(.., of)| of == what);
        let at = self.ahead.iter().position(|(_, from, frame)| *from == link && is_same(frame))?;
        let (.., frame) = self.ahead.remove(at);
        question(&frame).map(|(key, ..)| key.clone())
    }

    fn unwatch(&mut self, link: LinkId, group: Group, moves: bool) {
        let waiting = self.withdraw_question(link, Asked::Group(group));
        let known = self.cx.links.get_mut(link).and_then(|link| link.close_group(group));
        if let Some(key) = &known {
            self.stream(key, |stream, cx| stream.unwatch((link, group), moves, cx));
        }
        if let Some(key) = known.or(waiting) {
            self.dismiss_viewers(link, &key);
        }
    }

    /// An edge that watches a stream no longer has no viewers of it: they left, or are asked for at another origin.
    fn dismiss_viewers(&mut self, link: LinkId, key: &Key) {
        let is_of = |known: &Key| known == key;
        let waits =
            |(from, frame): (LinkId, &Frame)| from == link && matches!(frame, Frame::Watch(watch) if is_of(&watch.key));
        let is_watched = self.streams.get(key).is_some_and(|stream| stream.is_watched_on(link));
        if is_watched || self.ahead.iter().any(|(_, from, frame)| waits((*from, frame))) {
            return;
        }
        self.ahead.retain(|(_, from, frame)| *from != link || !matches!(frame, Frame::Play(play) if is_of(&play.key)));
        self.stream(key, |stream, cx| stream.dismiss_viewers(link, cx));
    }

    fn leave(&mut self, link: LinkId, leave: Leave) {
        let viewer = (leave.client, leave.stream_id);
        self.withdraw_question(link, Asked::Play(leave.client, leave.stream_id));
        let key = self.cx.links.get_mut(link).and_then(|link| link.remove_viewer(viewer));
        if let Some(key) = key {
            self.stream(&key, |stream, _| stream.leave(link, viewer));
        }
    }

    fn restated(&mut self, link: LinkId) {
        let Some(peer) = self.cx.links.get_mut(link).map(|link| link.peer.clone()) else {
            return;
        };
        self.each_stream(|stream, cx| stream.restated(&peer.name, cx));
    }

    fn each_stream(&mut self, act: impl Fn(&mut Stream, &mut Context)) {
        for key in self.streams.keys().cloned().collect::<Vec<_>>() {
            self.stream(&key, &act);
        }
    }
}

/// The stream, the edge's generation and the name of a question.
fn question(frame: &Frame) -> Option<(&Key, u64, Asked)> {
    Some(match frame {
        Frame::Publish(f) => (&f.key, f.generation, Asked::Channel(f.channel)),
        Frame::Resume(f) => (&f.key, f.generation, Asked::Channel(f.channel)),
        Frame::Watch(Watch { key, generation, group, .. }) => (key, *generation, Asked::Group(*group)),
        Frame::Play(Play { key, generation, client, stream_id, .. }) => {
            (key, *generation, Asked::Play(*client, *stream_id))
        }
        _ => return None,
    })
}

/// The peer sent what only an origin may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an edge sent a frame that only an origin may send")]
pub struct Violation;
