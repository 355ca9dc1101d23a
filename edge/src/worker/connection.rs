//! One client: its socket, its session, what it publishes and plays.

use std::cell::{Cell, RefCell, RefMut};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use livecluster_mrtmp::frame::Client;
use livecluster_mrtmp::id::{ClientId, PublicationId};
use livecluster_rtmp::session::{Error, Server};
use socket2::SockRef;
use tokio::io::{Interest, Ready};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::gathered::{Cut, Gathered};
use super::outgoing::Outgoing;
use super::{Worker, sleep_until};
use crate::core::Flow;
use crate::metrics::Reason;
use crate::shared::now;

/// A client of this worker.
pub(crate) struct Connection {
    pub(super) worker: Rc<Worker>,
    pub(super) client: ClientId,
    pub(super) peer: SocketAddr,
    socket: TcpStream,
    /// The number that it needs next while it takes what everyone takes. Taken away by whoever changes `out`, which
    /// does not know it. Messages for all touch nothing else of a client but its socket.
    plain: Cell<Option<u64>>,
    pub(super) session: RefCell<Server>,
    /// To be changed by [`Self::out`] only.
    pub(super) out: RefCell<Outgoing>,
    pub(super) publishing: RefCell<Vec<Publishing>>,
    /// What it published and has ended: ticket and stream, until the core says that all of it is where it belongs.
    pub(super) unpublishing: RefCell<Vec<(u32, u32)>>,
    /// Who asks, once it has connected.
    pub(super) asks: RefCell<Arc<Client>>,
    /// Counts what it asked for: answers name the count, so that a late one finds nobody.
    tickets: Cell<u32>,
    ending: Cell<Option<Reason>>,
    /// The state that the task waits by has changed.
    pub(super) wake: Notify,
    opened: Instant,
}

/// A client that is being served. Dropped when its task ends, however that happens: then nothing of it is left.
struct Served {
    connection: Rc<Connection>,
    reason: Reason,
}

impl Served {
    fn new(connection: Rc<Connection>) -> Self {
        connection.worker.shared.metrics.opened();
        Self { connection, reason: Reason::Fault }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let Self { connection, reason } = self;
        connection.leave();
        connection.worker.shared.metrics.closed(*reason);
        tracing::debug!(
            client = connection.client.0,
            peer = %connection.peer,
            app = connection.asks.borrow().app,
            reason = reason.as_str(),
            seconds = now().saturating_duration_since(connection.opened).as_secs(),
            "client closed"
        );
        connection.worker.close(connection.client);
    }
}

/// A publication of this client.
#[derive(Debug)]
pub(super) struct Publishing {
    pub stream_id: u32,
    pub ticket: u32,
    pub id: PublicationId,
    /// Its log is full: the client is not read.
    pub slowed: bool,
    pub activity: Arc<AtomicU64>,
    pub last_media: Instant,
}

/// How many reads a client gets before others have their turn.
const READS: usize = 8;
/// How long a client that is to be closed may take to read what it is told.
const LINGER: Duration = Duration::from_secs(2);

impl Connection {
    pub fn new(worker: Rc<Worker>, client: ClientId, peer: SocketAddr, socket: TcpStream) -> Rc<Self> {
        let now = now();
        Rc::new(Self {
            session: RefCell::new(Server::new(Arc::clone(&worker.session), now)),
            worker,
            client,
            peer,
            socket,
            plain: Cell::new(None),
            out: RefCell::default(),
            publishing: RefCell::default(),
            unpublishing: RefCell::default(),
            asks: RefCell::default(),
            tickets: Cell::new(0),
            ending: Cell::new(None),
            wake: Notify::new(),
            opened: now,
        })
    }

    /// Serves the client until it leaves or has to.
    pub async fn serve(self: Rc<Self>) {
        let mut served = Served::new(self);
        served.reason = served.connection.run().await;
    }

