//! The client's end of a connection: connects, publishes and plays. For tests and for load.

mod event;
mod options;
mod reconnect;

pub use event::Event;
pub use options::Options;
pub use reconnect::BadTcUrl;

use std::collections::VecDeque;
use std::time::Instant;

use super::hop::Hop;
use super::{Error, Phase};
use crate::amf0::{self, Value};
use crate::chunk::control::Control;
use crate::chunk::{self, Chunked, csid};
use crate::command::{self, Answer, Capabilities, Command, Invocation, Status, answer, request, status};
use crate::message::Kind;
use crate::{Message, chunk::Limits};

/// A connection that asks for what its owner wants as soon as it can.
#[derive(Debug)]
pub struct Client {
    options: Options,
    hop: Hop,
    stage: Stage,
    deadline: Instant,
    last_transaction: u32,
    /// What waits for the answer to connect, or to its createStream.
    wanted: Vec<Wanted>,
    events: VecDeque<Event>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Handshake,
    Connecting,
    Connected,
}

/// A stream to be created, and what for.
#[derive(Debug)]
struct Wanted {
    /// Of its createStream; `None` as long as that is not sent.
    transaction_id: Option<f64>,
    publishes: bool,
    name: String,
}

impl Client {
    /// A client at its start: its first bytes wait in [`Self::poll_output`].
    pub fn new(options: Options, now: Instant) -> Self {
        let limits =
            Limits { message: chunk::MAX_MESSAGE_LEN, partials: 2 * chunk::MAX_MESSAGE_LEN, ..Limits::default() };
        Self {
            hop: Hop::client(limits, options.window),
            stage: Stage::Handshake,
            deadline: now + options.timeout,
            last_transaction: 0,
            wanted: Vec::new(),
            events: VecDeque::new(),
            options,
        }
    }

