//! A server session: one client, from its first byte on.

mod actions;
mod commands;
mod queue;
mod rate;

use std::sync::Arc;
use std::time::Instant;

use super::clock::{Clock, Due, Waiting};
use super::hop::Hop;
use super::stream::Streams;
use super::{Config, Error, Event, Phase};
use crate::Message;
use crate::aggregate::Split;
use crate::chunk::control::Control;
use crate::message::Kind;
use queue::Queue;
use rate::Rate;

/// The server's end of a connection. It answers what needs no decision and makes [`Event`]s of the rest.
///
/// Media does not leave through it: the owner writes that to the socket itself, in chunks of [`Self::chunk_size`],
/// between two [`Self::poll_output`]s. After an error the owner closes; nothing else is to be called then.
#[derive(Debug)]
pub struct Server {
    config: Arc<Config>,
    hop: Hop,
    clock: Clock,
    stage: Stage,
    streams: Streams,
    events: Queue,
    commands: Rate,
    media: Rate,
    /// The encoder sent FCPublish: it expects an answer when it publishes.
    fc_publish: bool,
    /// What the client ended and the owner has not confirmed.
    unpublishing: Vec<Unpublishing>,
    ignored: u64,
}

/// A publication that has ended.
#[derive(Debug)]
struct Unpublishing {
    stream_id: u32,
    /// The name under which the client said so with FCUnpublish: it expects an answer of its own.
    announced: Option<Box<str>>,
}

/// How far the client is.
#[derive(Debug)]
enum Stage {
    /// It has not sent connect.
    Connecting,
    /// The owner thinks about its connect.
    Deciding(Box<Deciding>),
    /// It is in.
    Connected { can_reconnect: bool },
    /// It is to be closed.
    Refused,
}

/// What the answer to connect needs, and what the client sent without waiting for it.
#[derive(Debug)]
struct Deciding {
    transaction_id: f64,
    object_encoding: f64,
    is_enhanced: bool,
    can_reconnect: bool,
    early: Vec<Message>,
}

impl Server {
    /// A session at its start: nothing was read or written.
    pub fn new(config: impl Into<Arc<Config>>, now: Instant) -> Self {
        let config = config.into();
        Self {
            hop: Hop::server(config.chunks, config.window),
            clock: Clock::new(now),
            stage: Stage::Connecting,
            streams: Streams::default(),
            events: Queue::default(),
            commands: Rate::new(now),
            media: Rate::new(now),
            fc_publish: false,
            unpublishing: Vec::new(),
            ignored: 0,
            config,
        }
    }

    /// Takes bytes of the client, all of them. What they lead to is in [`Self::poll_event`] and
    /// [`Self::poll_output`].
    pub fn handle_input(&mut self, input: &[u8], now: Instant) -> Result<(), Error> {
        if matches!(self.stage, Stage::Refused) {
            return Ok(());
        }
        let mut input = input;
        self.clock.hear(now);
        self.hop.count(input.len());
        while let Some(message) = self.hop.read(&mut input)? {
            self.handle_message(message)?;
        }
        self.wait();
        Ok(())
    }

    /// The client was not read until now: its silence says nothing, and its messages have piled up.
    pub fn read_again(&mut self, now: Instant) {
        self.media.credit(now.saturating_duration_since(self.clock.heard()), self.config.media);
        self.clock.hear(now);
    }

    /// The next event, in the order of the client's messages.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop()
    }

    /// Moves the bytes for the client to the end of `into`. They are whole messages.
    ///
    /// What a client sends makes answers: an owner that reads on only when they are written bounds them.
    pub fn poll_output(&mut self, into: &mut Vec<u8>) {
        self.hop.poll_output(into);
    }

    /// When [`Self::handle_timeout`] is to be called; it moves with every call.
    pub fn deadline(&self) -> Option<Instant> {
        self.clock.deadline(&self.config)
    }

    /// Sends a ping if one is due; an error if the client let its deadline pass. Too early a call does nothing.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        if let Due::Ping(time) = self.clock.handle_timeout(&self.config, now)? {
            self.hop.send_control(Control::PingRequest(time));
        }
        Ok(())
    }

    /// The size of the chunks that the client expects now.
    pub fn chunk_size(&self) -> usize {
        self.hop.chunk_size()
    }

    /// How many messages were ignored: media of streams that do not publish, and unknown kinds.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    fn handle_message(&mut self, message: Message) -> Result<(), Error> {
        if let Stage::Deciding(deciding) = &mut self.stage {
            return deciding.keep(message, self.config.early);
        }
        match message.kind {
            Kind::COMMAND_AMF0 | Kind::COMMAND_AMF3 => return self.handle_command(&message),
            Kind::AGGREGATE if self.is_published(message.stream_id) => self.handle_aggregate(Split::new(message))?,
            kind if kind.is_media() => self.handle_media(message)?,
            // What a client buffers of a stream is of no use to a live server.
            Kind::USER_CONTROL => {}
            _ => self.ignored += 1,
        }
        Ok(())
    }

    fn handle_aggregate(&mut self, aggregate: Split) -> Result<(), Error> {
        self.count_media(aggregate.parts())?;
        self.events.push_aggregate(aggregate);
        Ok(())
    }

    fn count_media(&mut self, count: usize) -> Result<(), Error> {
        let limit = self.config.media;
        match self.media.allows(count, limit, self.clock.now()) {
            true => Ok(()),
            false => Err(Error::TooManyMessages(limit)),
        }
    }

    fn handle_media(&mut self, message: Message) -> Result<(), Error> {
        self.count_media(1)?;
        let stream_id = match message.stream_id {
            // Some encoders send their metadata on the connection's own stream.
            0 => self.streams.sole_publisher().unwrap_or_default(),
            id => id,
        };
        let media = queue::without_set_data_frame(Message { stream_id, ..message });
        match media {
            Some(media) if self.is_published(stream_id) => self.events.push(Event::Media(media)),
            _ => self.ignored += 1,
        }
        Ok(())
    }

    fn is_published(&mut self, stream_id: u32) -> bool {
        self.streams.get(stream_id).is_some_and(|state| state.is_publisher())
    }

    /// Tells the clock what is waited for now.
    fn wait(&mut self) {
        self.clock.wait(match self.stage {
            Stage::Connecting if self.hop.is_open() => Waiting::For(Phase::Connect),
            Stage::Connecting => Waiting::For(Phase::Handshake),
            Stage::Deciding(_) | Stage::Refused => Waiting::Us,
            Stage::Connected { .. } if self.streams.is_busy() => Waiting::Alive,
            Stage::Connected { .. } => Waiting::For(Phase::Idle),
        });
    }
}

impl Deciding {
    fn keep(&mut self, message: Message, limit: usize) -> Result<(), Error> {
        if self.early.len() >= limit {
            return Err(Error::TooEarly(limit));
        }
        self.early.push(message);
        Ok(())
    }
}
