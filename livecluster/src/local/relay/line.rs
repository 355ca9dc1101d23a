//! The connections to one origin.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::link::HANDSHAKE_LIMIT;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{Cuts, Ways, hello};

/// Where connections go, and what of them is cut.
#[derive(Debug, Clone)]
pub struct Line {
    /// Whose they are.
    pub origin: Name,
    /// Where that listens.
    pub to: SocketAddr,
    /// What is cut.
    pub cuts: watch::Receiver<Cuts>,
}

impl Line {
    /// Forwards connections for as long as the task runs.
    pub async fn accept(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            let accepted = listener.accept().await;
            while connections.try_join_next().is_some() {}
            match accepted {
                Ok((edge, _)) if connections.len() < MAX_CONNECTIONS => drop(connections.spawn(self.forward(edge))),
                Ok(_) => tracing::warn!(origin = %self.origin, "more than {MAX_CONNECTIONS} links"),
                Err(error) => {
                    tracing::warn!(origin = %self.origin, %error, "link not accepted");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    fn forward(&self, mut edge: TcpStream) -> impl Future<Output = ()> + use<> {
        let line = self.clone();
        async move {
            let begun = timeout(HANDSHAKE_LIMIT, begin(&mut edge)).await;
            let ended = match begun {
                Ok(Ok((name, hello))) => line.join(edge, name, hello).await,
                Ok(Err(error)) => Err(error),
                Err(_) => Err(io::ErrorKind::TimedOut.into()),
            };
            if let Err(error) = ended {
                tracing::debug!(origin = %line.origin, %error, "link not forwarded");
            }
        }
    }

    /// Forwards both ways until both have ended.
    async fn join(&self, edge: TcpStream, name: Name, hello: Vec<u8>) -> io::Result<()> {
        let switch = |way| Switch { cuts: self.cuts.clone(), link: (name.clone(), self.origin.clone()), way };
        let (mut up, down) = (switch(Ways::Up), switch(Ways::Down));
        up.until(true).await;
        let origin = TcpStream::connect(self.to).await?;
        edge.set_nodelay(true)?;
        origin.set_nodelay(true)?;
        let ((from_edge, to_edge), (from_origin, to_origin)) = (edge.into_split(), origin.into_split());
        let up = Pump { from: from_edge, to: to_origin, pending: hello, switch: up };
        let down = Pump { from: from_origin, to: to_edge, pending: Vec::new(), switch: down };
        // The connections end when both have: what one of them can't tell, its peer does not learn from the other.
        tokio::join!(up.run(), down.run());
        Ok(())
    }
}

/// Reads until it is known who dials. The name, and all that was read.
async fn begin(edge: &mut TcpStream) -> io::Result<(Name, Vec<u8>)> {
    let mut bytes = Vec::with_capacity(BUFFER);
    loop {
        if edge.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match hello::name(&bytes) {
            Ok(Some(name)) => return Ok((name, bytes)),
            Ok(None) => {}
            Err(hello::Strange) => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// Tells whether one way of a link is open.
#[derive(Debug)]
struct Switch {
    cuts: watch::Receiver<Cuts>,
    link: (Name, Name),
    way: Ways,
}

impl Switch {
    /// Waits until the way is open, or cut. Cancel-safe.
    async fn until(&mut self, is_open: bool) {
        let (link, way) = (&self.link, self.way);
        let is_cut = |cuts: &Cuts| cuts.get(link).is_some_and(|cut| *cut == Ways::Both || *cut == way);
        if self.cuts.wait_for(|cuts| is_cut(cuts) != is_open).await.is_err() {
            // Nobody can cut or mend any more: this task ends with the relay.
            std::future::pending().await
        }
    }
}

/// One way of a connection.
struct Pump<R, W> {
    from: R,
    to: W,
    /// Read and not written yet.
    pending: Vec<u8>,
    switch: Switch,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Pump<R, W> {
    /// To the end, which is passed on while the way is open.
    async fn run(mut self) {
        loop {
            self.switch.until(true).await;
            let goes_on = tokio::select! {
                biased;
                () = self.switch.until(false) => true,
                stepped = step(&mut self.from, &mut self.to, &mut self.pending) => stepped.unwrap_or(false),
            };
            if !goes_on {
                let _ = self.to.shutdown().await;
                return;
            }
        }
    }
}

/// Writes or reads once; `false` at the end. Cancel-safe.
async fn step(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    pending: &mut Vec<u8>,
) -> io::Result<bool> {
    if pending.is_empty() {
        pending.reserve(BUFFER);
        return Ok(from.read_buf(pending).await? > 0);
    }
    let written = to.write(pending).await?;
    pending.drain(..written);
    Ok(written > 0)
}

/// What is read at once, about.
const BUFFER: usize = 64 << 10;

/// Connections to one origin, those included that wait until a cut is mended.
const MAX_CONNECTIONS: usize = 1024;

/// After a connection that could not be accepted.
const PAUSE: Duration = Duration::from_millis(50);