    async fn run(self: &Rc<Self>) -> Reason {
        loop {
            // A socket that is always ready must not keep the others of this thread waiting.
            tokio::task::consume_budget().await;
            if let Some(reason) = self.ending.get() {
                self.say_goodbye().await;
                return reason;
            }
            let ended = tokio::select! {
                ready = self.socket.ready(self.interest()) => match ready {
                    Ok(ready) => self.handle_ready(ready),
                    Err(_) => Err(Reason::Lost),
                },
                () = sleep_until(self.deadline()) => self.handle_timeout(),
                () = self.wake.notified() => Ok(()),
            };
            if let Err(reason) = ended {
                return reason;
            }
        }
    }

    /// The client is closed once it has been told.
    pub fn end(&self, reason: Reason) {
        if self.ending.get().is_none() {
            self.ending.set(Some(reason));
        }
        self.wake.notify_one();
    }

    /// Asks the client to connect elsewhere, if it knows how.
    pub fn ask_to_reconnect(self: &Rc<Self>) {
        let asked = self.session.borrow_mut().request_reconnect(None, "this server is being stopped");
        if asked {
            self.flush(now());
        }
    }

    fn interest(&self) -> Interest {
        let blocked = self.out.borrow().blocked_since.is_some();
        match (self.is_read(), blocked) {
            (true, false) => Interest::READABLE,
            (true, true) => Interest::READABLE | Interest::WRITABLE,
            // A socket that is not read still tells when it is broken.
            (false, false) => Interest::ERROR,
            (false, true) => Interest::WRITABLE,
        }
    }

    /// A client is not read while its publication can take no more, or while it does not read what it is answered.
    fn is_read(&self) -> bool {
        !self.is_slowed() && !self.out.borrow().is_clogged()
    }

    fn is_slowed(&self) -> bool {
        self.publishing.borrow().iter().any(|one| one.slowed)
    }

    /// A number for the next thing that the client asks for.
    pub(super) fn next_ticket(&self) -> u32 {
        self.tickets.set(self.tickets.get().wrapping_add(1));
        self.tickets.get()
    }

    fn deadline(&self) -> Option<Instant> {
        let config = &self.worker.shared.config;
        // Who is not read can't be heard.
        let session = self.session.borrow().deadline().filter(|_| !self.is_slowed());
        let stalled = self.out.borrow().blocked_since.map(|since| since + Duration::from_secs(config.stall_seconds));
        let silence = Duration::from_secs(config.idle_publisher_seconds);
        let idle = self.publishing.borrow().iter().map(|one| one.last_media + silence).min();
        session.into_iter().chain(stalled).chain(idle.filter(|_| !self.is_slowed())).min()
    }

    fn handle_timeout(self: &Rc<Self>) -> Result<(), Reason> {
        let now = now();
        let config = &self.worker.shared.config;
        let stall = Duration::from_secs(config.stall_seconds);
        if self.out.borrow().blocked_since.is_some_and(|since| now.saturating_duration_since(since) >= stall) {
            return Err(Reason::Stalled);
        }
        let silence = Duration::from_secs(config.idle_publisher_seconds);
        let is_idle = |one: &Publishing| now.saturating_duration_since(one.last_media) >= silence;
        if self.is_slowed() {
            self.flush(now);
            return Ok(());
        }
        if self.publishing.borrow().iter().any(is_idle) {
            return Err(Reason::IdlePublisher);
        }
        let timed_out = self.session.borrow_mut().handle_timeout(now);
        timed_out.map_err(|error| self.broken(&error))?;
        self.flush(now);
        Ok(())
    }

    fn handle_ready(self: &Rc<Self>, ready: Ready) -> Result<(), Reason> {
        let now = now();
        if ready.is_error() && !ready.is_readable() {
            return Err(Reason::Lost);
        }
        if ready.is_readable() {
            self.read(now)?;
        }
        self.flush(now);
        Ok(())
    }

    fn read(self: &Rc<Self>, now: Instant) -> Result<(), Reason> {
        for _ in 0..READS {
            if !self.is_read() || self.ending.get().is_some() {
                return Ok(());
            }
            let mut scratch = self.worker.scratch.borrow_mut();
            let len = match self.socket.try_read(&mut scratch) {
                Ok(0) => return Err(Reason::Left),
                Ok(len) => len,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(_) => return Err(Reason::Lost),
            };
            self.worker.shared.metrics.read(len);
            for one in self.publishing.borrow().iter() {
                one.activity.fetch_add(u64::try_from(len).unwrap_or(u64::MAX), Ordering::Relaxed);
            }
            let input = scratch.get(..len).unwrap_or_default();
            let handled = self.session.borrow_mut().handle_input(input, now);
            drop(scratch);
            self.take_events(now);
            handled.map_err(|error| self.broken(&error))?;
        }
        Ok(())
    }

