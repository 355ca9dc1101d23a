//! What lies between a client and an edge: a thin line, or one that falls silent without a word.

use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Connections to an edge through this process. Dropped, all of them end.
#[derive(Debug)]
pub struct Forwarder {
    /// Where clients connect.
    pub address: SocketAddr,
    is_cut: watch::Sender<bool>,
    _task: JoinSet<()>,
}

/// How a connection is forwarded.
#[derive(Debug, Clone)]
struct Line {
    to: SocketAddr,
    /// Bytes a second toward the client; as many as there are without it.
    rate: Option<u64>,
    is_cut: watch::Receiver<bool>,
}

impl Forwarder {
    /// Forwards to an edge; toward the client at most so many bytes a second, if that is given.
    pub async fn start(to: SocketAddr, rate: Option<u64>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let is_cut = watch::Sender::new(false);
        let line = Line { to, rate, is_cut: is_cut.subscribe() };
        let mut task = JoinSet::new();
        task.spawn(line.accept(listener));
        Ok(Self { address, is_cut, _task: task })
    }

    /// From now on nothing gets through, and nobody is told: connections stay, and their ends are not passed on.
    pub fn cut(&self) {
        self.is_cut.send_replace(true);
    }
}

impl Line {
    async fn accept(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        while let Ok((client, _)) = listener.accept().await {
            connections.spawn(self.clone().forward(client));
            while connections.try_join_next().is_some() {}
        }
    }

    async fn forward(mut self, client: TcpStream) {
        let Ok(edge) = self.connect().await else {
            return;
        };
        let _ = (client.set_nodelay(true), edge.set_nodelay(true));
        let ((mut from_client, mut to_client), (mut from_edge, mut to_edge)) = (client.into_split(), edge.into_split());
        tokio::select! {
            biased;
            () = cut(&mut self.is_cut) => pending().await,
            _ = copy(&mut from_client, &mut to_edge, None) => {}
            _ = copy(&mut from_edge, &mut to_client, self.rate) => {}
        }
        // Only here do the connections end: those that are cut stay until the forwarder is dropped.
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        if self.rate.is_some() {
            // What is not read stays at the edge, not in the kernel.
            socket.set_recv_buffer_size(THIN_BUFFER)?;
        }
        socket.connect(self.to).await
    }
}

async fn cut(is_cut: &mut watch::Receiver<bool>) {
    if is_cut.wait_for(|is_cut| *is_cut).await.is_err() {
        pending().await
    }
}

async fn copy<R, W>(from: &mut R, to: &mut W, rate: Option<u64>) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut buffer = vec![0; rate.map_or(BUFFER, |_| THIN_READ)];
    let mut due = Instant::now();
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(buffer.get(..length).unwrap_or_default()).await?;
        if let Some(rate) = rate {
            due = due.max(Instant::now()) + Duration::from_secs_f64(length as f64 / rate as f64);
            sleep_until(due).await;
        }
    }
}

/// What is read at once.
const BUFFER: usize = 64 << 10;

/// The same on a thin line: about 10 ms of a megabit a second.
const THIN_READ: usize = 1500;

/// What the kernel keeps of a thin line.
const THIN_BUFFER: u32 = 16 << 10;

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    async fn pair(rate: Option<u64>) -> (Forwarder, TcpStream, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let forwarder = Forwarder::start(listener.local_addr().expect("bound"), rate).await.expect("a port");
        let client = TcpStream::connect(forwarder.address).await.expect("connected");
        let (edge, _) = listener.accept().await.expect("forwarded");
        (forwarder, client, edge)
    }

    #[tokio::test]
    async fn bytes_and_ends_are_passed_on() {
        let (_forwarder, mut client, mut edge) = pair(None).await;

        client.write_all(b"up").await.expect("sent");
        let mut bytes = [0; 2];
        edge.read_exact(&mut bytes).await.expect("received");
        drop(client);

        assert_eq!(&bytes, b"up");
        assert_eq!(edge.read(&mut bytes).await.expect("an end"), 0);
    }

    #[tokio::test]
    async fn cut_line_says_nothing_not_even_that_it_ended() {
        let (forwarder, mut client, mut edge) = pair(None).await;

        forwarder.cut();
        // Both pumps run on this thread: they see the cut before they are polled for input again.
        tokio::task::yield_now().await;
        client.write_all(b"up").await.expect("sent");
        drop(client);

        assert!(timeout(Duration::from_millis(100), edge.read_u8()).await.is_err());
    }

    #[tokio::test]
    async fn thin_line_takes_its_time() {
        let (_forwarder, mut client, mut edge) = pair(Some(100_000)).await;
        let start = Instant::now();

        edge.write_all(&[7; 30_000]).await.expect("sent");
        client.read_exact(&mut [0; 30_000]).await.expect("received");

        assert!(start.elapsed() >= Duration::from_millis(250), "{:?}", start.elapsed());
    }
}
