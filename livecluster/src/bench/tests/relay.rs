//! The least that a server must do for a bench.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use livecluster_rtmp::Message;
use livecluster_rtmp::chunk::{Chunked, csid};
use livecluster_rtmp::session::{Config, Event, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::{Receiver, Sender, channel};

use crate::bench::lock;

/// What a relay does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Faults {
    /// Nothing.
    None,
    /// Of each viewer's messages it leaves every tenth out.
    DropEveryTenth,
    /// Of each viewer's messages it sends every tenth twice.
    RepeatEveryTenth,
    /// To each viewer it sends only so many messages.
    StopAfter(u32),
    /// It takes connections, and answers no publish.
    IgnorePublish,
}

impl Faults {
    /// How often the message with this number is sent.
    fn copies(self, number: u32) -> usize {
        match self {
            Self::DropEveryTenth if number.is_multiple_of(10) => 0,
            Self::RepeatEveryTenth if number.is_multiple_of(10) => 2,
            Self::StopAfter(last) if number > last => 0,
            _ => 1,
        }
    }
}

/// A server that passes messages on, and keeps none.
#[derive(Clone)]
pub struct Relay {
    streams: Arc<Mutex<HashMap<String, Sender<Message>>>>,
    faults: Faults,
}

impl Relay {
    /// Starts one for as long as the runtime lives, and returns its URL.
    pub async fn start(faults: Faults) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("rtmp://{}", listener.local_addr().unwrap());
        let relay = Self { streams: Arc::default(), faults };
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(relay.clone().serve(socket));
            }
        });
        url
    }

    async fn serve(self, socket: TcpStream) -> io::Result<()> {
        let mut client = Client {
            relay: self,
            socket,
            server: Server::new(Config::default(), Instant::now()),
            publishes: None,
            plays: None,
        };
        loop {
            client.turn().await?;
        }
    }

    fn stream(&self, name: String) -> Sender<Message> {
        let mut streams = lock(&self.streams);
        streams.entry(name).or_insert_with(|| channel(1000).0).clone()
    }
}

struct Client {
    relay: Relay,
    socket: TcpStream,
    server: Server,
    publishes: Option<Sender<Message>>,
    plays: Option<Play>,
}

struct Play {
    stream_id: u32,
    messages: Receiver<Message>,
    count: u32,
}

impl Client {
    async fn turn(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        let mut output = Vec::new();
        tokio::select! {
            read = self.socket.read(&mut buffer) => match read? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => self.handle(buffer.get(..read).unwrap_or_default()),
            },
            message = next(&mut self.plays) => {
                self.server.poll_output(&mut output);
                self.pass(message, &mut output);
            }
        }
        self.server.poll_output(&mut output);
        self.socket.write_all(&output).await
    }

    fn handle(&mut self, input: &[u8]) {
        let now = Instant::now();
        self.server.handle_input(input, now).unwrap();
        while let Some(event) = self.server.poll_event() {
            self.decide(event, now);
        }
    }

    fn decide(&mut self, event: Event, now: Instant) {
        match event {
            Event::Connect(_) => self.server.accept_connect(now).unwrap(),
            Event::Publish { .. } if self.relay.faults == Faults::IgnorePublish => {}
            Event::Publish { stream_id, name, .. } => {
                self.publishes = Some(self.relay.stream(name));
                self.server.start_publish(stream_id);
            }
            Event::Play { stream_id, play, .. } => {
                let messages = self.relay.stream(play.name.clone()).subscribe();
                self.plays = Some(Play { stream_id, messages, count: 0 });
                self.server.start_play(stream_id);
            }
            Event::Media(message) => {
                let _ = self.publishes.as_ref().map(|stream| stream.send(message));
            }
            _ => {}
        }
    }

    fn pass(&mut self, message: Message, output: &mut Vec<u8>) {
        let Some(play) = &mut self.plays else {
            return;
        };
        play.count += 1;
        let message = Message { stream_id: play.stream_id, ..message };
        for _ in 0..self.relay.faults.copies(play.count) {
            Chunked::new(csid(message.kind), &message, self.server.chunk_size()).write(output);
        }
    }
}

async fn next(play: &mut Option<Play>) -> Message {
    match play {
        Some(play) => play.messages.recv().await.unwrap(),
        None => std::future::pending().await,
    }
}
