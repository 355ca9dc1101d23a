//! The links of an edge: it dials the origins that its streams want, and accepts operators.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::io::{self, Connection, Endpoint};
use livecluster_mrtmp::link::Peer;
use livecluster_node::Identity;
use livecluster_node::routes::Lag;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::{self, JoinSet};

use crate::core::{self, LinkId, Violation};
use crate::metrics::LinkGuard;
use crate::shared::{Shared, now};

/// Everything that a link's task needs.
#[derive(Debug, Clone)]
pub struct Links {
    pub shared: Arc<Shared>,
    pub identity: Identity,
    /// Is told which route generations peers have.
    pub lag: Lag,
    pub shutdown: watch::Receiver<bool>,
    numbers: Arc<AtomicU64>,
}

/// The pauses between attempts to dial an origin. The longest is what viewers wait when it is back at its address.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
/// How long a TCP connection may take to be made.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);

impl Links {
    pub fn new(shared: Arc<Shared>, identity: Identity, lag: Lag, shutdown: watch::Receiver<bool>) -> Self {
        Self { shared, identity, lag, shutdown, numbers: Arc::default() }
    }

    /// Keeps a link to each origin that is wanted, as long as the route document names it.
    pub async fn dial_wanted(self) {
        let (mut tasks, mut dialled) = (JoinSet::new(), Dialled::default());
        loop {
            let dial = tokio::select! {
                wanted = self.shared.wanted_origins() => dialled.want(wanted),
                Some(ended) = tasks.join_next_with_id() => {
                    dialled.end(ended.map_or_else(|error| error.id(), |(id, ())| id)).into_iter().collect()
                }
            };
            for origin in dial {
                dialled.begin(origin.clone(), tasks.spawn(self.clone().keep(origin)).id());
            }
        }
    }

    /// Dials one origin again and again.
    async fn keep(self, origin: Name) {
        let mut pause = FIRST_PAUSE;
        while let Some(address) = self.address_of(&origin) {
            match self.dial(&origin, &address).await {
                Ok(connection) => {
                    pause = FIRST_PAUSE;
                    self.run(connection).await;
                }
                Err(error) => {
                    tracing::debug!(%origin, address, %error, "origin not reached");
                    self.shared.with(|core, _| core.unreachable(&origin));
                }
            }
            if *self.shutdown.borrow() {
                return;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn address_of(&self, origin: &Name) -> Option<String> {
        self.shared.with(|core, _| core.routes().origin(origin).map(|origin| origin.address.clone()))
    }

    async fn dial(&self, origin: &Name, address: &str) -> Result<Connection, io::Error> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        let opening = self.identity.opening(number, self.generation()).map_err(std::io::Error::other)?;
        io::dial(address, CONNECT_LIMIT, Arc::clone(&self.identity.link), origin.clone(), opening).await
    }

    fn generation(&self) -> u64 {
        self.shared.with(|core, _| core.routes().generation())
    }

    /// Accepts operators.
    pub async fn accept_operators(self, listener: TcpListener) {
        let mut tasks = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => drop(tasks.spawn(self.clone().accept(stream))),
                    Err(error) => {
                        tracing::warn!(%error, "link not accepted");
                        tokio::time::sleep(FIRST_PAUSE).await;
                    }
                },
                Some(_) = tasks.join_next() => {}
            }
        }
    }

    async fn accept(self, stream: TcpStream) {
        let Ok(opening) = self.identity.opening(0, self.generation()) else {
            return;
        };
        match io::accept(stream, Arc::clone(&self.identity.link), opening).await {
            Ok(connection) => self.run(connection).await,
            Err(error) => tracing::info!(%error, "link refused"),
        }
    }

    /// Drives a link that is up until it ends.
    async fn run(&self, connection: Connection) {
        let (peer, counters) = (connection.peer().clone(), connection.counters());
        let wake = Arc::new(Notify::new());
        let link = self.shared.with(|core, now| core.link_up(peer_of(&peer), now));
        self.shared.register_link(link, Arc::clone(&wake));
        tracing::info!(peer = %peer.name, role = ?peer.role, "link up");
        let up = Up { shared: Arc::clone(&self.shared), link, _figures: self.shared.metrics.link(&peer, &counters) };
        let mut shutdown = self.shutdown.clone();
        let ended = async move { drop(shutdown.wait_for(|over| *over).await) };
        self.lag.note(peer.generation, now());
        let mut frames = Frames { shared: &self.shared, lag: &self.lag, link };
        let reason = connection.run(&mut frames, &wake, ended).await;
        tracing::info!(peer = %peer.name, %reason, "link down");
        drop(up);
    }
}