    pub(super) fn broken(&self, error: &Error) -> Reason {
        let reason = Reason::of(error);
        tracing::info!(client = self.client.0, peer = %self.peer, %error, "client closed for an error");
        reason
    }

    /// Writes what there is: answers, headers, messages of its plays.
    pub fn flush(self: &Rc<Self>, now: Instant) {
        loop {
            let mut control = Vec::new();
            self.session.borrow_mut().poll_output(&mut control);
            let mut out = self.out();
            out.push_control(control);
            let was_blocked = out.blocked_since.is_some();
            let Ok(written) = out.flush(&self.socket, self.worker.chunk_size(), now) else {
                return self.end(Reason::Lost);
            };
            self.plain.set(out.plain_position());
            self.worker.shared.metrics.wrote(&written);
            if out.blocked_since.is_some() != was_blocked {
                self.wake.notify_one();
            }
            drop(out);
            if !self.after_write(&written) {
                return;
            }
        }
    }

    /// What goes out, to be changed. From here on the connection is no longer one that takes what everyone takes, until
    /// it has written all there is.
    pub(super) fn out(&self) -> RefMut<'_, Outgoing> {
        let mut out = self.out.borrow_mut();
        if let Some(next) = self.plain.take() {
            out.advance_plain(next);
        }
        out
    }

    /// Writes what was gathered for all, and returns how many bytes the socket took. A viewer who needs more or less
    /// than that gets a write of its own.
    pub fn write_gathered(self: &Rc<Self>, gathered: &Gathered, now: Instant) -> usize {
        let plain = self.plain.get().and_then(|next| Some((next, gathered.rest_from(next)?)));
        let Some((next, rest)) = plain else {
            // One whose socket is full goes on in its own task when it takes more.
            if self.out.borrow().blocked_since.is_none() {
                self.flush(now);
            }
            return 0;
        };
        if rest.is_empty() {
            return 0;
        }
        // Past the runtime, whose record of what is ready only matters to those who wait.
        match SockRef::from(&self.socket).send(rest) {
            Ok(len) if len == rest.len() => {
                self.plain.set(Some(gathered.end()));
                len
            }
            Ok(len) => {
                self.stop_at(gathered.cut_at(next, len), now);
                len
            }
            Err(error) => {
                match error.kind() {
                    io::ErrorKind::WouldBlock => self.stop_at(gathered.cut_at(next, 0), now),
                    _ => self.end(Reason::Lost),
                }
                0
            }
        }
    }

    /// The socket is full.
    fn stop_at(&self, Cut { next, rest }: Cut, now: Instant) {
        let mut out = self.out();
        out.advance_plain(next);
        out.block(rest, now);
        self.wake.notify_one();
    }

    /// Sets the socket's send buffer to about two seconds of what it will be sent.
    pub(super) fn set_send_buffer(&self, bytes: usize) {
        let socket = SockRef::from(&self.socket);
        if let Err(error) = socket.set_send_buffer_size(bytes) {
            tracing::debug!(%error, "send buffer not set");
        }
    }

    pub(super) fn media(&self, stream_id: u32, message: livecluster_rtmp::Message, now: Instant) {
        let mut publishing = self.publishing.borrow_mut();
        let Some(one) = publishing.iter_mut().find(|one| one.stream_id == stream_id) else {
            return;
        };
        one.last_media = now;
        let id = one.id;
        let flow = self.worker.shared.with(|core, now| core.media(id, message, now));
        one.slowed = flow == Flow::Slow;
    }

    /// Gives what it was told a moment to arrive.
    async fn say_goodbye(self: &Rc<Self>) {
        let told = async {
            loop {
                self.flush(now());
                if self.out.borrow().blocked_since.is_none() || self.socket.writable().await.is_err() {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(LINGER, told).await;
    }
}
