//! Whether `custom.metrics.k8s.io` shall be registered as ours. Pure: what is seen and the time go in, a step comes out.
//!
//! An API that is registered and does not answer stops the deletion of every namespace in the cluster. So it is registered
//! only when it is asked for and answers, and withdrawn when it does not.

use std::time::{Duration, Instant};

/// What is remembered. A process that begins knows nothing, and takes what it finds for good.
#[derive(Debug, Default)]
pub struct Registration {
    /// Since when nobody asks for it.
    unasked: Option<Instant>,
    /// Since when it is there and not available.
    broken: Option<Instant>,
    /// How often it was withdrawn since it was available, and until when it is not tried again.
    withdrawn: Option<(u32, Instant)>,
    /// Whether it was seen to be available and not withdrawn since; none before the first look.
    serves: Option<bool>,
}

/// What is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Whether any LiveCluster asks for it.
    pub is_asked: bool,
    /// Who has the API.
    pub there: There,
    /// Whether our Service answers; not asked if it does not matter.
    pub answers: bool,
}

/// Who has the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum There {
    /// Nobody.
    Nobody,
    /// Somebody else: whose it is, for people.
    Foreign(String),
    /// We.
    Ours {
        /// Whether the API server reaches it.
        is_available: bool,
        /// Whether all that it says is as it should be.
        is_current: bool,
    },
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Stay,
    /// Write it.
    Register,
    /// Delete it.
    Withdraw,
}

/// Where clusters that ask for it get their numbers from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Served {
    /// Nobody has looked yet.
    #[default]
    Unknown,
    /// This operator serves none: for whom it may not, or has no right in the whole cluster.
    Off,
    /// It is not registered yet, or not reached yet.
    Waiting,
    /// By somebody else: whose it is.
    Foreign(String),
    /// By us.
    Serving,
    /// It could not be reached, and is tried again later.
    Withdrawn,
}

impl Registration {
    /// Looks. `now` never goes back.
    pub fn look(&mut self, seen: &Seen, now: Instant) -> (Step, Served) {
        self.note(seen, now);
        let is_unasked = self.unasked.is_some_and(|since| now >= since + UNASKED);
        match &seen.there {
            There::Foreign(whose) => (Step::Stay, Served::Foreign(whose.clone())),
            There::Nobody => self.absent(seen, now),
            There::Ours { .. } if is_unasked => (Step::Withdraw, Served::Waiting),
            There::Ours { .. } if self.broken.is_some_and(|since| now >= since + PATIENCE) => {
                let count = self.withdrawn.map_or(0, |(count, _)| count);
                self.withdrawn = Some((count.saturating_add(1), now + pause(count)));
                self.serves = Some(false);
                (Step::Withdraw, Served::Withdrawn)
            }
            There::Ours { is_current, .. } => {
                let step = if *is_current { Step::Stay } else { Step::Register };
                // What is broken for a moment is not given up at once: the number of edges holds meanwhile.
                (step, if self.serves == Some(true) { Served::Serving } else { Served::Waiting })
            }
        }
    }

    fn note(&mut self, seen: &Seen, now: Instant) {
        self.unasked = if seen.is_asked { None } else { self.unasked.or(Some(now)) };
        match seen.there {
            There::Ours { is_available: true, .. } => {
                self.broken = None;
                self.withdrawn = None;
                self.serves = Some(true);
            }
            There::Ours { is_available: false, .. } => {
                self.broken = self.broken.or(Some(now));
                // What another operator registered served until that one ended.
                self.serves = self.serves.or(Some(true));
            }
            There::Nobody | There::Foreign(_) => {
                self.broken = None;
                self.serves = Some(false);
            }
        }
    }

    fn absent(&self, seen: &Seen, now: Instant) -> (Step, Served) {
        match self.withdrawn {
            Some((_, until)) if now < until => (Step::Stay, Served::Withdrawn),
            Some(_) | None if seen.is_asked && seen.answers => (Step::Register, Served::Waiting),
            Some(_) => (Step::Stay, Served::Withdrawn),
            None => (Step::Stay, Served::Waiting),
        }
    }
}

/// How long it is left out after it was withdrawn so often before.
fn pause(count: u32) -> Duration {
    (FIRST_PAUSE * 2_u32.saturating_pow(count.min(8))).min(LONGEST_PAUSE)
}

/// A process that has just begun has not heard all clusters yet.
const UNASKED: Duration = Duration::from_secs(60);

