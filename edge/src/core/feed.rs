//! What the viewers of one stream at this edge read: the log of one publication, how it closed, and what follows it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::time::Instant;

use livecluster_rtmp::Message;
use livecluster_rtmp::broadcast::{Append, Broadcast};

/// A log shared by the publication or subscription that writes it and the workers that send it to viewers.
#[derive(Debug)]
pub struct Feed {
    log: Mutex<Broadcast>,
    closed: OnceLock<Closed>,
    successor: OnceLock<Arc<Feed>>,
    /// The time, as viewers see it, after which this feed has to begin; none once it has.
    floor: Mutex<Option<u32>>,
    offset: AtomicU32,
    listeners: Mutex<Vec<Waker>>,
}

/// Why no more comes in a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// Its publisher stopped: viewers are told, and wait for another.
    Ended,
    /// The stream goes on in the successor: viewers are not told.
    Replaced,
}

impl Feed {
    /// A feed with this log.
    pub fn new(log: Broadcast) -> Arc<Self> {
        Arc::new(Self {
            log: Mutex::new(log),
            closed: OnceLock::new(),
            successor: OnceLock::new(),
            floor: Mutex::default(),
            offset: AtomicU32::new(0),
            listeners: Mutex::default(),
        })
    }

    /// The log, for a few lines.
    pub fn log(&self) -> MutexGuard<'_, Broadcast> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why no more comes, if that is so.
    pub fn closed(&self) -> Option<Closed> {
        self.closed.get().copied()
    }

    /// The feed in which the stream goes on.
    pub fn successor(&self) -> Option<&Arc<Feed>> {
        self.successor.get()
    }

    /// Milliseconds to add to the publisher's timestamps, so that a viewer's time never steps back. The same for all
    /// tracks and viewers; fixed before the first viewer reads.
    pub fn offset(&self) -> u32 {
        self.offset.load(Ordering::Relaxed)
    }

    /// Wakes this waker at each change until [`Self::ignore`].
    pub fn listen(&self, waker: Waker) {
        self.listeners().push(waker);
    }

    /// Ends [`Self::listen`].
    pub fn ignore(&self, waker: &Waker) {
        self.listeners().retain(|known| !known.will_wake(waker));
    }

    pub(super) fn append(&self, sequence: u64, message: Message, now: Instant) -> Append {
        let appended = {
            let mut log = self.log();
            let appended = log.append(sequence, message, now);
            log.trim(u64::MAX, now);
            self.settle_offset(&log);
            appended
        };
        self.notify();
        appended
    }

    /// Numbers and keeps a message of this edge's own publisher.
    pub(super) fn push(&self, message: Message, now: Instant) {
        {
            let mut log = self.log();
            log.push(message, now);
            self.settle_offset(&log);
        }
        self.notify();
    }

    /// Ends the publication at this number.
    pub(super) fn finish(&self, sequence: u64) -> Append {
        let finished = self.log().finish(sequence);
        if finished == Append::Appended {
            self.close(Closed::Ended);
        }
        finished
    }

    pub(super) fn close(&self, closed: Closed) {
        let _ = self.closed.set(closed);
        self.notify();
    }

    /// The stream goes on in another publication, in times that follow this feed's.
    pub(super) fn follow_with(&self, successor: &Arc<Feed>) {
        if let Some(end) = self.end_time() {
            *successor.floor() = Some(end);
            successor.settle_offset(&successor.log());
        }
        self.hand_over(successor);
    }

    /// The same publication goes on after a hole, in the same times. Only headers that are newer come with it: those
    /// in force here stay in force.
    pub(super) fn skip_to(&self, successor: &Arc<Feed>) {
        for header in self.log().newest_headers() {
            let (sequence, at) = (header.sequence, header.at);
            successor.log().preset(sequence, header.message.clone(), at);
        }
        successor.offset.store(self.offset(), Ordering::Relaxed);
        *successor.floor() = *self.floor();
        self.hand_over(successor);
    }

    fn hand_over(&self, successor: &Arc<Feed>) {
        let _ = self.successor.set(Arc::clone(successor));
        self.close(Closed::Replaced);
    }

    /// The newest time that a viewer of this feed or of one before it may have seen.
    fn end_time(&self) -> Option<u32> {
        let newest = self.log().last().map(|entry| entry.message.timestamp);
        match newest {
            Some(time) => Some(time.wrapping_add(self.offset())),
            None => *self.floor(),
        }
    }

    /// Once the first time of this feed is known, it is moved behind the floor, for good; RTMP time is compared modulo
    /// 2^32.
    fn settle_offset(&self, log: &Broadcast) {
        let Some(first) = log.get(log.oldest()) else {
            return;
        };
        let Some(floor) = self.floor().take() else {
            return;
        };
        let ahead = first.message.timestamp.wrapping_add(self.offset()).wrapping_sub(floor);
        if ahead == 0 || ahead > u32::MAX / 2 {
            let offset = floor.wrapping_add(1).wrapping_sub(first.message.timestamp);
            self.offset.store(offset, Ordering::Relaxed);
        }
    }

    fn notify(&self) {
        for listener in self.listeners().iter() {
            listener.wake_by_ref();
        }
    }

    fn floor(&self) -> MutexGuard<'_, Option<u32>> {
        self.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listeners(&self) -> MutexGuard<'_, Vec<Waker>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
