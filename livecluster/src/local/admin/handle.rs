//! What those who change a cluster may ask of its parent.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::{Document, Key, State, Table};
use livecluster_operator::routing::{Part, Wish};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time;

use super::Refused;
use crate::local::parts::Role;
use crate::local::ready::Ready;
use crate::local::relay::Ways;

/// Something to be done by the parent, with where to answer.
pub enum Command {
    /// Tells how the cluster is.
    Look(oneshot::Sender<Snapshot>),
    /// Does something.
    Do(Act, oneshot::Sender<anyhow::Result<()>>),
}

/// A step. The parent takes it at once; what comes of it shows in a [`Snapshot`].
#[derive(Debug)]
pub enum Act {
    /// Starts part number so much.
    Start(Role, u16),
    /// Ends a part in good order. An origin is wanted no longer.
    Leave(Part),
    /// Ends a part's process in good order; another takes its place.
    Restart(Part),
    /// Wants something of an origin.
    Wish(Name, Wish),
    /// Wants a stream on an origin.
    BeginMove(Key, Name),
    /// Wants that no longer.
    EndMove(Key, Name),
    /// Decides, or leaves all as it is.
    Decide(bool),
    /// Cuts the link between an edge and an origin, or mends it.
    Cut(Name, Name, Option<Ways>),
}

/// How a cluster is.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The route document in force.
    pub document: Document,
    /// The live streams of each origin that can be asked.
    pub streams: BTreeMap<Name, BTreeSet<Key>>,
    /// All parts in the order of their start, with their process ids and addresses once they were ready.
    pub parts: Vec<(Part, Option<(u32, Ready)>)>,
    /// The part that failed to start last, and why.
    pub failed: Option<(Part, String)>,
    /// Whether the parent decides on routes.
    pub decides: bool,
    /// Whether links from edges to origins go through the parent.
    pub relays: bool,
}

/// The way to the parent.
#[derive(Debug, Clone)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    changes: watch::Receiver<u64>,
}

impl Snapshot {
    /// An origin's state in the document.
    pub fn state(&self, origin: &str) -> Option<State> {
        self.document.origin(origin).map(|origin| origin.state)
    }

    /// Whether an origin takes new streams.
    pub fn is_active(&self, origin: &str) -> bool {
        self.state(origin) == Some(State::Active)
    }

    /// Whether an origin is known to have this stream.
    pub fn has(&self, origin: &str, stream: &Key) -> bool {
        self.streams.get(origin).is_some_and(|streams| streams.contains(stream))
    }

    /// The origin of a live stream; of two, as in a move, the one that edges are sent to.
    pub fn origin_of(&self, stream: &Key) -> Option<Name> {
        let owner = Table::from(self.document.clone()).route(stream).map(|origin| origin.name.clone());
        let first = || self.streams.keys().find(|origin| self.has(origin, stream)).cloned();
        owner.filter(|owner| self.has(owner, stream)).or_else(first)
    }

    /// The process of a part that was ready.
    pub fn pid(&self, part: &Part) -> Option<u32> {
        let (_, process) = self.parts.iter().find(|(one, _)| one == part)?;
        process.as_ref().map(|(pid, _)| *pid)
    }

    /// The origins that were started.
    pub fn origins(&self) -> impl Iterator<Item = &Name> {
        self.parts.iter().filter_map(|(part, _)| match part {
            Part::Origin(name) => Some(name),
            Part::Edge(_) => None,
        })
    }
}

impl Handle {
    /// For a parent that takes these commands and counts these changes.
    pub fn new(commands: mpsc::Sender<Command>, changes: watch::Receiver<u64>) -> Self {
        Self { commands, changes }
    }

    /// How the cluster is now.
    pub async fn look(&self) -> Result<Snapshot, Refused> {
        let (answer, snapshot) = oneshot::channel();
        self.commands.send(Command::Look(answer)).await.map_err(|_| Refused::Ending)?;
        snapshot.await.map_err(|_| Refused::Ending)
    }

    /// How it is, if somebody decides: nothing that needs a decision would come to an end.
    pub async fn look_at_deciding(&self) -> Result<Snapshot, Refused> {
        let snapshot = self.look().await?;
        if snapshot.decides { Ok(snapshot) } else { Err(Refused::NotDeciding) }
    }

    /// Takes a step.
    pub async fn act(&self, act: Act) -> Result<(), Refused> {
        let (answer, done) = oneshot::channel();
        self.commands.send(Command::Do(act, answer)).await.map_err(|_| Refused::Ending)?;
        done.await.map_err(|_| Refused::Ending)?.map_err(Refused::Failed)
    }

    /// Waits until there is something to say of the cluster; none if there is nothing in time.
    pub async fn until<T>(
        &self,
        limit: Duration,
        mut look: impl FnMut(&Snapshot) -> Option<T>,
    ) -> Result<Option<T>, Refused> {
        let mut changes = self.changes.clone();
        let found = async {
            loop {
                changes.mark_unchanged();
                if let Some(found) = look(&self.look().await?) {
                    return Ok(found);
                }
                changes.changed().await.map_err(|_| Refused::Ending)?;
            }
        };
        time::timeout(limit, found).await.ok().transpose()
    }
}
