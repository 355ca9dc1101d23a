//! What comes in of a stream, and publications that are over.

use std::time::Instant;

use livecluster_mrtmp::frame::Media;
use livecluster_mrtmp::id::{BootId, Channel, Name, PublicationId};
use livecluster_rtmp::broadcast::Append;

use super::{Stream, wake};
use crate::core::context::Context;
use crate::core::link::LinkId;
use crate::core::publication::Publication;
use crate::core::watcher::View;

impl Stream {
    pub(in crate::core) fn is_fed_by(&self, id: PublicationId, link: LinkId, channel: Channel) -> bool {
        self.publications.get(&id).is_some_and(|publication| publication.source == Some((link, channel)))
    }

    pub(in crate::core) fn header(&mut self, id: PublicationId, media: Media, cx: &mut Context) {
        if let Some(publication) = self.publications.get_mut(&id) {
            publication.header(media, cx);
        }
    }

    pub(in crate::core) fn media(&mut self, id: PublicationId, media: Media, cx: &mut Context) {
        let Some(publication) = self.publications.get_mut(&id) else {
            return;
        };
        let began = publication.is_empty();
        if publication.append(media, cx) == Append::Appended {
            self.appended(id, began, cx);
        }
    }

    pub(in crate::core) fn end(&mut self, id: PublicationId, sequence: u64, cx: &mut Context) {
        let Some(publication) = self.publications.get_mut(&id) else {
            return;
        };
        if publication.finish(sequence, cx) != Append::Appended {
            return;
        }
        if self.current == Some(id) {
            self.current = None;
        }
        self.appended(id, true, cx);
        self.decide(cx);
        cx.report(&self.key);
    }

    fn appended(&mut self, id: PublicationId, began: bool, cx: &mut Context) {
        let Some(publication) = self.publications.get_mut(&id) else {
            return;
        };
        publication.tell_stable_soon(&self.key, cx);
        let caught_up = publication.next() == publication.expected;
        for watcher in self.watchers.values_mut() {
            wake(watcher, publication, &self.key, cx);
        }
        if began || self.someone_waits_for(id) {
            self.reconsider(cx);
        }
        if caught_up {
            self.decide(cx);
        }
    }

    fn someone_waits_for(&self, id: PublicationId) -> bool {
        self.watchers.values().any(|watcher| matches!(watcher.view, View::Waiting(Some((at, _))) if at == id))
    }

    pub(in crate::core) fn trim(&mut self, id: PublicationId, oldest: u64) {
        if let Some(publication) = self.publications.get_mut(&id) {
            publication.trim(oldest);
        }
    }

    pub(in crate::core) fn entered(&mut self, id: PublicationId, edge: &Name, kept: u64, cx: &mut Context) {
        if let Some(publication) = self.publications.get_mut(&id) {
            publication.confirm_entered(edge, kept);
        }
        self.reconsider(cx);
    }

    /// The publisher's edge needs a publication no more, or not here: if it has ended, its viewers wait for another.
    pub(in crate::core) fn withdrawn(&mut self, id: PublicationId, cx: &mut Context) {
        self.forget_with_viewers(id, cx);
    }

    /// Who still waits for something of one that has ended, or gave way, waits for whatever comes.
    fn forget_with_viewers(&mut self, id: PublicationId, cx: &mut Context) {
        let is_past = |one: &Publication| one.log.end().is_some() || one.superseded_at().is_some();
        if self.publications.get(&id).is_some_and(is_past) {
            self.dismiss_watchers(id, cx);
        }
        self.forget(id, cx);
    }

    /// An edge has named all that it still has and wants: what it did not name is over.
    pub(in crate::core) fn restated(&mut self, edge: &Name, cx: &mut Context) {
        if self.absent.remove(edge).is_some() {
            self.unlist(edge, cx);
        }
        let is_unnamed = |one: &&Publication| one.edge == *edge && one.source.is_none() && !one.is_abandoned();
        let unnamed = self.publications.values().filter(is_unnamed);
        for id in unnamed.map(|one| one.id).collect::<Vec<_>>() {
            self.forget_with_viewers(id, cx);
        }
        self.decide(cx);
    }

    /// An edge that starts anew has lost its memory: its publishers come back nowhere.
    pub(in crate::core) fn edge_restarted(&mut self, edge: &Name, boot: BootId, cx: &mut Context) {
        let lost = self.publications.values().filter(|one| one.edge == *edge && one.id.edge != boot);
        for id in lost.map(|one| one.id).collect::<Vec<_>>() {
            self.abandon(id, cx);
        }
    }

    /// The publisher's edge has lost it, or is done with it: it comes back nowhere. Viewers get what is here, then they are
    /// told.
    pub(in crate::core) fn abandon(&mut self, id: PublicationId, cx: &mut Context) {
        if let Some(publication) = self.publications.get_mut(&id) {
            publication.abandon();
        }
        if self.current == Some(id) {
            self.current = None;
        }
        self.reconsider(cx);
        cx.report(&self.key);
    }

    /// Who was shown a publication, or waited for it, waits for whatever comes.
    pub(super) fn dismiss_watchers(&mut self, id: PublicationId, cx: &Context) {
        for watcher in self.watchers.values_mut() {
            if watcher.view.publication() == Some(id) {
                watcher.wait_for(None, cx.now.instant);
            }
        }
    }

    /// A publication that was lost or superseded, and that nobody feeds any more, goes when no edge is shown it, nor may
    /// come back for the rest of it.
    pub(in crate::core) fn clear_away(&mut self, now: Instant) {
        let Self { publications, watchers, absent, current, .. } = self;
        if publications.len() <= usize::from(current.is_some()) || !absent.is_empty() {
            return;
        }
        let is_shown = |id| watchers.values().any(|watcher| watcher.view.publication() == Some(id));
        let is_past = |one: &Publication| one.is_abandoned() || one.superseded_at().is_some();
        publications.retain(|id, one| {
            Some(*id) == *current || one.source.is_some() || !is_past(one) || !one.is_over(now) || is_shown(*id)
        });
    }

    /// Nothing of a publication is kept.
    pub(in crate::core) fn forget(&mut self, id: PublicationId, cx: &mut Context) {
        self.publications.remove(&id);
        if self.current == Some(id) {
            self.current = None;
        }
        self.reconsider(cx);
        cx.report(&self.key);
    }
}
