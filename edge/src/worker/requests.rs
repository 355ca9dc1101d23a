//! What clients ask for, and what the core answers.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use livecluster_mrtmp::frame::Client;
use livecluster_mrtmp::route::Key;
use livecluster_rtmp::broadcast::Full;
use livecluster_rtmp::command::{self, ConnectRequest, status};
use livecluster_rtmp::session::Event;

use super::connection::{Connection, Publishing};
use super::group::GroupId;
use super::outgoing::Written;
use super::play::{Play, Wants, Watch};
use crate::core::{ClientEvent, Closed, Feed};
use crate::metrics::{Reason, Role};
use crate::shared::now;

/// The smallest send buffer of a viewer's socket.
const MIN_SEND_BUFFER: usize = 64 << 10;

impl Connection {
    /// Takes what the client asked for, in order.
    pub(super) fn take_events(self: &Rc<Self>, now: Instant) {
        loop {
            let Some(event) = self.session.borrow_mut().poll_event() else {
                return;
            };
            match event {
                Event::Connect(request) => self.connect(&request, now),
                Event::Publish { stream_id, name, query } => self.publish(stream_id, &name, query, now),
                Event::Play { stream_id, play, query } => self.play(stream_id, &play, query, now),
                Event::Media(message) => self.media(message.stream_id, message, now),
                Event::Close { stream_id } => self.close_stream(stream_id),
                Event::Pause { stream_id, paused } => self.want(stream_id, |wants| wants.paused = paused, !paused),
                Event::ReceiveAudio { stream_id, receive } => {
                    self.want(stream_id, |wants| wants.audio.switch(receive), false);
                }
                Event::ReceiveVideo { stream_id, receive } => {
                    self.want(stream_id, |wants| wants.video.switch(receive), false);
                }
            }
        }
    }

    fn connect(self: &Rc<Self>, request: &ConnectRequest, now: Instant) {
        let asks = Client {
            app: request.app.clone(),
            tc_url: request.tc_url.clone(),
            query: request.query.clone(),
            address: self.peer.to_string(),
        };
        if let Err(error) = asks.check() {
            self.session.borrow_mut().refuse_connect(status::CONNECT_REJECTED, &error.to_string());
            return self.end(Reason::Protocol);
        }
        *self.asks.borrow_mut() = Arc::new(asks);
        let accepted = self.session.borrow_mut().accept_connect(now);
        if let Err(error) = accepted {
            return self.end(self.broken(&error));
        }
        if self.worker.has_asked(self.client) {
            self.ask_to_reconnect();
        }
    }

    /// The stream, and the client as its origin is told of it; or why they can't be.
    fn address(&self, name: &str, query: String) -> Result<(Key, Arc<Client>), String> {
        let asks = self.asks.borrow();
        let key = Key::of(&asks.app, name).map_err(|error| error.to_string())?;
        if query.is_empty() {
            return Ok((key, Arc::clone(&asks)));
        }
        let asks = Client { query, ..Client::clone(&asks) };
        asks.check().map_err(|error| error.to_string())?;
        Ok((key, Arc::new(asks)))
    }

    fn publish(&self, stream_id: u32, name: &str, query: String, now: Instant) {
        let (key, asks) = match self.address(name, query) {
            Ok(address) => address,
            Err(why) => {
                return self.session.borrow_mut().refuse_publish(stream_id, status::PUBLISH_BAD_NAME, &why);
            }
        };
        if let Err(full) = self.worker.shared.budget.check_room() {
            self.worker.shared.metrics.found_no_room();
            return self.session.borrow_mut().refuse_publish(stream_id, status::FAILED, &full.to_string());
        }
        // The session has answered for what the stream published before.
        self.unpublishing.borrow_mut().retain(|(_, of)| *of != stream_id);
        let activity = Arc::new(AtomicU64::new(0));
        let ticket = self.next_ticket();
        let (of_client, counts) = ((self.client, ticket), Arc::clone(&activity));
        let id = self.worker.shared.with(|core, now| core.publish(of_client, key, asks, counts, now));
        self.publishing.borrow_mut().push(Publishing {
            stream_id,
            ticket,
            id,
            slowed: false,
            activity,
            last_media: now,
        });
        self.worker.shared.metrics.joined(Role::Publisher);
    }

