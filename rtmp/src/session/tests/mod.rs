//! A client and a server that talk through buffers, on a clock of their own.

mod connect;
mod hostile;
mod independent;
mod media;
mod play;
mod publish;
mod reconnect;
mod time;

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use super::client::Event as Seen;
use super::{Client, Config, Error, Event, Options, Server};
use crate::Message;
use crate::amf0::Value;
use crate::chunk::control::Control;
use crate::command::Status;
use crate::message::Kind;

/// Both ends of a connection. Bytes cross in pieces of random length; the seed is printed.
struct Pair {
    client: Client,
    server: Server,
    now: Instant,
    random: u64,
}

impl Pair {
    /// Before the first byte.
    fn new(config: Config) -> Self {
        Self::with(config, Options::new("live", "rtmp://host/live"))
    }

    fn with(config: Config, options: Options) -> Self {
        let (now, seed) = (Instant::now(), RandomState::new().hash_one(0));
        println!("seed {seed}");
        Self { client: Client::new(options, now), server: Server::new(config, now), now, random: seed | 1 }
    }

    /// Connected, with nothing left to poll.
    fn connected() -> Self {
        Self::connected_with(Config::default())
    }

    fn connected_with(config: Config) -> Self {
        let mut pair = Self::new(config);
        pair.drive();
        assert!(matches!(pair.server.poll_event(), Some(Event::Connect(_))));
        pair.server.accept_connect(pair.now).unwrap();
        let connected = |seen: &Seen| matches!(seen, Seen::Connected(_));
        assert!(pair.seen().iter().any(connected));
        pair
    }

    /// With stream 1 publishing as `cam`.
    fn publishing() -> Self {
        let mut pair = Self::connected();
        pair.client.publish("cam");
        pair.drive();
        assert!(matches!(pair.events()[..], [Event::Publish { stream_id: 1, .. }]));
        pair.server.start_publish(1);
        assert_eq!(pair.seen(), [Seen::Published { stream_id: 1 }]);
        pair
    }

    /// With stream 1 playing `cam`.
    fn playing() -> Self {
        let mut pair = Self::connected();
        pair.client.play("cam");
        pair.drive();
        assert!(matches!(pair.events()[..], [Event::Play { stream_id: 1, .. }]));
        pair.server.start_play(1);
        pair.seen();
        pair
    }

    /// Lets the bytes flow until there are none.
    fn drive(&mut self) {
        self.try_drive().unwrap();
    }

    fn try_drive(&mut self) -> Result<(), Error> {
        loop {
            let (mut up, mut down) = (Vec::new(), Vec::new());
            self.client.poll_output(&mut up);
            for piece in self.split(&up) {
                self.server.handle_input(piece, self.now)?;
            }
            self.server.poll_output(&mut down);
            for piece in self.split(&down) {
                self.client.handle_input(piece).unwrap();
            }
            if up.is_empty() && down.is_empty() {
                return Ok(());
            }
        }
    }

    fn split<'a>(&mut self, mut bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let mut pieces = Vec::new();
        while !bytes.is_empty() {
            // xorshift64
            self.random ^= self.random << 13;
            self.random ^= self.random >> 7;
            self.random ^= self.random << 17;
            let len = (self.random % 600) as usize + 1;
            let (piece, rest) = bytes.split_at(len.min(bytes.len()));
            pieces.push(piece);
            bytes = rest;
        }
        pieces
    }

    /// The server's events until now.
    fn events(&mut self) -> Vec<Event> {
        self.drive();
        std::iter::from_fn(|| self.server.poll_event()).collect()
    }

    /// What the client has seen until now.
    fn seen(&mut self) -> Vec<Seen> {
        self.drive();
        std::iter::from_fn(|| self.client.poll_event()).collect()
    }

    /// Sends a command and returns what the client sees of it.
    fn call(&mut self, stream_id: u32, name: &str, arguments: impl IntoIterator<Item = Value>) -> Vec<Seen> {
        self.client.call(stream_id, name, arguments);
        self.seen()
    }

    /// The codes of all that the client sees of a command.
    fn codes(&mut self, stream_id: u32, name: &str, arguments: impl IntoIterator<Item = Value>) -> Vec<String> {
        self.call(stream_id, name, arguments).iter().map(code).collect()
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
    }
}

/// What a client sees, in a word.
fn code(seen: &Seen) -> String {
    match seen {
        Seen::Status { status, .. } => status.code.clone(),
        Seen::Refused { status, .. } => format!("error {}", status.code),
        Seen::Called { name } => name.clone(),
        Seen::Answered { .. } => "_result".to_owned(),
        Seen::Control(control) => format!("{control:?}"),
        seen => format!("{seen:?}"),
    }
}

fn message(kind: Kind, stream_id: u32, payload: &[u8]) -> Message {
    Message { kind, timestamp: 40, stream_id, payload: payload.to_vec().into() }
}
