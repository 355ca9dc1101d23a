//! A client on a socket: what a publisher and a viewer have in common.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use livecluster_rtmp::session::{self, Client, ClientEvent as Event, Options};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::place::Asked;
use super::target::Target;

/// A client that the server has let in. To be dropped when an error came.
#[derive(Debug)]
pub struct Connection {
    socket: TcpStream,
    /// What to ask of the server. What that makes to send leaves with the next [`Self::flush`].
    pub client: Client,
    /// Where the server has asked it to go, as far as [`Self::wait`] has seen it.
    pub asked: Option<Asked>,
    output: Vec<u8>,
}

impl Connection {
    /// Connects to an application, and says whether it `moves` when it is asked to. It takes at most 10 seconds.
    pub async fn open(address: SocketAddr, target: &Target, moves: bool) -> Result<Self, Lost> {
        let open = Self::try_open(address, target, moves);
        timeout(OPEN_TIMEOUT, open).await.map_err(|_| Lost::Timeout)?
    }

    async fn try_open(address: SocketAddr, target: &Target, moves: bool) -> Result<Self, Lost> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let options = Options { reconnects: moves, ..Options::new(target.app(), &target.tc_url()) };
        let mut connection =
            Self { socket, client: Client::new(options, Instant::now()), asked: None, output: Vec::new() };
        connection.wait(|event| matches!(event, Event::Connected(_)).then_some(())).await?;
        Ok(connection)
    }

    /// Waits for an event, and drops those before it but a request to move. An error if the server refuses.
    pub async fn wait<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> Result<T, Lost> {
        loop {
            self.flush().await?;
            while let Some(event) = self.client.poll_event() {
                if let Event::Refused { status, .. } = &event {
                    return Err(Lost::Refused(status.code.clone()));
                }
                if let Some(found) = wanted(&event) {
                    return Ok(found);
                }
                if let Event::Reconnect { tc_url, .. } = event {
                    self.asked = Some(tc_url);
                }
            }
            self.read().await?;
        }
    }

    /// Creates a stream and returns its id.
    pub async fn create_stream(&mut self) -> Result<u32, Lost> {
        let asked = self.client.call(0, "createStream", []);
        let id = |event: &Event| match event {
            Event::Answered { transaction_id, answer } if *transaction_id == asked => answer.value.as_number(),
            _ => None,
        };
        Ok(self.wait(id).await? as u32)
    }

    /// Reads once, and returns how many bytes came. Cancel-safe.
    pub async fn read(&mut self) -> Result<usize, Lost> {
        poll_fn(|context| BUFFER.with_borrow_mut(|buffer| self.poll_read(context, &mut ReadBuf::new(buffer)))).await
    }

    fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<usize, Lost>> {
        ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        let input = buffer.filled();
        if input.is_empty() {
            return Poll::Ready(Err(Lost::Closed));
        }
        self.client.handle_input(input)?;
        Poll::Ready(Ok(input.len()))
    }

    /// Writes what waits to be written.
    pub async fn flush(&mut self) -> Result<(), Lost> {
        self.client.poll_output(&mut self.output);
        if !self.output.is_empty() {
            self.socket.write_all(&self.output).await?;
            self.output.clear();
        }
        Ok(())
    }

    /// Takes bytes that leave with the next [`Self::flush`], behind all that waits already.
    pub fn queue(&mut self) -> &mut Vec<u8> {
        self.client.poll_output(&mut self.output);
        &mut self.output
    }

    /// Says that nothing follows, and waits until the server has read it all.
    pub async fn close(mut self) -> Result<(), Lost> {
        self.flush().await?;
        self.socket.shutdown().await?;
        let drain = async { while self.read().await.is_ok() {} };
        let _ = timeout(CLOSE_TIMEOUT, drain).await;
        Ok(())
    }
}

/// Why a client is no longer connected, or never was.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// The server left.
    #[error("closed by the server")]
    Closed,
    /// The connection broke, or did not come about.
    #[error("{}", .0.kind())]
    Io(#[from] io::Error),
    /// The server does not speak RTMP as we do.
    #[error(transparent)]
    Session(#[from] session::Error),
    /// The server said no.
    #[error("refused with {0}")]
    Refused(String),
    /// The server does not let us in, nor turn us away.
    #[error("no answer within {} s", OPEN_TIMEOUT.as_secs())]
    Timeout,
}

thread_local! {
    /// Read into by all connections of the thread, one after another.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_LEN]);
}

/// The most that is read at once.
const READ_LEN: usize = 64 << 10;
/// From the start to the answer to connect.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a server may take to see the end of a connection.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