    fn play(self: &Rc<Self>, stream_id: u32, play: &command::Play, query: String, now: Instant) {
        let (key, asks) = match self.address(&play.name, query) {
            Ok(address) => address,
            Err(why) => {
                return self.session.borrow_mut().refuse_play(stream_id, status::PLAY_FAILED, &why);
            }
        };
        if let Err(full) = self.check_room_to_play(&key) {
            self.worker.shared.metrics.found_no_room();
            return self.session.borrow_mut().refuse_play(stream_id, status::PLAY_FAILED, &full.to_string());
        }
        let wants = Wants { duration: play.duration.map(|duration| (duration, None)), ..Wants::ALL };
        let ticket = self.next_ticket();
        let play = Play { stream_id, ticket, key: key.clone(), asked_at: Some(now), watch: None, wants };
        self.out().plays.push(play);
        let client = (self.client, ticket);
        self.worker.shared.with(|core, now| core.play(client, key, asks, now));
        self.worker.shared.metrics.joined(Role::Viewer);
    }

    /// One more viewer of a stream that is here costs nothing.
    fn check_room_to_play(&self, key: &Key) -> Result<(), Full> {
        let shared = &self.worker.shared;
        let is_here = || shared.with(|core, _| core.streams().any(|stream| stream.key == key));
        shared.budget.check_room().or_else(|full| if is_here() { Ok(()) } else { Err(full) })
    }

    /// Changes what a viewer wants; it may have to wait for a start point.
    fn want(&self, stream_id: u32, change: impl FnOnce(&mut Wants), restarts: bool) {
        let mut out = self.out();
        let Some(play) = out.play(stream_id) else {
            return;
        };
        change(&mut play.wants);
        if let Some(watch) = play.watch.as_mut().filter(|_| restarts) {
            watch.restart();
        }
    }

    /// A stream of the client is over: it publishes or plays nothing any more.
    fn close_stream(self: &Rc<Self>, stream_id: u32) {
        match self.unpublish(stream_id) {
            Some(ticket) => self.unpublishing.borrow_mut().push((ticket, stream_id)),
            None => self.session.borrow_mut().confirm_unpublish(stream_id),
        }
        self.unplay(stream_id);
    }

    /// Returns the ticket under which the core tells that the end is stable, if there was a publication.
    fn unpublish(&self, stream_id: u32) -> Option<u32> {
        let mut publishing = self.publishing.borrow_mut();
        let at = publishing.iter().position(|one| one.stream_id == stream_id)?;
        let one = publishing.swap_remove(at);
        self.worker.shared.with(|core, now| core.unpublish(one.id, now));
        self.worker.shared.metrics.left(Role::Publisher);
        Some(one.ticket)
    }

    /// Whatever was still to be said of a publication that the client ended, it ends the wait.
    fn unpublished(self: &Rc<Self>, ticket: u32) {
        let mut unpublishing = self.unpublishing.borrow_mut();
        let Some(at) = unpublishing.iter().position(|(of, _)| *of == ticket) else {
            return;
        };
        let (_, stream_id) = unpublishing.swap_remove(at);
        drop(unpublishing);
        self.session.borrow_mut().confirm_unpublish(stream_id);
        self.flush(now());
    }

    fn unplay(self: &Rc<Self>, stream_id: u32) {
        let mut out = self.out();
        let Some(at) = out.plays.iter().position(|play| play.stream_id == stream_id) else {
            return;
        };
        let play = out.plays.swap_remove(at);
        drop(out);
        if let Some(watch) = play.watch {
            self.worker.groups.borrow_mut().leave(watch.group, self);
        }
        let client = (self.client, play.ticket);
        self.worker.shared.with(|core, now| core.stop(client, &play.key, now));
        self.worker.shared.metrics.left(Role::Viewer);
    }

    /// The client is gone.
    pub(super) fn leave(self: &Rc<Self>) {
        let publishing: Vec<_> = self.publishing.borrow().iter().map(|one| one.stream_id).collect();
        for stream_id in publishing {
            self.unpublish(stream_id);
        }
        let playing: Vec<_> = self.out.borrow().plays.iter().map(|play| play.stream_id).collect();
        playing.into_iter().for_each(|stream_id| self.unplay(stream_id));
    }

    /// The core has answered, or something happened to a stream of the client.
    pub(super) fn handle_event(self: &Rc<Self>, ticket: u32, event: ClientEvent) {
        // The client may have ended in the meantime what this is about.
        let Some(stream_id) = self.stream_of(ticket) else {
            return match event {
                ClientEvent::Published | ClientEvent::Go => {}
                _ => self.unpublished(ticket),
            };
        };
        match event {
            ClientEvent::Unpublished => {}
            ClientEvent::Published => self.session.borrow_mut().start_publish(stream_id),
            ClientEvent::PublishRefused { code, description } => self.refuse_publish(stream_id, &code, &description),
            ClientEvent::Revoked => {
                self.refuse_publish(stream_id, status::PUBLISH_BAD_NAME, "another publisher has taken over");
                self.end(Reason::Revoked);
            }
            ClientEvent::Go => {
                for one in self.publishing.borrow_mut().iter_mut().filter(|one| one.ticket == ticket) {
                    (one.slowed, one.last_media) = (false, now());
                }
                self.session.borrow_mut().read_again(now());
                self.wake.notify_one();
            }
            ClientEvent::Joined(feed) => self.joined(stream_id, feed),
            ClientEvent::PlayRefused { code, description } => {
                self.session.borrow_mut().refuse_play(stream_id, &code, &description);
                self.unplay(stream_id);
            }
            ClientEvent::Expelled => self.end(Reason::Expelled),
            ClientEvent::HoldEnded => self.hold_ended(stream_id),
        }
        self.flush(now());
    }

