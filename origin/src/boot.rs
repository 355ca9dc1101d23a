//! One life of the origin's state machine: its links, its clock, and the lock around them. A process that finds that it
//! was frozen begins another one, since its edges may have taken it for dead.

mod state;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use livecluster_mrtmp::link;
use livecluster_mrtmp::route::File;
use livecluster_node::routes::Lag;
use livecluster_node::{Error, Identity};
use tokio::sync::Notify;
use tokio::time;

use crate::Config;
use crate::core::Now;
use crate::link::{Handle, LinkEnd};
pub(crate) use state::{LinkStatus, NotTaken, Rejected, Snapshot, State};

/// A boot of this origin, shared by its links, its clock and its pages.
#[derive(Debug)]
pub(crate) struct Boot {
    config: Arc<Config>,
    identity: Identity,
    state: Mutex<State>,
    /// The clock has to look: a deadline moved, or this boot is over.
    look: Notify,
}

/// Why a boot is over: nothing that came in afterwards is handled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Over {
    /// Others may have taken this process for dead.
    #[error(transparent)]
    Frozen(#[from] link::Error),
    /// A panic in the middle of a change.
    #[error("a fault has left the state in doubt")]
    Fault,
}

impl Boot {
    /// The first boot of a process. `lag` is told which route generations peers have.
    pub fn first(config: Arc<Config>, identity: Identity, lag: Lag) -> Self {
        let state = State::new(&config, &identity, lag, both_clocks(now()));
        Self::new(config, identity, state)
    }

    /// What comes after this boot: another boot id, no memory but of what was counted and whether
    /// it is to end.
    pub fn next(&self) -> Result<Self, Error> {
        let identity = self.identity.restarted()?;
        let lag = self.read(State::lag);
        let mut state = State::new(&self.config, &identity, lag, both_clocks(now()));
        self.read(|old| state.go_on(old));
        Ok(Self::new(Arc::clone(&self.config), identity, state))
    }

    fn new(config: Arc<Config>, identity: Identity, state: State) -> Self {
        Self { config, identity, state: Mutex::new(state), look: Notify::new() }
    }

    /// Who this process is in this boot.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Changes the state and wakes whom that concerns, unless this boot is over. Whether it is, because it was frozen
    /// until `now`, is found out first.
    pub fn act<T>(&self, instant: Instant, act: impl FnOnce(&mut State, Now) -> T) -> Result<T, Over> {
        let Ok(mut state) = self.state.lock() else {
            self.look.notify_one();
            return Err(Over::Fault);
        };
        if let Err(over) = state.check(instant) {
            self.look.notify_one();
            return Err(over);
        }
        let done = act(&mut state, both_clocks(instant));
        state.wake_links(None);
        if state.is_deadline_sooner() {
            self.look.notify_one();
        }
        Ok(done)
    }

    /// Ends this boot, as something else than its clock has found reason to.
    pub fn end(&self, over: Over) {
        // It may be over already.
        let _ = self.act(now(), |state, _| state.end(over));
        self.look.notify_one();
    }

    /// Looks at the state, also at that of a boot that is over.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does what is due, for as long as this boot lasts.
    pub async fn keep_time(&self) -> Over {
        loop {
            let due = match self.act(now(), State::tick) {
                Ok(due) => due,
                Err(over) => return over,
            };
            tokio::select! {
                () = time::sleep_until(due.into()) => {}
                () = self.look.notified() => {}
            }
        }
    }

    /// A route document came into force.
    pub fn set_document(&self, file: &File) {
        // A boot that is over needs none.
        let _ = self.act(now(), |state, now| state.set_document(file, now));
    }

    /// The generation of the route document in force.
    pub fn generation(&self) -> u64 {
        self.read(State::generation)
    }

    /// Tells every peer, now and later, that this process will end. Told once.
    pub fn begin_drain(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).begin_drain();
    }

    /// How many streams somebody publishes or watches.
    pub fn streams(&self) -> usize {
        self.read(State::streams)
    }

    /// Whether the route document in force gives new streams to this origin.
    pub fn takes_streams(&self) -> bool {
        self.read(|state| state.is_active(self.identity.name()))
    }

    /// Takes a link that is up, until what is returned is dropped. An older one of the same peer is told to end.
    pub fn link_up(self: &Arc<Self>, handle: Handle) -> Result<LinkEnd, NotTaken> {
        let handle = Arc::new(handle);
        let max = self.config.max_links;
        let up = self.act(now(), |state, now| state.link_up(&handle, max, now));
        Ok(LinkEnd::new(Arc::clone(self), up??, handle))
    }
}

/// The clock that deadlines are measured with, as a test may have stopped it.
pub(crate) fn now() -> Instant {
    time::Instant::now().into_std()
}

/// With the clock that people read, as it is now.
fn both_clocks(instant: Instant) -> Now {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let unix_ms = since_1970.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
    Now { instant, unix_ms }
}

#[cfg(test)]
mod tests;
