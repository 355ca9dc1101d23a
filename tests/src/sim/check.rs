//! What has to hold at the end of a scenario.

use std::time::Duration;

use super::{State, World};

impl World {
    /// Panics if something went wrong so far; says how to run it again.
    pub fn assert_sound(&mut self) {
        self.check_viewers();
        assert!(
            self.violations.is_empty(),
            "seed {}: {}",
            self.setup.seed,
            self.violations.join("\n")
        );
    }

    /// Panics if some viewer lost a message inside a publication.
    pub fn assert_no_hole(&mut self) {
        for (at, viewer) in self.viewers.iter().enumerate() {
            assert!(
                viewer.holes.is_empty(),
                "seed {}: viewer {at}: {:?}",
                self.setup.seed,
                viewer.holes
            );
        }
    }

    /// Every viewer of a stream that somebody publishes is where its publisher is.
    pub fn assert_all_follow(&mut self) {
        for at in 0..self.viewers.len() {
            let Some(live) = self.live(&self.viewers[at].stream.clone()) else {
                continue;
            };
            if self.viewers[at].gone.is_some() {
                continue;
            }
            let sent = self.publishers[live].sent;
            let seen = self.viewers[at]
                .passages
                .last()
                .filter(|last| last.run == live as u64)
                .map(|last| last.next);
            if seen.is_none_or(|next| next + LAG < sent) {
                self.violate(format!(
                    "viewer {at} is at {seen:?} of publisher {live}, who sent {sent}"
                ));
            }
        }
        self.assert_sound();
    }

    /// The publisher of a stream.
    pub fn live(&self, stream: &str) -> Option<usize> {
        self.publishers.iter().rposition(|publisher| {
            publisher.stream == stream && publisher.state == State::Publishing
        })
    }

    /// All clients leave; after the hold time nothing of them is left.
    pub fn assert_released(&mut self) {
        for at in 0..self.publishers.len() {
            self.unpublish(at);
        }
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
        self.assert_sound();
    }

    fn check_viewers(&mut self) {
        for at in 0..self.viewers.len() {
            for passage in self.viewers[at].passages.clone() {
                let Ok(run) = usize::try_from(passage.run) else {
                    continue;
                };
                let publisher = &self.publishers[run];
                let (state, sent) = (publisher.state.clone(), publisher.sent);
                if passage.ended && state == State::Publishing {
                    self.violate(format!("viewer {at} was told that publisher {run} stopped"));
                }
                if passage.ended && state == State::Unpublished && passage.next != sent {
                    self.violate(format!(
                        "viewer {at} saw {} of {sent} messages of publisher {run} before its end",
                        passage.next
                    ));
                }
            }
        }
    }
}

/// Messages that a viewer may be behind its publisher while nothing is wrong.
const LAG: u64 = 25;
