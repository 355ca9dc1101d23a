//! The edge's core, shared by the threads that serve clients and by the tasks of its links.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use livecluster_mrtmp::id::{ClientId, Name};
use livecluster_rtmp::broadcast::Budget;
use tokio::sync::Notify;

use crate::Config;
use crate::core::{Core, Gap, LinkId, Output};
use crate::error::Error;
use crate::metrics::Metrics;
use crate::worker;

/// What all parts of an edge share.
///
/// A panic in the core leaves nobody who could say what is still true of the clients of all threads: the edge ends, and
/// is replaced.
#[derive(Debug)]
pub struct Shared {
    /// The settings.
    pub config: Config,
    /// What is counted.
    pub metrics: Metrics,
    /// What all logs share.
    pub budget: Arc<Budget>,
    core: Mutex<Core>,
    fault: Notify,
    links: Mutex<HashMap<LinkId, Arc<Notify>>>,
    workers: Vec<worker::Mailbox>,
    wanted: Mutex<BTreeSet<Name>>,
    wanted_changed: Notify,
    timer: Notify,
}

impl Shared {
    /// Around a core whose logs share this budget, with a mailbox for each worker.
    pub fn new(
        config: Config,
        metrics: Metrics,
        budget: Arc<Budget>,
        core: Core,
        workers: Vec<worker::Mailbox>,
    ) -> Self {
        Self {
            config,
            metrics,
            budget,
            core: Mutex::new(core),
            fault: Notify::new(),
            links: Mutex::default(),
            workers,
            wanted: Mutex::default(),
            wanted_changed: Notify::new(),
            timer: Notify::new(),
        }
    }

    /// Runs on the core, and passes on what comes of it.
    pub fn with<T>(&self, act: impl FnOnce(&mut Core, Instant) -> T) -> T {
        let (result, outputs, deadline_moved) = {
            let mut core = self.lock_core();
            let before = core.deadline();
            let result = act(&mut core, now());
            let outputs: Vec<_> = std::iter::from_fn(|| core.poll_output()).collect();
            (result, outputs, core.deadline() != before)
        };
        outputs.into_iter().for_each(|output| self.pass_on(output));
        if deadline_moved {
            self.timer.notify_one();
        }
        result
    }

    /// Waits until somebody finds that there was a panic in the core.
    pub async fn fault(&self) -> Error {
        self.fault.notified().await;
        Error::Fault
    }

    fn lock_core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(|poisoned| {
            self.fault.notify_one();
            poisoned.into_inner()
        })
    }

    /// Lets the task of a link be woken.
    pub fn register_link(&self, link: LinkId, wake: Arc<Notify>) {
        wake.notify_one();
        lock(&self.links).insert(link, wake);
    }

    /// Ends [`Self::register_link`].
    pub fn forget_link(&self, link: LinkId) {
        lock(&self.links).remove(&link);
    }

    /// The origins to which a link is wanted since the last call; waits for the first.
    pub async fn wanted_origins(&self) -> BTreeSet<Name> {
        loop {
            let wanted = std::mem::take(&mut *lock(&self.wanted));
            if !wanted.is_empty() {
                return wanted;
            }
            self.wanted_changed.notified().await;
        }
    }

    /// Does what the core has to do in time.
    pub async fn keep_time(&self) {
        loop {
            let deadline = self.lock_core().deadline();
            let due = async {
                match deadline {
                    Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => self.with(|core, now| core.handle_timeout(now)),
                () = self.timer.notified() => {}
            }
        }
    }

    fn pass_on(&self, output: Output) {
        match output {
            Output::Gap(gap) => self.note_gap(&gap),
            Output::Wake(link) => {
                if let Some(wake) = lock(&self.links).get(&link) {
                    wake.notify_one();
                }
            }
            Output::Dial(origin) => {
                lock(&self.wanted).insert(origin);
                self.wanted_changed.notify_one();
            }
            Output::Client { client, stream_id, event } => {
                if let Some(worker) = self.worker_of(client) {
                    worker.post(client, stream_id, event);
                }
            }
        }
    }

    fn note_gap(&self, gap: &Gap) {
        self.metrics.gap(gap.length);
        let Gap { key, from, to, cause, term, length } = gap;
        let term = term.map_or(0, |term| term.counter);
        tracing::info!(%key, %from, %to, cause = cause.as_str(), term, gap = ?length, "stream goes on");
    }

    /// Client numbers tell their worker.
    fn worker_of(&self, client: ClientId) -> Option<&worker::Mailbox> {
        let count = u64::try_from(self.workers.len()).ok()?;
        let index = client.0.checked_rem(count)?;
        self.workers.get(usize::try_from(index).ok()?)
    }
}

/// The time, as timers see it.
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::time::Duration;

    use clap::Parser;
    use livecluster_mrtmp::id::BootId;

    use super::*;
    use crate::core;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        config: Config,
    }

    /// Of an edge that nobody runs.
    pub(crate) fn shared(mailbox: worker::Mailbox) -> Arc<Shared> {
        let Flags { config } = Flags::parse_from(["edge", "--name=edge-0", "--routes=file:routes.json"]);
        let budget = config.budget();
        let core = core::Config { boot: BootId(1), hold: Duration::from_secs(1), log: config.log(&budget) };
        let core = Core::new(core, "local", now());
        Arc::new(Shared::new(config, Metrics::new(1), budget, core, vec![mailbox]))
    }

    #[tokio::test]
    async fn panic_in_the_core_is_told_at_the_next_look() {
        let shared = shared(worker::Mailbox::default());
        let fault = || shared.with(|_, _| panic!("a fault on purpose"));
        catch_unwind(AssertUnwindSafe(fault)).unwrap_err();

        shared.with(|_, _| ());

        assert!(matches!(shared.fault().await, Error::Fault));
    }
}
