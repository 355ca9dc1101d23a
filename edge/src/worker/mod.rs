//! A thread that serves clients: their sockets, their sessions, and the fan-out to its viewers.

mod batch;
mod connection;
mod gathered;
mod group;
mod mailbox;
mod outgoing;
mod pace;
mod play;
mod requests;
mod wire;

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
use gathered::Gathered;
use group::{Group, Groups};
pub use mailbox::Mailbox;
use mailbox::{Posted, Ready};
pub(crate) use outgoing::Written;
use pace::Pace;

use crate::listener::SHARES;
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
    connections: RefCell<HashMap<ClientId, Rc<Connection>>>,
    groups: RefCell<Groups>,
    scratch: RefCell<Vec<u8>>,
    pace: Cell<Pace>,
    /// Of its clients, those that were asked to connect elsewhere.
    asked_shares: Cell<u64>,
}

/// Bytes read from a socket at a time.
const SCRATCH_LEN: usize = 64 << 10;

/// Viewers who are written to before publishers are read and answers written: about a millisecond's work.
const VIEWERS_AT_A_TIME: usize = 128;

/// Serves clients until `accepted` is closed and the last one has left. Runs on a thread of its own.
pub fn run(shared: Arc<Shared>, mailbox: Mailbox, accepted: mpsc::Receiver<Accepted>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let worker = Rc::new(Worker::new(shared, mailbox));
    LocalSet::new().block_on(&runtime, worker.serve(accepted));
    Ok(())
}

impl Worker {
    fn new(shared: Arc<Shared>, mailbox: Mailbox) -> Self {
        Self {
            session: Arc::new(shared.config.session()),
            asked_shares: Cell::new(0),
            pace: Cell::new(Pace::new(Duration::from_millis(shared.config.latency_ms))),
            shared,
            mailbox,
            connections: RefCell::default(),
            groups: RefCell::default(),
            scratch: RefCell::new(vec![0; SCRATCH_LEN]),
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
                () = sleep_until(self.due()) => self.turn().await,
            }
        }
    }

    fn open(self: &Rc<Self>, Accepted { client, peer, socket }: Accepted) {
        let socket = match TcpStream::from_std(socket) {
            Ok(socket) => socket,
            Err(error) => return tracing::warn!(%peer, %error, "client not served"),
        };
        let connection = Connection::new(Rc::clone(self), client, peer, socket);
        self.connections.borrow_mut().insert(client, Rc::clone(&connection));
        if self.mailbox.is_stopped() {
            connection.end(Reason::Drained);
        }
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
        for Posted { client, stream_id, event } in self.mailbox.take_events() {
            let connection = self.connections.borrow().get(&client).cloned();
            if let Some(connection) = connection {
                connection.handle_event(stream_id, event);
            }
        }
        self.ask_to_reconnect(self.mailbox.drained_shares());
        if self.mailbox.is_stopped() {
            self.connections.borrow().values().for_each(|connection| connection.end(Reason::Drained));
        }
    }

    /// Asks the shares of clients that were not asked yet.
    fn ask_to_reconnect(&self, shares: u64) {
        let asked = self.asked_shares.replace(shares);
        if asked < shares {
            let connections = self.connections.borrow();
            let is_due = |client: &ClientId| (asked..shares).contains(&share(*client));
            connections.iter().filter(|(client, _)| is_due(client)).for_each(|(_, one)| one.ask_to_reconnect());
        }
    }

    /// Whether it was the turn of this client to be asked. One that had not connected then is asked when it has.
    fn has_asked(&self, client: ClientId) -> bool {
        share(client) < self.asked_shares.get()
    }

    /// When the next turn is due.
    fn due(&self) -> Option<Instant> {
        self.mailbox.ready_since().map(|since| self.pace.get().due(since))
    }

    /// One turn: what is due goes to all viewers of this thread.
    async fn turn(self: &Rc<Self>) {
        let began = now();
        let Ready { groups, since } = self.mailbox.take_ready();
        for id in groups {
            let group = self.groups.borrow().begin(id);
            if let Some(group) = group {
                self.serve_group(&group).await;
            }
        }
        let ended = now();
        let mut pace = self.pace.get();
        pace.take(ended.saturating_duration_since(began));
        self.pace.set(pace);
        self.shared.metrics.turned(ended.saturating_duration_since(since.unwrap_or(began)));
    }

    /// Writes what is due to every viewer that can take it.
    async fn serve_group(self: &Rc<Self>, group: &Group) {
        loop {
            let gathered = group.gather(self.chunk_size());
            self.write_to_all(group, &gathered).await;
            if !gathered.is_cut {
                return;
            }
        }
    }

    async fn write_to_all(self: &Rc<Self>, group: &Group, gathered: &Gathered) {
        let is_closed = group.is_closed();
        let (mut place, mut bytes, mut time) = (group.len(), 0, now());
        while let Some((at, viewer)) = group.before(place) {
            place = at;
            bytes += viewer.write_gathered(gathered, time);
            if is_closed {
                viewer.flush(time);
            }
            if at % VIEWERS_AT_A_TIME == 0 {
                self.shared.metrics.wrote_bytes(std::mem::take(&mut bytes));
                tokio::task::yield_now().await;
                self.take_mail();
                time = now();
            }
        }
    }
}

/// The share of the clients to which one belongs.
fn share(client: ClientId) -> u64 {
    client.0 % SHARES
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        // The runtime's timers have a resolution of 1 ms and round up.
        Some(deadline) if deadline <= now() => {}
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;
    use tokio::time::timeout;

    use super::*;
    use crate::shared::tests::shared;

    #[tokio::test]
    async fn client_that_is_accepted_after_the_end_does_not_keep_the_thread() {
        let mailbox = Mailbox::default();
        let (sender, accepted) = mpsc::channel(1);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let _client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (socket, peer) = listener.accept().unwrap();
        socket.set_nonblocking(true).unwrap();

        mailbox.stop();
        let shared = shared(mailbox.clone());
        let (ended, end) = oneshot::channel();
        std::thread::spawn(|| ended.send(run(shared, mailbox, accepted)));
        sender.send(Accepted { client: ClientId(1), peer, socket }).await.unwrap();
        drop(sender);

        let ended = timeout(Duration::from_secs(10), end).await;
        assert!(ended.is_ok(), "the thread goes on");
    }
}
