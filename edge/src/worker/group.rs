//! The viewers of one feed at one worker: what is due is gathered once, and written to each.

use std::collections::HashMap;
use std::io::IoSlice;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use livecluster_rtmp::broadcast::Entry;

use super::connection::Connection;
pub(super) use super::mailbox::GroupId;
use super::mailbox::{Mailbox, Signal};
use super::outgoing::{Form, MAX_SLICES};
use crate::core::Feed;

/// All groups of a worker.
#[derive(Default)]
pub(super) struct Groups {
    by_id: HashMap<GroupId, Group>,
    by_feed: HashMap<*const Feed, GroupId>,
    opened: u64,
}

/// The viewers of one feed.
pub(super) struct Group {
    feed: Arc<Feed>,
    signal: Arc<Signal>,
    waker: Waker,
    viewers: Vec<Rc<Connection>>,
}

/// A group's viewers for one turn.
pub(super) struct Turn {
    feed: Arc<Feed>,
    viewers: Vec<Rc<Connection>>,
}

/// Messages that go to many viewers, as slices for vectored writes.
pub(super) struct Gathered<'a> {
    feed: &'a Arc<Feed>,
    entries: &'a [Arc<Entry>],
    slices: Vec<IoSlice<'a>>,
    /// For each message: its first slice, and the bytes before it.
    starts: Vec<(usize, usize)>,
    bytes: usize,
    form: Form,
}

/// How many messages are gathered for one turn; who lags more is served alone.
const MAX_TURN: usize = 1024;

impl Groups {
    /// Puts a viewer into the group of a feed.
    pub fn join(
        &mut self,
        feed: &Arc<Feed>,
        viewer: &Rc<Connection>,
        mailbox: &Mailbox,
    ) -> GroupId {
        let id = *self.by_feed.entry(Arc::as_ptr(feed)).or_insert_with(|| {
            self.opened += 1;
            let id = GroupId(self.opened);
            self.by_id.insert(id, Group::new(id, feed, mailbox));
            id
        });
        if let Some(group) = self.by_id.get_mut(&id) {
            group.viewers.push(Rc::clone(viewer));
        }
        id
    }

    /// Takes a viewer out; the last one closes the group.
    pub fn leave(&mut self, id: GroupId, viewer: &Rc<Connection>) {
        let Some(group) = self.by_id.get_mut(&id) else {
            return;
        };
        if let Some(at) = group
            .viewers
            .iter()
            .position(|known| Rc::ptr_eq(known, viewer))
        {
            group.viewers.swap_remove(at);
        }
        if group.viewers.is_empty() {
            self.by_feed.remove(&Arc::as_ptr(&group.feed));
            self.by_id.remove(&id);
        }
    }

    /// Begins the turn of a group whose feed has something. From now on the feed may tell again.
    pub fn begin(&mut self, id: GroupId) -> Option<Turn> {
        let group = self.by_id.get(&id)?;
        group.signal.lower();
        Some(Turn {
            feed: Arc::clone(&group.feed),
            viewers: group.viewers.clone(),
        })
    }
}

impl Group {
    fn new(id: GroupId, feed: &Arc<Feed>, mailbox: &Mailbox) -> Self {
        let signal = mailbox.signal(id);
        let waker = signal.waker();
        feed.listen(waker.clone());
        Self {
            feed: Arc::clone(feed),
            signal,
            waker,
            viewers: Vec::new(),
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.feed.ignore(&self.waker);
    }
}

impl Turn {
    /// Writes what is due to every viewer that can take it.
    pub fn flush(&self, chunk_size: usize, now: Instant) {
        let entries = self.gather();
        let form = Form {
            chunk_size,
            offset: self.feed.offset(),
        };
        let gathered = Gathered::new(&self.feed, &entries, form);
        let is_closed = self.feed.closed().is_some();
        for viewer in &self.viewers {
            if is_closed || !viewer.write_gathered(&gathered, now) {
                viewer.flush(now);
            }
        }
    }

    /// From the first message that some viewer who keeps up lacks.
    fn gather(&self) -> Vec<Arc<Entry>> {
        let Some(from) = self
            .viewers
            .iter()
            .filter_map(|viewer| viewer.plain_position())
            .min()
        else {
            return Vec::new();
        };
        self.feed
            .log()
            .range(from)
            .take(MAX_TURN)
            .cloned()
            .collect()
    }
}

impl<'a> Gathered<'a> {
    fn new(feed: &'a Arc<Feed>, entries: &'a [Arc<Entry>], form: Form) -> Self {
        let (mut slices, mut starts, mut bytes) = (Vec::new(), Vec::new(), 0);
        for entry in entries {
            let chunks = entry.chunks(form.offset, form.chunk_size);
            starts.push((slices.len(), bytes));
            slices.extend(chunks.slices(0).map(IoSlice::new));
            bytes += chunks.len();
        }
        Self {
            feed,
            entries,
            slices,
            starts,
            bytes,
            form,
        }
    }

    /// Whether these messages come from this feed.
    pub fn is_of(&self, feed: &Arc<Feed>) -> bool {
        Arc::ptr_eq(self.feed, feed)
    }

    /// The index of the message with this number.
    pub fn index_of(&self, sequence: u64) -> Option<usize> {
        let first = self.entries.first()?.sequence;
        let index = usize::try_from(sequence.checked_sub(first)?).ok()?;
        (index < self.entries.len()).then_some(index)
    }

    /// What is written from this message on, as far as one call takes it.
    pub fn slices_from(&self, index: usize) -> &[IoSlice<'a>] {
        let start = self
            .starts
            .get(index)
            .map_or(self.slices.len(), |(slice, _)| *slice);
        let rest = self.slices.get(start..).unwrap_or_default();
        rest.get(..MAX_SLICES).unwrap_or(rest)
    }

    /// Where a viewer stands who was at this message and took so many bytes: the next message, and what is left of
    /// one that is partly written.
    pub fn after(&self, index: usize, len: usize) -> After {
        let before = self
            .starts
            .get(index)
            .map_or(self.bytes, |(_, bytes)| *bytes);
        let at = before + len;
        let next = self.starts.partition_point(|(_, bytes)| *bytes <= at);
        // `next` is the first message that begins behind `at`; the one before it is cut unless it ends there.
        let Some((last, start)) = next
            .checked_sub(1)
            .and_then(|last| Some((last, self.starts.get(last)?.1)))
        else {
            return After {
                next: index,
                rest: None,
            };
        };
        let end = self
            .starts
            .get(next)
            .map_or(self.bytes, |(_, bytes)| *bytes);
        if at == end {
            return After { next, rest: None };
        }
        if at == start {
            return After {
                next: last,
                rest: None,
            };
        }
        let rest = self
            .entries
            .get(last)
            .map(|entry| (Arc::clone(entry), self.form, at - start));
        After { next, rest }
    }

    /// The number of the message at this index, or the one behind the last.
    pub fn sequence_at(&self, index: usize) -> u64 {
        self.entries.first().map_or(0, |first| {
            first.sequence + u64::try_from(index).unwrap_or(u64::MAX)
        })
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

/// See [`Gathered::after`].
pub(super) struct After {
    pub next: usize,
    pub rest: Option<(Arc<Entry>, Form, usize)>,
}
