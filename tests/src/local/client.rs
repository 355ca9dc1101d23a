//! A client in this process: our own session over a socket.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use livecluster_rtmp::Message;
use livecluster_rtmp::amf0::Value;
pub use livecluster_rtmp::session::ClientEvent as Event;
use livecluster_rtmp::session::{self, Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::Part;
use super::wait::LIMIT;

/// A connection to an edge.
#[derive(Debug)]
pub struct Client {
    socket: TcpStream,
    session: session::Client,
    unsent: Vec<u8>,
    input: Vec<u8>,
    /// How many reads of the socket gave something.
    pub reads: usize,
}

impl Client {
    /// Connects to application `live`.
    pub async fn connect(edge: &Part) -> Self {
        let socket = TcpStream::connect(address(edge)).await;
        Self::over(socket.expect("a connection"), false).await
    }

    /// Connects with a receive buffer of so many bytes.
    pub async fn connect_small(edge: &Part, buffer: u32) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(buffer).expect("a buffer");
        let socket = socket.connect(address(edge)).await;
        Self::over(socket.expect("a connection"), false).await
    }

    /// The same on a socket that is connected, and perhaps as one who `reconnects` when it is asked to.
    pub async fn over(socket: TcpStream, reconnects: bool) -> Self {
        socket.set_nodelay(true).expect("an option");
        let url = format!("rtmp://{}/live", socket.peer_addr().expect("a peer"));
        let options = Options { reconnects, ..Options::new("live", &url) };
        let mut client = Self {
            socket,
            session: session::Client::new(options, Instant::now()),
            unsent: Vec::new(),
            input: vec![0; INPUT_LEN],
            reads: 0,
        };
        let connected = |event| matches!(event, Event::Connected(_)).then_some(());
        client.expect("connect is accepted", connected).await;
        client
    }

    /// Publishes on a new stream and returns its id.
    pub async fn publish(&mut self, name: &str) -> u32 {
        self.session.publish(name);
        let published = |event| match event {
            Event::Published { stream_id } => Some(stream_id),
            _ => None,
        };
        self.expect("publish is accepted", published).await
    }

    /// Asks to publish on a new stream.
    pub fn ask_to_publish(&mut self, name: &str) {
        self.session.publish(name);
    }

    /// Plays on a new stream and returns its id.
    pub async fn play(&mut self, name: &str) -> u32 {
        self.session.play(name);
        let playing = |event| match event {
            Event::Playing { stream_id } => Some(stream_id),
            _ => None,
        };
        self.expect("play is accepted", playing).await
    }

    /// Asks to play on a new stream.
    pub fn ask_to_play(&mut self, name: &str) {
        self.session.play(name);
    }

    /// Sends a command and returns its transaction id.
    pub async fn call(&mut self, stream_id: u32, name: &str, arguments: impl IntoIterator<Item = Value>) -> f64 {
        let transaction_id = self.session.call(stream_id, name, arguments);
        self.flush().await.expect("the command leaves");
        transaction_id
    }

    /// Whether the edge still answers this client.
    pub async fn is_answered(&mut self) -> bool {
        let asked = self.session.call(0, "_checkbw", []);
        loop {
            match timeout(LIMIT, self.event()).await.expect("an answer or an end") {
                Some(Event::Answered { transaction_id, .. }) if transaction_id == asked => {
                    return true;
                }
                Some(_) => {}
                None => return false,
            }
        }
    }

    /// Queues a media message; it leaves with the next event or flush.
    pub fn queue(&mut self, message: &Message) {
        self.session.send_media(message).write(&mut self.unsent);
    }

    /// Queues bytes as they are, behind what the session has to say.
    pub fn queue_raw(&mut self, bytes: &[u8]) {
        self.session.poll_output(&mut self.unsent);
        self.unsent.extend_from_slice(bytes);
    }

    /// Writes all that is queued. Cancel-safe.
    pub async fn flush(&mut self) -> io::Result<()> {
        self.session.poll_output(&mut self.unsent);
        while !self.unsent.is_empty() {
            let len = self.socket.write(&self.unsent).await?;
            self.unsent.drain(..len);
        }
        Ok(())
    }

    /// The next event; none once the edge has closed the connection. Cancel-safe.
    pub async fn event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.session.poll_event() {
                return Some(event);
            }
            // What is to be read is read, even if the edge takes nothing more.
            let _ = self.flush().await;
            let len = self.socket.read(&mut self.input).await.unwrap_or(0);
            let input = self.input.get(..len).filter(|input| !input.is_empty())?;
            self.reads += 1;
            self.session.handle_input(input).expect("RTMP of the edge");
        }
    }

    /// Takes events until one is what is looked for.
    pub async fn expect<T>(&mut self, what: &str, look: impl FnMut(Event) -> Option<T>) -> T {
        self.expect_within(LIMIT, what, look).await
    }

    /// Takes events until one is what is looked for. Panics if there is none in time.
    pub async fn expect_within<T>(
        &mut self,
        limit: Duration,
        what: &str,
        mut look: impl FnMut(Event) -> Option<T>,
    ) -> T {
        let found = timeout(limit, async {
            loop {
                let event = self.event().await;
                let event = event.unwrap_or_else(|| panic!("{what}: the connection is closed"));
                if let Some(found) = look(event) {
                    return found;
                }
            }
        });
        let found = found.await;
        found.unwrap_or_else(|_| panic!("{what}: not within {limit:?}"))
    }

    /// Waits for a status or a refusal with this code, and returns the stream it is about.
    pub async fn expect_status(&mut self, code: &str) -> u32 {
        let has_code = |event| match event {
            Event::Status { stream_id, status } | Event::Refused { stream_id, status } => {
                (status.code == code).then_some(stream_id)
            }
            _ => None,
        };
        self.expect(code, has_code).await
    }

    /// The next message of media.
    pub async fn media(&mut self) -> Message {
        let media = |event| match event {
            Event::Media(message) => Some(message),
            _ => None,
        };
        self.expect("media comes", media).await
    }

    /// Waits until the edge has closed the connection.
    pub async fn until_closed(&mut self, limit: Duration) {
        let closed = timeout(limit, async { while self.event().await.is_some() {} });
        closed.await.expect("the edge closes the connection");
    }
}

fn address(edge: &Part) -> SocketAddr {
    edge.rtmp.expect("an edge")
}

/// Bytes read from the socket at a time.
const INPUT_LEN: usize = 64 << 10;
