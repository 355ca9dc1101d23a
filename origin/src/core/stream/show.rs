//! What each edge is shown: which publication, and from where on.

use std::time::Duration;

use livecluster_mrtmp::frame::Cause;
use livecluster_mrtmp::id::{Group, PublicationId};

use super::{Stream, wake};
use crate::core::context::Context;
use crate::core::link::LinkId;
use crate::core::publication::{Publication, TAIL};
use crate::core::watcher::View;

impl Stream {
    /// Looks for every edge at what it is to be shown.
    pub(in crate::core) fn reconsider(&mut self, cx: &mut Context) {
        for at in self.watchers.keys().copied().collect::<Vec<_>>() {
            self.reconsider_one(at, cx);
        }
    }

    pub(super) fn reconsider_one(&mut self, at: (LinkId, Group), cx: &mut Context) {
        let Some(watcher) = self.watchers.get(&at) else {
            return;
        };
        match watcher.view {
            View::Waiting(None) => self.start(at, Cause::Continue, cx),
            View::Waiting(Some(wanted)) => self.resume_watcher(at, wanted, cx),
            View::Local(id) => self.after_end_of(at, id, u64::MAX, cx),
            View::Showing(id, next) => self.after_end_of(at, id, next, cx),
        }
    }

    /// Goes over to the current publication once the edge has all of the one that it is shown.
    fn after_end_of(&mut self, at: (LinkId, Group), id: PublicationId, next: u64, cx: &mut Context) {
        let now = cx.now.instant;
        let shown = self.publications.get(&id);
        let has_all = |shown: &Publication| shown.is_over(now) && next >= shown.next().min(shown.limit());
        if shown.is_some_and(|shown| !has_all(shown)) {
            return;
        }
        match self.current {
            Some(current) if current == id => {}
            Some(_) => self.start(at, Cause::Change, cx),
            None if shown.is_none() => self.hold_watcher(at, (id, next), cx),
            None if shown.is_some_and(Publication::is_abandoned) => self.give_up(at, cx),
            None => {}
        }
    }

    /// Its publisher may come back, here or at another origin.
    fn hold_watcher(&mut self, at: (LinkId, Group), wanted: (PublicationId, u64), cx: &mut Context) {
        if let Some(watcher) = self.watchers.get_mut(&at) {
            watcher.wait_for(Some(wanted), cx.now.instant);
            cx.after(cx.config.hold, &self.key);
        }
    }

    /// Shows the current publication, once its publisher's edge knows of this edge: from its latest start point, or all
    /// of it that is here to viewers of the one before.
    fn start(&mut self, at: (LinkId, Group), cause: Cause, cx: &mut Context) {
        let Some(watcher) = self.watchers.get_mut(&at) else {
            return;
        };
        let Some(current) = self.current.and_then(|id| self.publications.get_mut(&id)) else {
            return watcher.await_publisher(false, cx);
        };
        if current.edge == watcher.edge {
            return watcher.show_local(current, cx);
        }
        let oldest = current.log.oldest();
        let next = match cause {
            Cause::Change => oldest,
            _ => current.log.latest_start_point().unwrap_or(oldest),
        };
        let is_new = watcher.view == View::Waiting(None);
        if current.source.is_none() {
            // It may be over, and only this origin may not know: just those who name it are shown what is here.
            return watcher.await_publisher(!is_new, cx);
        }
        if is_new && current.is_empty() {
            // Its publisher may keep silent for long: who has just come waits as if nobody published.
            watcher.await_publisher(false, cx);
        }
        let Some(kept) = current.kept_for(&watcher.edge) else {
            return current.ask_to_enter(&watcher.edge, next, cx);
        };
        if current.is_empty() {
            return;
        }
        // What is below may be trimmed before it is sent.
        watcher.show_from(current, next.max(kept), cause, cx);
        wake(watcher, current, &self.key, cx);
    }

    /// An edge that had a publication goes on with it, if that can still be.
    fn resume_watcher(&mut self, at: (LinkId, Group), (wanted, next): (PublicationId, u64), cx: &mut Context) {
        let Some(watcher) = self.watchers.get_mut(&at) else {
            return;
        };
        let waited = cx.now.instant.saturating_duration_since(watcher.since);
        let held_out = waited >= cx.config.hold;
        let Some(publication) = self.publications.get_mut(&wanted) else {
            return match self.follows(wanted, next, waited, held_out, cx) {
                Some(cause) => self.start(at, cause, cx),
                None if held_out => self.give_up(at, cx),
                None => self.tell_held(at, cx),
            };
        };
        if publication.edge == watcher.edge {
            return watcher.show_local(publication, cx);
        }
        if !publication.has_entered(&watcher.edge) && publication.source.is_some() {
            publication.ask_to_enter(&watcher.edge, next, cx);
            return;
        }
        let log = &publication.log;
        if publication.is_empty() || next > publication.next() {
            // It has not come this far yet, or never will.
            let is_over = publication.is_over(cx.now.instant) && self.current != Some(wanted);
            return match is_over {
                true => self.start(at, Cause::Change, cx),
                false => watcher.await_publisher(true, cx),
            };
        }
        match next >= log.oldest() {
            true => watcher.go_on(publication, next, cx),
            false => {
                let start = log.latest_start_point().unwrap_or_else(|| log.oldest());
                watcher.show_from(publication, start, Cause::Discontinuity, cx);
            }
        }
        wake(watcher, publication, &self.key, cx);
    }

    /// Whether the current publication is what viewers of an unknown one go on with, and now: without a hole if it took
    /// that one over.
    fn follows(
        &self,
        wanted: PublicationId,
        next: u64,
        waited: Duration,
        held_out: bool,
        cx: &Context,
    ) -> Option<Cause> {
        let current = self.current()?;
        if current.provisional_until.is_some_and(|until| cx.now.instant < until) && !held_out {
            return None;
        }
        match current.grant.previous {
            Some((previous, last)) if previous == wanted => (next >= last || waited >= TAIL).then_some(Cause::Change),
            _ => held_out.then_some(Cause::Continue),
        }
    }

    fn tell_held(&mut self, at: (LinkId, Group), cx: &mut Context) {
        if let Some(watcher) = self.watchers.get_mut(&at) {
            watcher.await_publisher(true, cx);
        }
    }

    fn give_up(&mut self, at: (LinkId, Group), cx: &mut Context) {
        if let Some(watcher) = self.watchers.get_mut(&at) {
            watcher.view = View::Waiting(None);
            watcher.await_publisher(false, cx);
        }
    }

    /// Whether some edge waits for a publication that is not here.
    pub(in crate::core) fn is_awaited(&self) -> bool {
        self.watchers
            .values()
            .any(|watcher| matches!(watcher.view, View::Waiting(Some((id, _))) if !self.publications.contains_key(&id)))
    }
}
