//! The viewers of one feed at one worker: what is due is gathered once, and written to each.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use super::connection::Connection;
use super::gathered::Gathered;
pub(super) use super::mailbox::GroupId;
use super::mailbox::{Mailbox, Signal};
use crate::core::Feed;

/// All groups of a worker.
#[derive(Default)]
pub(super) struct Groups {
    by_id: HashMap<GroupId, Rc<Group>>,
    by_feed: HashMap<*const Feed, GroupId>,
    opened: u64,
}

/// The viewers of one feed.
pub(super) struct Group {
    feed: Arc<Feed>,
    signal: Arc<Signal>,
    waker: Waker,
    viewers: RefCell<Vec<Rc<Connection>>>,
    /// What viewers who keep up need next.
    next: Cell<u64>,
}

impl Groups {
    /// Puts a viewer into the group of a feed.
    pub fn join(&mut self, feed: &Arc<Feed>, viewer: &Rc<Connection>, mailbox: &Mailbox) -> GroupId {
        let id = *self.by_feed.entry(Arc::as_ptr(feed)).or_insert_with(|| {
            self.opened += 1;
            let id = GroupId(self.opened);
            self.by_id.insert(id, Rc::new(Group::new(id, feed, mailbox)));
            id
        });
        if let Some(group) = self.by_id.get(&id) {
            group.viewers.borrow_mut().push(Rc::clone(viewer));
        }
        id
    }

    /// Takes a viewer out; the last one closes the group.
    pub fn leave(&mut self, id: GroupId, viewer: &Rc<Connection>) {
        let Some(group) = self.by_id.get(&id) else {
            return;
        };
        if group.remove(viewer) {
            self.by_feed.remove(&Arc::as_ptr(&group.feed));
            self.by_id.remove(&id);
        }
    }

    /// Begins the turn of a group whose feed has something. From now on the feed may tell again.
    pub fn begin(&self, id: GroupId) -> Option<Rc<Group>> {
        let group = self.by_id.get(&id)?;
        group.signal.lower();
        Some(Rc::clone(group))
    }
}

impl Group {
    fn new(id: GroupId, feed: &Arc<Feed>, mailbox: &Mailbox) -> Self {
        let signal = mailbox.signal(id);
        let waker = signal.waker();
        feed.listen(waker.clone());
        let next = Cell::new(feed.log().next());
        Self { feed: Arc::clone(feed), signal, waker, viewers: RefCell::default(), next }
    }

    /// True: it was the last one.
    fn remove(&self, viewer: &Rc<Connection>) -> bool {
        let mut viewers = self.viewers.borrow_mut();
        if let Some(at) = viewers.iter().position(|known| Rc::ptr_eq(known, viewer)) {
            viewers.swap_remove(at);
        }
        viewers.is_empty()
    }

    /// What viewers who keep up lack.
    pub fn gather(&self, chunk_size: usize) -> Gathered {
        let gathered = Gathered::from(&self.feed, self.next.get(), chunk_size);
        self.next.set(gathered.end());
        gathered
    }

    /// No more comes in the feed: each viewer goes its own way from here.
    pub fn is_closed(&self) -> bool {
        self.feed.closed().is_some()
    }

    pub fn len(&self) -> usize {
        self.viewers.borrow().len()
    }

    /// The viewer before this place, and its place. Who walks backwards meets each viewer though others come and go:
    /// those that come are behind, and who leaves is replaced by one from behind.
    pub fn before(&self, place: usize) -> Option<(usize, Rc<Connection>)> {
        let viewers = self.viewers.borrow();
        let at = place.min(viewers.len()).checked_sub(1)?;
        Some((at, Rc::clone(viewers.get(at)?)))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.feed.ignore(&self.waker);
    }
}