    fn stream_of(&self, ticket: u32) -> Option<u32> {
        let publishing = self.publishing.borrow();
        let published = publishing.iter().find(|one| one.ticket == ticket).map(|one| one.stream_id);
        let played = || self.out.borrow().plays.iter().find(|play| play.ticket == ticket).map(|play| play.stream_id);
        published.or_else(played)
    }

    fn refuse_publish(&self, stream_id: u32, code: &str, description: &str) {
        self.session.borrow_mut().refuse_publish(stream_id, code, description);
        self.unpublish(stream_id);
    }

    fn hold_ended(&self, stream_id: u32) {
        let description = "no origin answered for this stream within the hold time";
        let publishes = self.publishing.borrow().iter().any(|one| one.stream_id == stream_id);
        let mut session = self.session.borrow_mut();
        match publishes {
            true => session.refuse_publish(stream_id, status::FAILED, description),
            false => session.refuse_play(stream_id, status::PLAY_FAILED, description),
        }
        drop(session);
        self.end(Reason::HoldEnded);
    }

    fn joined(self: &Rc<Self>, stream_id: u32, feed: Arc<Feed>) {
        if self.out().play(stream_id).is_none() {
            return;
        }
        self.set_send_buffer(self.send_buffer_for(&feed));
        self.session.borrow_mut().start_play(stream_id);
        self.watch(stream_id, feed, Watch::new);
    }

    /// About two seconds of the stream, within bounds.
    fn send_buffer_for(&self, feed: &Feed) -> usize {
        let limit = usize::try_from(self.worker.shared.config.send_buffer_bytes).unwrap_or(usize::MAX);
        let log = feed.log();
        let (oldest, newest) = (log.get(log.oldest()), log.last());
        let span = oldest.zip(newest).map_or(0, |(oldest, newest)| (newest.at - oldest.at).as_millis());
        let two_seconds = match usize::try_from(span) {
            Ok(span) if span > 500 => log.bytes() / span * 2000,
            _ => limit,
        };
        two_seconds.clamp(MIN_SEND_BUFFER.min(limit), limit)
    }

    fn watch(self: &Rc<Self>, stream_id: u32, feed: Arc<Feed>, begin: impl FnOnce(Arc<Feed>, GroupId) -> Watch) {
        let group = self.worker.groups.borrow_mut().join(&feed, self, &self.worker.mailbox);
        if let Some(play) = self.out().play(stream_id) {
            play.watch = Some(begin(feed, group));
        }
    }

    /// Goes on with what writing has shown. True: there is more to write.
    pub(super) fn after_write(self: &Rc<Self>, written: &Written) -> bool {
        for stream_id in &written.finished {
            self.session.borrow_mut().stop_play(*stream_id);
            self.unplay(*stream_id);
        }
        let followed = written.closed.iter().filter(|(stream_id, closed)| self.follow(*stream_id, *closed)).count();
        followed > 0 || !written.finished.is_empty()
    }

    /// A viewer has read all of a feed that is closed. True: something follows.
    fn follow(self: &Rc<Self>, stream_id: u32, closed: Closed) -> bool {
        let mut out = self.out();
        let Some(watch) = out.play(stream_id).and_then(|play| play.watch.as_mut()) else {
            return false;
        };
        let tells = closed == Closed::Ended && !std::mem::replace(&mut watch.knows_absence, true);
        let knows_absence = watch.knows_absence && closed == Closed::Ended;
        let (group, successor) = (watch.group, watch.feed.successor().cloned());
        drop(out);
        if tells {
            self.session.borrow_mut().notify_unpublish(stream_id);
        }
        let Some(successor) = successor else {
            return tells;
        };
        if knows_absence {
            self.session.borrow_mut().notify_publish(stream_id);
        }
        self.worker.groups.borrow_mut().leave(group, self);
        self.watch(stream_id, successor, Watch::following);
        true
    }
}
