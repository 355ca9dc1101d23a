//! A thread that serves clients: their sockets, their sessions, and the fan-out to its viewers.

mod connection;
mod group;
mod mailbox;
mod outgoing;
mod play;
mod requests;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use livecluster_mrtmp::id::ClientId;
use livecluster_rtmp::session;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use connection::Connection;
use group::Groups;
pub use mailbox::Mailbox;
use mailbox::Posted;
pub(crate) use outgoing::Written;

use crate::metrics::Reason;
use crate::shared::{Shared, now};

/// A client that was accepted.
#[derive(Debug)]
pub struct Accepted {
    /// Its number.
    pub client: ClientId,
    /// Its address.
    pub peer: SocketAddr,
    /// Its socket, not blocking.
    pub socket: std::net::TcpStream,
}

/// What the connections of one thread share.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    mailbox: Mailbox,
    session: Arc<session::Config>,
    latency: Duration,
    connections: RefCell<HashMap<ClientId, Rc<Connection>>>,
    groups: RefCell<Groups>,
    scratch: RefCell<Vec<u8>>,
    /// When what is due is written.
    turn: Cell<Option<Instant>>,
}

/// Bytes read from a socket at a time.
const SCRATCH_LEN: usize = 64 << 10;

/// Serves clients until `accepted` is closed and the last one has left. Runs on a thread of its own.
pub fn run(
    shared: Arc<Shared>,
    mailbox: Mailbox,
    accepted: mpsc::Receiver<Accepted>,
) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let worker = Rc::new(Worker::new(shared, mailbox));
    LocalSet::new().block_on(&runtime, worker.serve(accepted));
    Ok(())
}

impl Worker {
    fn new(shared: Arc<Shared>, mailbox: Mailbox) -> Self {
        Self {
            session: Arc::new(shared.config.session()),
            latency: Duration::from_millis(shared.config.latency_ms),
            shared,
            mailbox,
            connections: RefCell::default(),
            groups: RefCell::default(),
            scratch: RefCell::new(vec![0; SCRATCH_LEN]),
            turn: Cell::new(None),
        }
    }

    async fn serve(self: Rc<Self>, mut accepted: mpsc::Receiver<Accepted>) {
        let mut accepts = true;
        while accepts || !self.connections.borrow().is_empty() {
            tokio::select! {
                next = accepted.recv(), if accepts => match next {
                    Some(client) => self.open(client),
                    None => accepts = false,
                },
                () = self.mailbox.notified() => self.take_mail(),
                () = sleep_until(self.turn.get()) => self.flush_groups(),
            }
        }
    }

    fn open(
        self: &Rc<Self>,
        Accepted {
            client,
            peer,
            socket,
        }: Accepted,
    ) {
        let socket = match TcpStream::from_std(socket) {
            Ok(socket) => socket,
            Err(error) => return tracing::warn!(%peer, %error, "client not served"),
        };
        let connection = Connection::new(Rc::clone(self), client, peer, socket);
        self.connections
            .borrow_mut()
            .insert(client, Rc::clone(&connection));
        tokio::task::spawn_local(connection.serve());
    }

    /// The connection's task is over.
    fn close(&self, client: ClientId) {
        self.connections.borrow_mut().remove(&client);
        // The last one lets the thread end.
        self.mailbox.wake();
    }

    /// The size of the chunks in which clients get media.
    fn chunk_size(&self) -> usize {
        usize::try_from(self.session.chunk_size).unwrap_or(usize::MAX)
    }

    fn take_mail(self: &Rc<Self>) {
        for Posted {
            client,
            stream_id,
            event,
        } in self.mailbox.take_events()
        {
            let connection = self.connections.borrow().get(&client).cloned();
            if let Some(connection) = connection {
                connection.handle_event(stream_id, event);
            }
        }
        if self.mailbox.has_ready() && self.turn.get().is_none() {
            match self.latency.is_zero() {
                true => self.flush_groups(),
                false => self.turn.set(Some(now() + self.latency)),
            }
        }
        if self.mailbox.take_drain() {
            self.connections
                .borrow()
                .values()
                .for_each(|connection| connection.ask_to_reconnect());
        }
        if self.mailbox.take_stop() {
            self.connections
                .borrow()
                .values()
                .for_each(|connection| connection.end(Reason::Drained));
        }
    }

    /// One turn: what is due goes to all viewers of this thread.
    fn flush_groups(self: &Rc<Self>) {
        self.turn.set(None);
        for feed in self.mailbox.take_ready() {
            let group = self.groups.borrow_mut().begin(feed);
            if let Some(group) = group {
                group.flush(self.chunk_size(), now());
            }
        }
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