/// How long it may be out of reach.
const PATIENCE: Duration = Duration::from_secs(60);

const FIRST_PAUSE: Duration = Duration::from_secs(300);

const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;

    struct Site {
        registration: Registration,
        start: Instant,
    }

    impl Site {
        fn new() -> Self {
            Self { registration: Registration::default(), start: Instant::now() }
        }

        fn at(&mut self, second: u64, seen: &Seen) -> (Step, Served) {
            self.registration.look(seen, self.start + Duration::from_secs(second))
        }
    }

    fn ours(is_available: bool) -> There {
        There::Ours { is_available, is_current: true }
    }

    fn asked(there: There) -> Seen {
        Seen { is_asked: true, there, answers: true }
    }

    #[test]
    fn it_is_registered_when_it_is_asked_for_and_answers() {
        let mut site = Site::new();
        let nobody = asked(There::Nobody);

        let cases = [Seen { is_asked: false, ..nobody.clone() }, Seen { answers: false, ..nobody.clone() }];
        for seen in cases {
            assert_eq!(site.at(0, &seen), (Step::Stay, Served::Waiting), "{seen:?}");
        }
        assert_eq!(site.at(1, &nobody), (Step::Register, Served::Waiting));
        assert_eq!(site.at(2, &asked(ours(false))), (Step::Stay, Served::Waiting));
        assert_eq!(site.at(3, &asked(ours(true))), (Step::Stay, Served::Serving));
    }

    #[test]
    fn that_of_somebody_else_is_left_alone() {
        let mut site = Site::new();
        let foreign = asked(There::Foreign("adapter".to_owned()));

        assert_eq!(site.at(0, &foreign), (Step::Stay, Served::Foreign("adapter".to_owned())));
        assert_eq!(site.at(1000, &foreign).0, Step::Stay);
        assert_eq!(site.at(1001, &asked(There::Nobody)).0, Step::Register);
    }

    #[test]
    fn it_is_withdrawn_when_nobody_reaches_it_for_a_minute_and_tried_again_later() {
        let mut site = Site::new();
        site.at(0, &asked(ours(true)));

        assert_eq!(site.at(10, &asked(ours(false))), (Step::Stay, Served::Serving));
        assert_eq!(site.at(69, &asked(ours(false))), (Step::Stay, Served::Serving));
        assert_eq!(site.at(70, &asked(ours(false))), (Step::Withdraw, Served::Withdrawn));
        assert_eq!(site.at(369, &asked(There::Nobody)), (Step::Stay, Served::Withdrawn));
        assert_eq!(site.at(370, &asked(There::Nobody)), (Step::Register, Served::Waiting));
        // The second time it takes twice as long.
        site.at(371, &asked(ours(false)));
        assert_eq!(site.at(431, &asked(ours(false))), (Step::Withdraw, Served::Withdrawn));
        assert_eq!(site.at(1030, &asked(There::Nobody)).0, Step::Stay);
        assert_eq!(site.at(1031, &asked(There::Nobody)).0, Step::Register);
    }

    #[test]
    fn moment_out_of_reach_changes_nothing() {
        let mut site = Site::new();
        for second in [0, 100, 200] {
            site.at(second, &asked(ours(true)));
            assert_eq!(site.at(second + 50, &asked(ours(false))), (Step::Stay, Served::Serving));
        }
    }

    #[test]
    fn it_is_withdrawn_when_nobody_asks_for_it_any_more() {
        let mut site = Site::new();
        let unasked = Seen { is_asked: false, ..asked(ours(true)) };

        assert_eq!(site.at(0, &unasked).0, Step::Stay);
        assert_eq!(site.at(59, &unasked).0, Step::Stay);
        assert_eq!(site.at(60, &unasked).0, Step::Withdraw);
    }

    #[test]
    fn operator_that_begins_takes_what_it_finds_for_good() {
        let mut site = Site::new();

        assert_eq!(site.at(0, &asked(ours(false))), (Step::Stay, Served::Serving));
        assert_eq!(site.at(60, &asked(ours(false))), (Step::Withdraw, Served::Withdrawn));
    }

    #[test]
    fn what_it_says_is_put_right() {
        let mut site = Site::new();

        let old = There::Ours { is_available: true, is_current: false };

        assert_eq!(site.at(0, &asked(old)), (Step::Register, Served::Serving));
    }
}
