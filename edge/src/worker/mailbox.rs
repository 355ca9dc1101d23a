//! How the rest of the edge reaches a worker.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};
use std::time::Instant;

use livecluster_mrtmp::id::ClientId;
use tokio::sync::Notify;

use crate::core::ClientEvent;
use crate::shared::now;

/// A worker's mailbox. What is in it is bounded by what its clients have asked for and by the feeds that they watch.
#[derive(Debug, Clone, Default)]
pub struct Mailbox(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    events: Mutex<VecDeque<Posted>>,
    ready: Mutex<Ready>,
    /// How many shares of the clients are asked to connect elsewhere.
    drain: AtomicU64,
    stop: AtomicBool,
    notify: Notify,
}

/// The groups whose feeds have something, and since when the first of them has.
#[derive(Debug, Default)]
pub(super) struct Ready {
    pub groups: Vec<GroupId>,
    pub since: Option<Instant>,
}

/// An event for a client.
#[derive(Debug)]
pub(super) struct Posted {
    pub client: ClientId,
    pub stream_id: u32,
    pub event: ClientEvent,
}

/// The viewers of one feed at one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct GroupId(pub u64);

impl Mailbox {
    /// Posts an event for a client of this worker.
    pub fn post(&self, client: ClientId, stream_id: u32, event: ClientEvent) {
        lock(&self.0.events).push_back(Posted { client, stream_id, event });
        self.wake();
    }

    /// So many shares of the clients are asked to connect elsewhere, those that know how.
    pub fn drain(&self, shares: u64) {
        if self.0.drain.swap(shares, Ordering::Relaxed) != shares {
            self.wake();
        }
    }

    /// All clients are closed, and those that are accepted from now on.
    pub fn stop(&self) {
        self.0.stop.store(true, Ordering::Relaxed);
        self.wake();
    }

    pub(super) fn wake(&self) {
        self.0.notify.notify_one();
    }

    pub(super) async fn notified(&self) {
        self.0.notify.notified().await;
    }

    pub(super) fn take_events(&self) -> VecDeque<Posted> {
        std::mem::take(&mut *lock(&self.0.events))
    }

    /// Since when the oldest message waits that no turn has taken: a group tells at the first one after a turn of it
    /// began, and none is older.
    pub(super) fn ready_since(&self) -> Option<Instant> {
        lock(&self.0.ready).since
    }

    pub(super) fn take_ready(&self) -> Ready {
        std::mem::take(&mut *lock(&self.0.ready))
    }

    pub(super) fn drained_shares(&self) -> u64 {
        self.0.drain.load(Ordering::Relaxed)
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.0.stop.load(Ordering::Relaxed)
    }

    /// What a feed wakes when it has something for this group.
    pub(super) fn signal(&self, group: GroupId) -> Arc<Signal> {
        Arc::new(Signal { mailbox: self.clone(), group, is_raised: AtomicBool::new(false) })
    }
}

/// Tells a worker once that a feed has something for it.
#[derive(Debug)]
pub(super) struct Signal {
    mailbox: Mailbox,
    group: GroupId,
    is_raised: AtomicBool,
}

impl Signal {
    /// From now on it tells again.
    pub fn lower(&self) {
        self.is_raised.store(false, Ordering::Release);
    }

    pub fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_raised.swap(true, Ordering::AcqRel) {
            let mut ready = lock(&self.mailbox.0.ready);
            ready.groups.push(self.group);
            ready.since.get_or_insert_with(now);
            drop(ready);
            self.mailbox.wake();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