/// The origins that are being dialled, each by a task.
///
/// A task ends by itself when the routes no longer name its origin. They may name it again before it is known that the
/// task has ended: so an origin that is wanted while it has a task is dialled once more when that task has ended.
#[derive(Debug)]
struct Dialled<T = task::Id>(HashMap<Name, Dialling<T>>);

#[derive(Debug)]
struct Dialling<T> {
    task: T,
    is_wanted_again: bool,
}

impl<T: PartialEq> Dialled<T> {
    /// These origins are wanted: which of them to dial.
    fn want(&mut self, origins: BTreeSet<Name>) -> Vec<Name> {
        let mut new = Vec::new();
        for origin in origins {
            match self.0.get_mut(&origin) {
                Some(dialling) => dialling.is_wanted_again = true,
                None => new.push(origin),
            }
        }
        new
    }

    /// An origin is dialled by this task now.
    fn begin(&mut self, origin: Name, task: T) {
        self.0.insert(origin, Dialling { task, is_wanted_again: false });
    }

    /// A task has ended: which origin to dial again.
    fn end(&mut self, task: T) -> Option<Name> {
        let origin = self.0.iter().find(|(_, dialling)| dialling.task == task)?.0.clone();
        let ended = self.0.remove(&origin)?;
        ended.is_wanted_again.then_some(origin)
    }
}

impl<T> Default for Dialled<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

/// A link that is up; dropped when its task ends, however that happens.
struct Up {
    shared: Arc<Shared>,
    link: LinkId,
    _figures: LinkGuard,
}

impl Drop for Up {
    fn drop(&mut self) {
        self.shared.forget_link(self.link);
        self.shared.with(|core, now| core.link_down(self.link, now));
    }
}

/// The core as a link's endpoint.
struct Frames<'a> {
    shared: &'a Shared,
    lag: &'a Lag,
    link: LinkId,
}

impl Endpoint for Frames<'_> {
    type Error = Violation;

    fn handle_frame(&mut self, frame: Frame, now: Instant) -> Result<(), Violation> {
        if let Frame::Heartbeat(heartbeat) = &frame {
            self.lag.note(heartbeat.generation, now);
        }
        self.shared.with(|core, _| core.handle_frame(self.link, frame, now))
    }

    fn poll_frame(&mut self, now: Instant) -> Option<Frame> {
        self.shared.with(|core, _| core.poll_frame(self.link, now))
    }

    fn generation(&self) -> u64 {
        self.shared.with(|core, _| core.routes().generation())
    }
}

fn peer_of(peer: &Peer) -> core::Peer {
    core::Peer { name: peer.name.clone(), role: peer.role, boot: peer.boot }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> BTreeSet<Name> {
        BTreeSet::from(["origin-0".into()])
    }

    #[test]
    fn origin_that_is_wanted_before_its_task_is_known_to_have_ended_is_dialled_again() {
        let mut dialled = Dialled::default();
        assert_eq!(dialled.want(wanted()), ["origin-0".into()]);
        dialled.begin("origin-0".into(), 1);

        assert_eq!(dialled.want(wanted()), []);
        assert_eq!(dialled.end(1), Some("origin-0".into()));
        dialled.begin("origin-0".into(), 2);

        assert_eq!(dialled.end(2), None);
        assert_eq!(dialled.want(wanted()), ["origin-0".into()]);
    }
}
