//! Which origins the next document has, and in which state.

use std::collections::BTreeSet;

use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::{Origin, State};

use super::Wish;
use super::view::View;

/// The origins of the next document. Without `steps`, those that are lost leave and that is all: what would change the
/// default of a live stream waits.
pub(super) fn next(view: &View<'_>, steps: bool) -> Vec<Origin> {
    let mut candidates = candidates(view, steps);
    if !candidates.iter().any(|candidate| candidate.next == Some(State::Active)) {
        keep_one(view, &mut candidates);
    }
    candidates.into_iter().filter_map(Candidate::into_origin).collect()
}

/// An origin on its way from one document to the next; no state: not in it.
struct Candidate {
    name: Name,
    address: String,
    now: Option<State>,
    next: Option<State>,
    lost: bool,
}

impl Candidate {
    fn of(view: &View<'_>, name: &Name, steps: bool) -> Self {
        let known = view.table.origin(name).map(|origin| &origin.address);
        let lost = view.is_lost(name);
        // One that came back elsewhere is the same origin, restarted in place.
        let desired = view.desired.origins.get(name).map(|origin| &origin.address).filter(|_| !lost);
        let now = view.state(name);
        Self {
            name: name.clone(),
            address: desired.or(known).cloned().unwrap_or_default(),
            now,
            next: if lost { None } else { step(view, name, now, steps) },
            lost,
        }
    }

    fn serves_on(&self) -> bool {
        self.now.is_some_and(State::serves) && !self.lost
    }

    fn into_origin(self) -> Option<Origin> {
        let Self { name, address, next, .. } = self;
        next.map(|state| Origin { name, address, state })
    }
}

fn candidates(view: &View<'_>, steps: bool) -> Vec<Candidate> {
    let known = view.table.origins().iter().map(|origin| &origin.name);
    let names: BTreeSet<_> = known.chain(view.desired.origins.keys()).collect();
    names.into_iter().map(|name| Candidate::of(view, name, steps)).collect()
}

/// The next state of an origin that is not lost.
fn step(view: &View<'_>, name: &Name, now: Option<State>, steps: bool) -> Option<State> {
    match (now, view.wish(name)) {
        (Some(State::Active), Wish::Active) => Some(State::Active),
        (Some(State::Active), _) if steps => Some(State::Draining),
        (Some(State::Draining), Wish::Active) if steps => Some(State::Active),
        (Some(State::Draining), Wish::Gone) if steps && view.is_empty(name) => None,
        (Some(now @ (State::Active | State::Draining)), _) => Some(now),
        (_, Wish::Active) if steps && view.is_present(name) => Some(State::Active),
        (None, Wish::Active) if !view.is_present(name) => None,
        (_, Wish::Active) => Some(State::Joining),
        (_, Wish::Draining | Wish::Gone) => None,
    }
}

/// A cluster without an active origin places nothing. In this order: one that lives goes on as active, whatever is
/// wanted; who is joining takes over at once, because all who could have a stream are lost; the lost ones stay.
fn keep_one(view: &View<'_>, candidates: &mut [Candidate]) {
    let alive = candidates.iter_mut().filter(|candidate| candidate.serves_on());
    if let Some(first) = alive.min_by_key(|candidate| candidate.now != Some(State::Active)) {
        first.next = Some(State::Active);
        return;
    }
    let joining = |candidate: &Candidate| candidate.next == Some(State::Joining) && view.is_present(&candidate.name);
    if view.current.is_some() && candidates.iter().any(joining) {
        let joining = candidates.iter_mut().filter(|candidate| joining(candidate));
        joining.for_each(|candidate| candidate.next = Some(State::Active));
        return;
    }
    let lost = candidates.iter_mut().filter(|candidate| candidate.now.is_some_and(State::serves));
    lost.for_each(|candidate| candidate.next = candidate.now);
}