    /// Takes bytes of the server, all of them.
    pub fn handle_input(&mut self, input: &[u8]) -> Result<(), Error> {
        let mut input = input;
        self.hop.count(input.len());
        while let Some(message) = self.hop.read(&mut input)? {
            self.handle_message(message)?;
        }
        if self.stage == Stage::Handshake && self.hop.is_open() {
            self.connect();
        }
        Ok(())
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Moves the bytes for the server to the end of `into`.
    pub fn poll_output(&mut self, into: &mut Vec<u8>) {
        self.hop.poll_output(into);
    }

    /// Until when the server has to accept connect; `None` when it has.
    pub fn deadline(&self) -> Option<Instant> {
        (self.stage != Stage::Connected).then_some(self.deadline)
    }

    /// An error if the deadline has passed.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        match self.stage {
            _ if now < self.deadline => Ok(()),
            Stage::Handshake => Err(Error::Timeout(Phase::Handshake)),
            Stage::Connecting => Err(Error::Timeout(Phase::Connect)),
            Stage::Connected => Ok(()),
        }
    }

    /// Creates a stream and publishes on it.
    pub fn publish(&mut self, name: &str) {
        self.want(name, true);
    }

    /// Creates a stream and plays on it.
    pub fn play(&mut self, name: &str) {
        self.want(name, false);
    }

    /// Sends a command and returns its transaction id. Not before [`Event::Connected`].
    pub fn call(&mut self, stream_id: u32, name: &str, arguments: impl IntoIterator<Item = Value>) -> f64 {
        let transaction_id = self.next_transaction();
        let values = std::iter::once(Value::Null).chain(arguments);
        self.send(&answer::command(stream_id, name, transaction_id, values));
        transaction_id
    }

    /// Sends any message.
    pub fn send(&mut self, message: &Message) {
        self.hop.send(message);
    }

    /// The bytes of a message, for the owner to write after what [`Self::poll_output`] gives.
    pub fn send_media(&self, message: &Message) -> Chunked {
        Chunked::new(csid(message.kind), message, self.hop.chunk_size())
    }

    fn connect(&mut self) {
        self.stage = Stage::Connecting;
        let transaction_id = self.next_transaction();
        let Options { app, tc_url, reconnects, extra, chunk_size, .. } = &self.options;
        let can_reconnect = ("capsEx", f64::from(Capabilities::RECONNECT).into());
        let extra: Vec<_> = extra.iter().cloned().chain(reconnects.then_some(can_reconnect)).collect();
        self.hop.send_control(Control::SetChunkSize(*chunk_size));
        self.hop.send(&request::connect(transaction_id, app, tc_url, &extra));
    }

    fn want(&mut self, name: &str, publishes: bool) {
        self.wanted.push(Wanted { transaction_id: None, publishes, name: name.to_owned() });
        self.create_streams();
    }

    fn create_streams(&mut self) {
        if self.stage != Stage::Connected {
            return;
        }
        for wanted in self.wanted.iter_mut().filter(|wanted| wanted.transaction_id.is_none()) {
            self.last_transaction += 1;
            let transaction_id = f64::from(self.last_transaction);
            wanted.transaction_id = Some(transaction_id);
            self.hop.send(&request::create_stream(transaction_id));
        }
    }

    fn next_transaction(&mut self) -> f64 {
        self.last_transaction += 1;
        f64::from(self.last_transaction)
    }

    fn handle_message(&mut self, message: Message) -> Result<(), Error> {
        match message.kind {
            Kind::COMMAND_AMF0 | Kind::COMMAND_AMF3 => return self.handle_command(&message),
            kind if kind.is_media() => self.events.push_back(Event::Media(message)),
            Kind::USER_CONTROL => self.events.extend(Control::decode(&message)?.map(Event::Control)),
            _ => {}
        }
        Ok(())
    }

    fn handle_command(&mut self, message: &Message) -> Result<(), Error> {
        let stream_id = message.stream_id;
        let Invocation { transaction_id, command } = command::decode(message, amf0::Limits::default())?;
        match command {
            Command::Result(answer) => self.handle_result(transaction_id, answer),
            Command::Error(answer) => self.handle_error(transaction_id, &answer),
            Command::Status(status) => self.handle_status(stream_id, status),
            Command::Call { name, .. } => self.events.push_back(Event::Called { name }),
            _ => {}
        }
        Ok(())
    }

    fn handle_result(&mut self, transaction_id: f64, answer: Answer) {
        if self.stage == Stage::Connecting {
            self.stage = Stage::Connected;
            self.events.push_back(Event::Connected(answer));
            return self.create_streams();
        }
        let Some(wanted) = self.take_wanted(transaction_id) else {
            return self.events.push_back(Event::Answered { transaction_id, answer });
        };
        let stream_id = answer.value.as_number().unwrap_or_default() as u32;
        let ask = if wanted.publishes { request::publish } else { request::play };
        let transaction_id = self.next_transaction();
        self.hop.send(&ask(stream_id, transaction_id, &wanted.name));
    }

    fn handle_error(&mut self, transaction_id: f64, answer: &Answer) {
        self.take_wanted(transaction_id);
        self.events.push_back(Event::Refused { stream_id: 0, status: Status::of(&answer.value) });
    }

    fn handle_status(&mut self, stream_id: u32, status: Status) {
        self.events.push_back(match status.code.as_str() {
            status::PUBLISH_START => Event::Published { stream_id },
            status::PLAY_START => Event::Playing { stream_id },
            status::CONNECT_RECONNECT_REQUEST if self.options.reconnects => {
                let tc_url = reconnect::resolve(&self.options.tc_url, status.tc_url.as_deref());
                Event::Reconnect { tc_url, description: status.description }
            }
            _ if status.is_error() => Event::Refused { stream_id, status },
            _ => Event::Status { stream_id, status },
        });
    }

    fn take_wanted(&mut self, transaction_id: f64) -> Option<Wanted> {
        let index = self.wanted.iter().position(|wanted| wanted.transaction_id == Some(transaction_id))?;
        Some(self.wanted.swap_remove(index))
    }
}
