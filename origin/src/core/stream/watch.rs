//! Edges that watch a stream: they come, acknowledge and leave.

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::Watch;
use livecluster_mrtmp::id::{Group, Name, PublicationId};

use super::{Stream, wake};
use crate::core::context::Context;
use crate::core::link::LinkId;
use crate::core::publication::TAIL;
use crate::core::watcher::{View, Watcher};

impl Stream {
    /// Edges that were served while the publisher's edge could not be asked to keep what they lack.
    pub(in crate::core) fn enter_watchers(&mut self, id: PublicationId, cx: &mut Context) {
        let Some(publication) = self.publications.get_mut(&id) else {
            return;
        };
        for watcher in self.watchers.values() {
            if let View::Showing(shown, next) = watcher.view
                && shown == id
                && !publication.has_entered(&watcher.edge)
            {
                publication.ask_to_enter(&watcher.edge, next, cx);
            }
        }
    }

    pub(in crate::core) fn watch(&mut self, link: LinkId, watch: &Watch, cx: &mut Context) {
        let Some(edge) = cx.links.name_of(link) else {
            return;
        };
        self.absent.remove(&edge);
        self.moved.remove(&edge);
        if let Some((has, _)) = watch.at {
            self.note_passed(&edge, has, cx);
        }
        let watcher = Watcher::new(edge, link, watch.group, watch.at, cx.now.instant);
        self.watchers.insert((link, watch.group), watcher);
        self.reconsider(cx);
        cx.after(TAIL, &self.key);
        cx.after(cx.config.hold, &self.key);
    }

    /// An edge that has something of the current publication has done with those before it: nobody keeps them for it.
    fn note_passed(&mut self, edge: &Name, has: PublicationId, cx: &mut Context) {
        if self.current != Some(has) {
            return;
        }
        for passed in self.publications.values_mut().filter(|one| one.id != has && one.lists(edge)) {
            passed.note(edge, None);
            passed.tell_stable_soon(&self.key, cx);
        }
    }

    /// One that gave way is resumed: who has gone over to the current publication does not want it.
    pub(in crate::core) fn note_all_passed(&mut self, cx: &mut Context) {
        let Some(current) = self.current else {
            return;
        };
        let passed = self.watchers.values().filter(|one| one.view.publication() == Some(current));
        for edge in passed.map(|watcher| watcher.edge.clone()).collect::<Vec<_>>() {
            self.note_passed(&edge, current, cx);
        }
    }

    pub(in crate::core) fn unwatch(&mut self, at: (LinkId, Group), moves: bool, cx: &mut Context) {
        let Some(watcher) = self.watchers.remove(&at) else {
            return;
        };
        if !moves {
            return self.unlist(&watcher.edge, cx);
        }
        let until = cx.now.instant + cx.config.hold;
        self.moved.insert(watcher.edge, until);
        cx.after(cx.config.hold, &self.key);
    }

    pub(in crate::core) fn is_watched_on(&self, link: LinkId) -> bool {
        self.watchers.keys().any(|(of, _)| *of == link)
    }

    /// An edge that no longer watches has no viewers: they left, or are counted at another origin.
    pub(in crate::core) fn dismiss_viewers(&mut self, link: LinkId, cx: &mut Context) {
        self.viewers.retain(|(of, ..)| *of != link);
        if let Some(link) = cx.links.get_mut(link) {
            link.remove_viewers_of(&self.key);
        }
    }

    /// An edge no longer wants the stream, unless another group of it does.
    pub(super) fn unlist(&mut self, edge: &Name, cx: &mut Context) {
        if self.watchers.values().any(|watcher| watcher.edge == *edge) {
            return;
        }
        for publication in self.publications.values_mut() {
            publication.note(edge, None);
            publication.tell_stable(cx);
        }
    }

    /// An edge has all of a publication below this number: of what its group shows, or showed before.
    pub(in crate::core) fn acknowledged(
        &mut self,
        at: (LinkId, Group),
        (id, next): (PublicationId, u64),
        cx: &mut Context,
    ) {
        let Some(edge) = self.watchers.get(&at).map(|watcher| watcher.edge.clone()) else {
            return;
        };
        self.note_passed(&edge, id, cx);
        if let Some(publication) = self.publications.get_mut(&id) {
            publication.note(&edge, Some(next));
            publication.tell_stable_soon(&self.key, cx);
        }
    }

    pub(in crate::core) fn next_frame(&mut self, at: (LinkId, Group), cx: &mut Context) -> Option<Frame> {
        let watcher = self.watchers.get_mut(&at)?;
        watcher.is_ready = false;
        let View::Showing(id, _) = watcher.view else {
            return None;
        };
        let publication = self.publications.get(&id)?;
        let frame = watcher.next_frame(publication, cx);
        wake(watcher, publication, &self.key, cx);
        if frame.is_none() || !watcher.is_ready {
            self.reconsider_one(at, cx);
        }
        frame
    }
}
