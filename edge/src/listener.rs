//! Accepting clients, spreading them over the workers, and letting them go when the edge is stopped.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use livecluster_mrtmp::id::ClientId;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::time::sleep;

use crate::error::Error;
use crate::metrics::Reason;
use crate::shared::Shared;
use crate::worker::{self, Accepted, Mailbox};

/// The threads that serve clients.
///
/// One that fails fails the process. What its clients had begun may be half done, in the core too, which all threads
/// share: nobody can say what is still true. And a process that has ended is replaced, while one that serves only some
/// of its clients looks well from outside.
pub struct Workers {
    mailboxes: Vec<Mailbox>,
    accepted: Vec<mpsc::Sender<Accepted>>,
    threads: Vec<JoinHandle<()>>,
    failed: Arc<Notify>,
}

/// Accepts clients.
pub struct Listener {
    shared: Arc<Shared>,
    socket: TcpListener,
    workers: Workers,
    clients: u64,
}

/// Clients that wait for a worker to take them.
const BACKLOG: usize = 1024;
/// The pause after a failure to accept: descriptors may have run out.
const PAUSE: Duration = Duration::from_millis(50);
/// How often it is looked whether the last client has left.
const DRAIN_TICK: Duration = Duration::from_millis(100);
/// Clients are asked to connect elsewhere one share after the other, one with each tick: elsewhere they all arrive.
pub const SHARES: u64 = 100;

/// How far the end of a listener is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It will close, and still accepts.
    Draining,
    /// It accepts no more.
    Closed,
}

impl Workers {
    /// Starts a thread for each mailbox.
    pub fn start(shared: &Arc<Shared>, mailboxes: Vec<Mailbox>) -> Result<Self, Error> {
        let shared = Arc::clone(shared);
        Self::spawn(mailboxes, move |mailbox, accepted| worker::run(Arc::clone(&shared), mailbox, accepted))
    }

    fn spawn(
        mailboxes: Vec<Mailbox>,
        serve: impl Fn(Mailbox, mpsc::Receiver<Accepted>) -> io::Result<()> + Clone + Send + 'static,
    ) -> Result<Self, Error> {
        let mut workers = Self { mailboxes, accepted: Vec::new(), threads: Vec::new(), failed: Arc::default() };
        for (index, mailbox) in workers.mailboxes.iter().enumerate() {
            let (sender, receiver) = mpsc::channel(BACKLOG);
            let (mailbox, serve, failed) = (mailbox.clone(), serve.clone(), Arc::clone(&workers.failed));
            let thread = std::thread::Builder::new().name(format!("worker-{index}")).spawn(move || {
                // What a panic leaves behind is not looked at: the process ends.
                if !matches!(catch_unwind(AssertUnwindSafe(|| serve(mailbox, receiver))), Ok(Ok(()))) {
                    failed.notify_one();
                }
            });
            workers.threads.push(thread.map_err(Error::Thread)?);
            workers.accepted.push(sender);
        }
        Ok(workers)
    }

    /// No more clients come; waits until the threads have ended.
    async fn join(self) {
        drop(self.accepted);
        let joined = tokio::task::spawn_blocking(|| self.threads.into_iter().for_each(|thread| drop(thread.join())));
        let _ = joined.await;
    }
}

impl Listener {
    pub fn new(shared: Arc<Shared>, socket: TcpListener, workers: Workers) -> Self {
        Self { shared, socket, workers, clients: 0 }
    }

    /// Serves until `shutdown`; then goes on accepting for a while, closes the listener, asks clients to move, and
    /// closes those that are still there at the end. Says how far it is. An error if a thread fails.
    pub async fn serve_until(self, shutdown: impl Future<Output = ()>, say: impl Fn(Step)) -> Result<(), Error> {
        let failed = Arc::clone(&self.workers.failed);
        tokio::select! {
            biased;
            () = failed.notified() => Err(Error::Worker),
            () = self.serve_and_drain(shutdown, say) => Ok(()),
        }
    }

    async fn serve_and_drain(mut self, shutdown: impl Future<Output = ()>, say: impl Fn(Step)) {
        self.accept_until(shutdown).await;
        say(Step::Draining);
        let config = &self.shared.config;
        let (accept, leave) = (config.drain_accept_seconds, config.drain_seconds);
        tracing::info!(accept, leave, clients = self.shared.metrics.connections(), "draining");
        // Also without a client: load balancers go on sending some.
        self.accept_until(sleep(Duration::from_secs(accept))).await;
        say(Step::Closed);
        drop(self.socket);
        let workers = &self.workers.mailboxes;
        let empty = async {
            let mut asked = 0;
            while self.shared.metrics.connections() > 0 {
                asked = (asked + 1).min(SHARES);
                workers.iter().for_each(|worker| worker.drain(asked));
                sleep(DRAIN_TICK).await;
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(leave), empty).await;
        self.workers.mailboxes.iter().for_each(Mailbox::stop);
        self.workers.join().await;
    }

    async fn accept_until(&mut self, over: impl Future<Output = ()>) {
        let mut over = std::pin::pin!(over);
        loop {
            tokio::select! {
                accepted = self.socket.accept() => match accepted {
                    Ok((socket, peer)) => self.accept(socket, peer),
                    Err(error) => {
                        tracing::warn!(%error, "client not accepted");
                        sleep(PAUSE).await;
                    }
                },
                () = &mut over => return,
            }
        }
    }

    fn accept(&mut self, socket: TcpStream, peer: SocketAddr) {
        let limit = self.shared.config.max_connections;
        if self.shared.metrics.connections() >= limit {
            tracing::info!(%peer, limit, "client refused: too many connections");
            return self.shared.metrics.refused(Reason::Limit);
        }
        // Without it the answers of the handshake wait for the client's delayed acknowledgement.
        let prepared = socket.set_nodelay(true).and_then(|()| socket.into_std());
        let socket = match prepared {
            Ok(socket) => socket,
            Err(error) => return tracing::debug!(%peer, %error, "client gone before it was served"),
        };
        self.clients += 1;
        let client = ClientId(self.clients);
        let count = self.workers.accepted.len().max(1);
        let index = usize::try_from(self.clients).unwrap_or_default() % count;
        let sent = self.workers.accepted.get(index).map(|worker| worker.try_send(Accepted { client, peer, socket }));
        if !matches!(sent, Some(Ok(()))) {
            tracing::warn!(%peer, "client refused: its worker has {BACKLOG} others to take");
            self.shared.metrics.refused(Reason::Limit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn worker_that_panics_is_told() {
        let mailboxes = vec![Mailbox::default(), Mailbox::default()];
        let workers = Workers::spawn(mailboxes, |_, mut accepted| {
            let _ = accepted.blocking_recv();
            panic!("a fault");
        });
        let mut workers = workers.unwrap();

        workers.accepted.pop();

        workers.failed.notified().await;
    }
}
