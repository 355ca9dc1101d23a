//! Clients of a simulated cluster: they come, send, read and leave.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use livecluster_edge::core::{ClientEvent, Flow};
use livecluster_mrtmp::frame::Client;
use livecluster_mrtmp::id::ClientId;
use livecluster_mrtmp::route::Key;

use super::publisher::CONFIGURATIONS;
use super::{Event, Publisher, State, Viewer, World};

impl World {
    /// A client publishes. Returns its index.
    pub fn publish(&mut self, edge: usize, stream: &str) -> usize {
        self.publish_with_key(edge, stream, "")
    }

    /// The same, with a key that shows who it is; empty: none.
    pub fn publish_with_key(&mut self, edge: usize, stream: &str, secret: &str) -> usize {
        let at = self.publishers.len();
        let activity = Arc::new(AtomicU64::new(0));
        let now = self.instant();
        let client = (ClientId(2 * at as u64), 1);
        let asks = Arc::new(Client { query: format!("key={secret}"), ..Client::default() });
        let core = &mut self.edges[edge].core;
        let publication = core.publish(client, key(stream), asks, Arc::clone(&activity), now);
        self.publishers.push(Publisher {
            edge,
            stream: stream.to_owned(),
            state: State::Asked,
            sent: 0,
            sends: true,
            slowed: false,
            every: Duration::from_millis(20),
            keyframe_every: 50,
            len: 20,
            silence: Duration::ZERO,
            secret: secret.to_owned(),
            gave_way: false,
            run: at as u64,
            publication,
            activity,
            newest: self.now,
            asked: self.now,
            accepted: self.now,
            version: 1,
            pending: CONFIGURATIONS.to_vec(),
            since_keyframe: 0,
            confirmed: None,
        });
        self.trace(|| format!("publisher {at} asks edge {edge} for {stream}"));
        self.after_edge(edge);
        at
    }

    /// A publisher stops.
    pub fn unpublish(&mut self, at: usize) {
        let now = self.instant();
        let publisher = &mut self.publishers[at];
        if !publisher.is_there() {
            return;
        }
        publisher.state = State::Unpublished;
        let (edge, publication) = (publisher.edge, publisher.publication);
        self.edges[edge].core.unpublish(publication, now);
        self.trace(|| format!("publisher {at} leaves"));
        self.after_edge(edge);
    }

    /// A client plays. Returns its index.
    pub fn play(&mut self, edge: usize, stream: &str) -> usize {
        let at = self.viewers.len();
        self.viewers.push(Viewer::new(edge, stream));
        let now = self.instant();
        let asks = Arc::new(Client::default());
        let client = (ClientId(2 * at as u64 + 1), 1);
        self.edges[edge].core.play(client, key(stream), asks, now);
        self.trace(|| format!("viewer {at} asks edge {edge} for {stream}"));
        self.after_edge(edge);
        at
    }

    /// A viewer leaves.
    pub fn stop(&mut self, at: usize) {
        let viewer = &mut self.viewers[at];
        if viewer.gone.is_some() {
            return;
        }
        viewer.leave("stopped");
        let (edge, stream) = (viewer.edge, key(&viewer.stream));
        let now = self.instant();
        let client = (ClientId(2 * at as u64 + 1), 1);
        self.edges[edge].core.stop(client, &stream, now);
        self.trace(|| format!("viewer {at} leaves"));
        self.after_edge(edge);
    }

    /// All clients of an edge lose their connections with it.
    pub(super) fn lose_clients(&mut self, edge: usize) {
        // The ends of some who left may not have come to everyone.
        let core = &self.edges[edge].core;
        let kept: Vec<_> = core.streams().filter(|one| one.is_published).map(|one| one.key.to_string()).collect();
        for publisher in self.publishers.iter_mut().filter(|one| one.edge == edge) {
            let is_kept = publisher.state == State::Unpublished && kept.contains(&key(&publisher.stream).to_string());
            if publisher.is_there() || is_kept {
                publisher.state = State::Lost;
            }
        }
        for viewer in self.viewers.iter_mut().filter(|one| one.edge == edge && one.gone.is_none()) {
            viewer.leave("stopped");
        }
    }

    pub(super) fn send(&mut self, at: usize) {
        let now = self.now;
        let publisher = &mut self.publishers[at];
        if !publisher.is_there() {
            return;
        }
        let every = publisher.every;
        if publisher.may_send() {
            self.send_message(at);
        }
        self.schedule(now + every, Event::Send(at));
    }

