//! The task of one link: the handshake, then frames between the connection and the core.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::io::{self, Connection, Counters, Endpoint, Error, Reason};
use livecluster_mrtmp::link::{self, Peer};
use tokio::net::TcpStream;
use tokio::sync::{Notify, OwnedSemaphorePermit, watch};
use tracing::Instrument;

use crate::boot::{Boot, LinkStatus, Over, Rejected, now};
use crate::core::LinkId;

/// A connection that came in, before anyone knows who it is.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub stream: TcpStream,
    pub address: SocketAddr,
    /// The right to be in a handshake.
    pub permit: Option<OwnedSemaphorePermit>,
}

impl Incoming {
    /// Shakes hands and runs the link until it ends, or until `closing` is true.
    pub async fn run(self, boot: Arc<Boot>, mut closing: watch::Receiver<bool>) {
        let address = self.address;
        tokio::select! {
            accepted = self.accept(&boot) => match accepted {
                Ok(connection) => serve(connection, &boot, closing).await,
                Err(error) => {
                    note_freeze(&error, &boot);
                    log_refused(address, &error);
                }
            },
            () = is_true(&mut closing) => {}
        }
    }

    async fn accept(self, boot: &Boot) -> Result<Connection, Error> {
        let identity = boot.identity();
        let opening = identity.opening(0, boot.generation());
        let opening = opening.map_err(std::io::Error::other)?;
        let accepted = io::accept(self.stream, Arc::clone(&identity.link), opening).await;
        drop(self.permit);
        accepted
    }
}

/// What a boot knows of a link that is up.
#[derive(Debug)]
pub(crate) struct Handle {
    pub peer: Peer,
    pub counters: Arc<Counters>,
    wake: Notify,
    end: Notify,
}

impl Handle {
    pub fn new(peer: Peer, counters: Arc<Counters>) -> Self {
        Self { peer, counters, wake: Notify::new(), end: Notify::new() }
    }

    /// The link has something to send.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// The link is to end.
    pub fn end(&self) {
        self.end.notify_one();
    }

    pub fn status(&self) -> LinkStatus {
        LinkStatus {
            peer: self.peer.name.clone(),
            role: self.peer.role,
            rtt: self.counters.rtt(),
            bytes_in: self.counters.bytes_in(),
            bytes_out: self.counters.bytes_out(),
        }
    }
}

/// This end of a link that is up; when it is dropped, the link is down.
#[derive(Debug)]
pub(crate) struct LinkEnd {
    boot: Arc<Boot>,
    id: LinkId,
    handle: Arc<Handle>,
}

impl LinkEnd {
    pub fn new(boot: Arc<Boot>, id: LinkId, handle: Arc<Handle>) -> Self {
        Self { boot, id, handle }
    }

    async fn run(mut self, connection: Connection, mut closing: watch::Receiver<bool>) {
        let handle = Arc::clone(&self.handle);
        let ended = async {
            tokio::select! {
                () = handle.end.notified() => {}
                () = is_true(&mut closing) => {}
            }
        };
        tracing::info!(boot = %format_args!("{:016x}", handle.peer.boot.0), "link up");
        let reason = connection.run(&mut self, &handle.wake, ended).await;
        if let Reason::Link(error) = &reason {
            note_freeze(error, &self.boot);
        }
        log_ended(&reason);
    }
}

impl Endpoint for LinkEnd {
    type Error = Rejected;

    fn handle_frame(&mut self, frame: Frame, now: Instant) -> Result<(), Rejected> {
        self.boot.act(now, |state, now| state.handle_frame(self.id, frame, now))?
    }

    fn poll_frame(&mut self, now: Instant) -> Option<Frame> {
        let polled = self.boot.act(now, |state, now| state.poll_frame(self.id, now));
        // A boot that is over sends nothing: its tasks are about to be ended.
        polled.ok().flatten()
    }

    fn generation(&self) -> u64 {
        self.boot.generation()
    }
}

impl Drop for LinkEnd {
    fn drop(&mut self) {
        // A boot that is over has no links.
        let _ = self.boot.act(now(), |state, now| state.link_down(self.id, now));
    }
}

async fn serve(connection: Connection, boot: &Arc<Boot>, closing: watch::Receiver<bool>) {
    let peer = connection.peer().clone();
    let span = tracing::info_span!("link", peer = %peer.name, role = %peer.role);
    let served = async {
        match boot.link_up(Handle::new(peer, connection.counters())) {
            Ok(end) => end.run(connection, closing).await,
            Err(reason) => tracing::info!(%reason, "link not taken"),
        }
    };
    served.instrument(span).await;
}

/// A link whose timer ran late has found out for the whole process.
fn note_freeze(error: &Error, boot: &Boot) {
    if let Error::Link(frozen @ link::Error::Frozen(_)) = error {
        boot.end(Over::Frozen(frozen.clone()));
    }
}

fn log_refused(address: SocketAddr, error: &Error) {
    match error {
        Error::Closed | Error::Io(_) => tracing::debug!(%address, %error, "no handshake"),
        _ => tracing::info!(%address, %error, "no handshake"),
    }
}

fn log_ended(reason: &Reason<Rejected>) {
    match reason {
        Reason::Shutdown => tracing::debug!("link closed"),
        _ => tracing::info!(%reason, "link ended"),
    }
}

/// Ends too if no one is left who could say so.
async fn is_true(closing: &mut watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
}
