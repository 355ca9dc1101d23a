//! What has to hold at the end of a scenario.

use std::time::Duration;

use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::{self, Document, Key, Table};

use super::{Publisher, State, World};

impl World {
    /// Panics if something went wrong so far; says how to run it again.
    pub fn assert_sound(&mut self) {
        self.check_viewers();
        assert!(self.violations.is_empty(), "seed {}: {}", self.setup.seed, self.violations.join("\n"));
    }

    /// Panics if some viewer lost a message inside a publication.
    pub fn assert_no_hole(&mut self) {
        self.check_no_hole();
        self.assert_sound();
    }

    /// Panics unless every viewer of a stream that somebody publishes is where its publisher is.
    pub fn assert_all_follow(&mut self) {
        self.check_following();
        self.assert_sound();
    }

    /// All clients leave; panics if anything of them is left after the hold time.
    pub fn assert_released(&mut self) {
        for at in 0..self.publishers.len() {
            self.unpublish(at);
        }
        self.check_released();
        self.assert_sound();
    }

    /// The publisher of a stream.
    pub fn live(&self, stream: &str) -> Option<usize> {
        self.publishers.iter().rposition(|publisher| publisher.stream == stream && publisher.state == State::Publishing)
    }

    /// Notes what viewers lost inside a publication.
    pub fn check_no_hole(&mut self) {
        for at in 0..self.viewers.len() {
            for hole in self.viewers[at].holes.clone() {
                self.violate(format!("viewer {at} lost {hole:?}"));
            }
        }
    }

    /// Notes who is not where the publisher of its stream is.
    pub fn check_following(&mut self) {
        for at in 0..self.viewers.len() {
            let viewer = &self.viewers[at];
            let Some(live) = self.live(&viewer.stream) else {
                continue;
            };
            if let Some(why) = &viewer.gone {
                if why != "stopped" {
                    self.violate(format!("viewer {at} had to go: {why}"));
                }
                continue;
            }
            let last = viewer.passages.last().copied();
            let sent = self.publishers[live].sent;
            let follows = last.is_some_and(|last| last.run == live as u64 && last.next + LAG >= sent);
            if !follows {
                self.violate(format!("viewer {at} is at {last:?}, publisher {live} at {sent}"));
            }
        }
    }

    pub(super) fn check_released(&mut self) {
        for at in 0..self.viewers.len() {
            self.stop(at);
        }
        self.run_for(self.setup.hold + Duration::from_secs(15));
        for at in 0..self.edges.len() {
            let left = self.edges[at].core.footprint();
            if !left.is_empty() {
                self.violate(format!("edge {at} keeps {left:?}"));
            }
        }
        for at in 0..self.origins.len() {
            let left = self.origins[at].core().map(|core| core.footprint());
            if let Some(left) = left.filter(|left| !left.is_empty()) {
                self.violate(format!("origin {at} keeps {left:?}"));
            }
        }
    }

    /// No document lets a live stream fall to another origin by default, while its own stays active.
    pub(super) fn check_stickiness(&mut self, next: &Document) {
        let (before, after) = (Table::from(self.routes.document.clone()), Table::from(next.clone()));
        let is_active =
            |table: &Table, name: &str| table.origin(name).is_some_and(|one| one.state == route::State::Active);
        let mut moved = Vec::new();
        for (key, home) in self.homes() {
            let goes = after.route(&key).map(|to| to.name.clone());
            let is_there = before.route(&key).is_some_and(|from| from.name == home);
            let stays = is_there && is_active(&before, &home) && is_active(&after, &home);
            if stays && after.entry(&key).is_none() && goes.as_ref() != Some(&home) {
                moved.push(format!("{key} falls from {home} to {goes:?}"));
            }
        }
        moved.into_iter().for_each(|moved| self.violate(moved));
    }

    /// The streams that have been live at one origin for a while, as the operator knows, and nobody wants elsewhere.
    fn homes(&self) -> Vec<(Key, Name)> {
        let settled = self.now.saturating_sub(self.setup.lateness.1 + Duration::from_secs(3));
        let live = self.publishers.iter().filter(|one| one.state == State::Publishing && one.accepted <= settled);
        let mut homes = Vec::new();
        for publisher in live {
            let streams = self.edges[publisher.edge].core.streams();
            let here = streams
                .filter(|one| one.is_published && !one.is_held && one.key.to_string().ends_with(&publisher.stream));
            homes.extend(here.filter_map(|one| Some((one.key.clone(), one.origin?.clone()))));
        }
        homes.retain(|(key, home)| {
            let mut known = self.operator.observed.streams_of(home).into_iter().flatten();
            known.any(|one| one == key) && !self.operator.desired.moves.contains_key(key)
        });
        homes
    }

    /// No log is larger than its budget and what was under way.
    pub(super) fn check_memory(&mut self) {
        let most = self.setup.log.bytes + UNDER_WAY;
        let edges = self.edges.iter().map(|edge| edge.core.footprint());
        let edges: Vec<_> = edges.map(|footprint| footprint.largest_log).collect();
        let origins = self.origins.iter_mut().filter_map(|origin| origin.core());
        let origins: Vec<_> = origins.map(|core| core.footprint().largest_log).collect();
        for bytes in edges.into_iter().chain(origins) {
            if bytes > most {
                self.violate(format!("a log keeps {bytes} bytes"));
            }
        }
    }

    /// Everybody who saw a publication that its publisher ended saw it to its end, unless the same key took the stream
    /// over before that end had come to the origin.
    pub(super) fn check_ends(&mut self) {
        for at in 0..self.viewers.len() {
            if self.viewers[at].gone.is_some() {
                continue;
            }
            for passage in self.viewers[at].passages.clone() {
                let Some(run) = self.index_of(passage.run) else {
                    continue;
                };
                let Publisher { sent, ref state, .. } = self.publishers[run];
                if *state == State::Unpublished && !self.has_heir(run) && passage.next != sent {
                    self.violate(format!("viewer {at} saw {passage:?} of {sent}"));
                }
            }
        }
    }

    pub(super) fn check_viewers(&mut self) {
        for at in 0..self.viewers.len() {
            for passage in self.viewers[at].passages.clone() {
                let state = self.index_of(passage.run).map(|run| &self.publishers[run].state);
                if passage.ended && state == Some(&State::Publishing) {
                    self.violate(format!("viewer {at} was told of an end at {passage:?}"));
                }
            }
        }
    }

    fn index_of(&self, run: u64) -> Option<usize> {
        usize::try_from(run).ok().filter(|run| *run < self.publishers.len())
    }
}

/// Messages that a viewer may be behind its publisher while nothing is wrong.
const LAG: u64 = 25;
/// Bytes that a log may be over its budget: what its writer had sent before it was told.
const UNDER_WAY: usize = 64 * 1024;