    fn send_message(&mut self, at: usize) {
        let (now, instant) = (self.now, self.instant());
        let publisher = &mut self.publishers[at];
        let message = publisher.next_message(now);
        publisher.activity.fetch_add(message.payload.len() as u64, Ordering::Relaxed);
        let (edge, publication) = (publisher.edge, publisher.publication);
        let flow = self.edges[edge].core.media(publication, message, instant);
        self.publishers[at].slowed |= flow == Flow::Slow;
        self.after_edge(edge);
    }

    /// Something happened to a client.
    pub(super) fn tell(&mut self, edge: usize, ClientId(client): ClientId, event: ClientEvent) {
        self.trace(|| format!("edge {edge} client {client}: {}", name(&event)));
        let at = usize::try_from(client / 2).unwrap_or(usize::MAX);
        match client % 2 {
            0 => self.tell_publisher(at, event),
            _ => self.tell_viewer(at, event),
        }
    }

    fn tell_publisher(&mut self, at: usize, event: ClientEvent) {
        let now = self.now;
        let publisher = &mut self.publishers[at];
        if publisher.state == State::Unpublished {
            if matches!(event, ClientEvent::Unpublished) && publisher.confirmed.replace(now).is_some() {
                self.violate(format!("publisher {at} was told twice that its end is stable"));
            }
            return;
        }
        match event {
            ClientEvent::Published => {
                publisher.state = State::Publishing;
                (publisher.newest, publisher.accepted) = (now, now);
                self.schedule(now, Event::Send(at));
            }
            ClientEvent::PublishRefused { code, .. } => publisher.state = State::Refused(code),
            ClientEvent::Revoked => {
                publisher.silence = publisher.silence.max(now - publisher.newest);
                publisher.state = State::Revoked;
                self.publishers[at].gave_way = self.has_elder(at) || self.has_heir(at);
            }
            ClientEvent::HoldEnded => publisher.state = State::HoldEnded,
            ClientEvent::Go => publisher.slowed = false,
            event => self.violate(format!("publisher {at} was told {}", name(&event))),
        }
    }

    fn tell_viewer(&mut self, at: usize, event: ClientEvent) {
        let viewer = &mut self.viewers[at];
        if viewer.gone.is_some() {
            return;
        }
        match event {
            ClientEvent::Joined(feed) => viewer.join(feed),
            ClientEvent::PlayRefused { code, .. } => viewer.leave(&code),
            ClientEvent::Expelled => viewer.leave("expelled"),
            ClientEvent::HoldEnded => viewer.leave("hold ended"),
            event => self.violate(format!("viewer {at} was told {}", name(&event))),
        }
    }

    /// Whether somebody was let in before this one, or while documents were under way, and still has the stream.
    fn has_elder(&self, at: usize) -> bool {
        let stream = &self.publishers[at].stream;
        let latest = self.publishers[at].accepted + self.setup.lateness.1;
        let others = self.publishers.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, one)| one);
        let mut holders = others.filter(|one| matches!(one.state, State::Publishing | State::Lost));
        holders.any(|one| one.stream == *stream && one.accepted <= latest)
    }

    /// Whether somebody else showed the same key for the stream.
    pub(super) fn has_heir(&self, at: usize) -> bool {
        let Publisher { stream, secret, .. } = &self.publishers[at];
        let others = self.publishers.iter().enumerate().filter(|(other, _)| *other != at);
        others.into_iter().any(|(_, one)| one.stream == *stream && one.secret == *secret && !secret.is_empty())
    }

    pub(super) fn let_viewers_read(&mut self, edge: usize) {
        for at in 0..self.viewers.len() {
            let viewer = &mut self.viewers[at];
            if viewer.edge != edge || !viewer.is_watching() {
                continue;
            }
            viewer.read();
            for what in std::mem::take(&mut viewer.violations) {
                self.violate(format!("viewer {at}: {what}"));
            }
        }
    }
}

fn key(stream: &str) -> Key {
    Key::of("live", stream).expect("a valid name")
}

fn name(event: &ClientEvent) -> String {
    match event {
        ClientEvent::Joined(_) => "Joined".to_owned(),
        event => format!("{event:?}"),
    }
}
