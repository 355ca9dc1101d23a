//! Where a stream comes from: which origin is watched, which one is wanted, and when that changes.

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Unwatch, Watch};
use livecluster_mrtmp::id::{Group, Name};

use super::{ASK_AGAIN, Source, Subscription};
use crate::core::binding::Move;
use crate::core::context::{Context, Output, Timer};
use crate::core::link::LinkId;

impl Subscription {
    /// The source that is asked about viewers: the wanted one.
    pub(super) fn asked(&self) -> Option<&Source> {
        self.candidate.as_ref().or(self.bound.as_ref())
    }

    pub fn is_asked_at(&self, link: LinkId) -> bool {
        self.sources().any(|source| source.is_on(link))
    }

    pub(super) fn sources(&self) -> impl Iterator<Item = &Source> {
        self.bound.iter().chain(&self.candidate)
    }

    /// Follows the routes.
    pub fn retarget(&mut self, cx: &mut Context) {
        let at = self.asked().map(|source| source.origin.clone());
        let live = self.showing.is_some();
        match self.binding.follow(&cx.table, &self.key, at.as_ref(), live, cx.now) {
            Move::To(origin) => self.go_to(origin, cx),
            Move::Later(at) => cx.timers.set(at, Timer::Subscription(self.key.clone())),
            Move::Stay => self.watch_unless_asked(cx),
        }
        self.hold(cx);
    }

    fn go_to(&mut self, origin: Name, cx: &mut Context) {
        if let Some(source) = self.candidate.take() {
            self.leave(&source, cx);
        }
        if self.bound.as_ref().is_some_and(|bound| bound.flows && bound.origin == origin) {
            // The move was called off: it never stopped coming from there.
            return self.ask_for_all(cx);
        }
        // What flows goes on flowing until the new origin answers.
        if let Some(source) = self.bound.take_if(|bound| !bound.flows) {
            self.leave(&source, cx);
        }
        self.candidate = Some(Source::at(origin));
        self.watch(cx);
        cx.report_stream(&self.key);
    }

    /// The stream comes from another origin now. One that can't be told is told when it can.
    pub(super) fn leave(&mut self, source: &Source, cx: &mut Context) {
        match source.link {
            Some(_) => source.unwatch(true, cx),
            None => drop(self.left.insert(source.origin.clone())),
        }
    }

    /// Tells an origin that was left without a word that this edge watches elsewhere; else the publisher's edge would
    /// hear that it has left.
    fn say_moved(&mut self, origin: &Name, cx: &mut Context) {
        if !self.left.remove(origin) {
            return;
        }
        let Some((link, found)) = cx.links.to(origin).and_then(|link| Some((link, cx.links.get_mut(link)?))) else {
            return;
        };
        let group = found.open_group(&self.key);
        found.close_group(group);
        let watch = self.watch_frame(group, cx);
        cx.control(link, Frame::Watch(watch));
        cx.control(link, Frame::Unwatch(Unwatch { group, moves: true }));
    }

    fn watch_unless_asked(&mut self, cx: &mut Context) {
        if self.asked().is_some_and(|source| source.link.is_none()) {
            self.watch(cx);
        }
    }

    /// Watches at the wanted origin, from where this edge stands, if there is a link to it.
    fn watch(&mut self, cx: &mut Context) {
        let Some(origin) = self.asked().map(|source| source.origin.clone()) else {
            return;
        };
        let Some(link) = cx.link_to(&origin) else {
            return;
        };
        let Some(group) = cx.links.get_mut(link).map(|found| found.open_group(&self.key)) else {
            return;
        };
        let (about, next) = (self.shown(), self.next());
        let source = self.candidate.as_mut().or(self.bound.as_mut());
        if let Some(source) = source {
            source.ask((link, group), about, next);
        }
        cx.control(link, Frame::Watch(self.watch_frame(group, cx)));
        self.ask_for_all(cx);
    }

    fn watch_frame(&self, group: Group, cx: &Context) -> Watch {
        let (shown, next) = (self.shown(), self.next());
        Watch {
            group,
            key: self.key.clone(),
            generation: cx.table.generation(),
            at: shown.map(|publication| (publication, next)),
        }
    }

    /// Asks the same origin again, on the same link, from where this edge stands. The new group is opened before the
    /// old one is given up, so that this edge never leaves the publisher's map.
    pub(super) fn watch_again(&mut self, link: LinkId, cx: &mut Context) {
        let Some(group) = cx.links.get_mut(link).map(|found| found.open_group(&self.key)) else {
            return;
        };
        cx.control(link, Frame::Watch(self.watch_frame(group, cx)));
        let (about, next) = (self.shown(), self.next());
        if let Some(source) = self.source_on(link) {
            source.unwatch(false, cx);
            source.ask((link, group), about, next);
        }
    }

    pub(super) fn source_on(&mut self, link: LinkId) -> Option<&mut Source> {
        self.bound.iter_mut().chain(&mut self.candidate).find(|source| source.is_on(link))
    }

    pub fn link_up(&mut self, origin: &Name, cx: &mut Context) {
        if self.asked().is_some_and(|source| source.origin == *origin && source.link.is_none()) {
            self.left.remove(origin);
            self.watch(cx);
        }
        self.say_moved(origin, cx);
    }

    pub fn link_down(&mut self, link: LinkId, cx: &mut Context) {
        if let Some(bound) = self.bound.take_if(|bound| bound.is_on(link)) {
            self.interrupt(bound.origin.clone(), true);
            match self.candidate {
                Some(_) => drop(self.left.insert(bound.origin)),
                None => self.bound = Some(bound),
            }
            self.take_candidate_that_awaits(cx);
        }
        if let Some(source) = self.source_on(link) {
            source.rest();
            let origin = source.origin.clone();
            cx.outputs.push_back(Output::Dial(origin));
        }
        self.hold(cx);
    }

    /// What the wanted origin said while the stream came from another counts now.
    fn take_candidate_that_awaits(&mut self, cx: &mut Context) {
        if let Some((link, held)) = self.candidate_that_awaits() {
            self.awaiting(link, held, cx);
        }
    }

    pub(super) fn candidate_that_awaits(&self) -> Option<(LinkId, bool)> {
        let candidate = self.candidate.as_ref()?;
        Some((candidate.link?.0, candidate.awaits?))
    }

    pub fn not_owner(&mut self, link: LinkId, cx: &mut Context) {
        if let Some(source) = self.source_on(link) {
            if let Some((link, group)) = source.link
                && let Some(link) = cx.links.get_mut(link)
            {
                link.close_group(group);
            }
            source.rest();
        }
        self.hold(cx);
        cx.after(ASK_AGAIN, Timer::Subscription(self.key.clone()));
    }

    /// The wanted origin was asked about what was shown then.
    pub(super) fn repeat_question(&mut self, cx: &mut Context) {
        let shown = self.shown();
        if let Some(candidate) = self.candidate.as_ref().filter(|candidate| candidate.asked_about != shown)
            && let Some((link, _)) = candidate.link
        {
            self.watch_again(link, cx);
        }
    }
}
