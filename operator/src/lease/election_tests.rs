//! Tests of one candidate's decisions.

use super::*;

#[path = "election_property.rs"]
mod property;

const TIMING: Timing =
    Timing { lease: Duration::from_secs(15), renew: Duration::from_secs(10), retry: Duration::from_secs(2) };

fn record(version: u32, holder: &str) -> Record {
    Record { version: version.to_string(), holder: holder.to_owned(), duration: TIMING.lease }
}

/// A candidate "a", and its clock in seconds.
struct Candidate {
    start: Instant,
    election: Election,
}

impl Candidate {
    fn new() -> Self {
        let start = Instant::now();
        Self { start, election: Election::new("a".to_owned(), TIMING, start) }
    }

    /// One that has had the lease since second 0, by a write that took no time.
    fn leader() -> Self {
        let mut leader = Self::new();
        leader.read(0, None);
        leader.wrote(0, record(1, "a"));
        leader
    }

    fn at(&self, second: u64) -> Instant {
        self.start + Duration::from_secs(second)
    }

    fn poll(&self, second: u64) -> Step {
        self.election.poll(self.at(second))
    }

    fn read(&mut self, second: u64, record: Option<Record>) {
        self.election.read(record, self.at(second));
    }

    fn wrote(&mut self, second: u64, record: Record) {
        self.election.wrote(self.at(second), record, self.at(second));
    }

    fn until(&self, second: u64) -> Step {
        Step::Wait(self.at(second))
    }
}

#[test]
fn lease_that_never_was_is_created_at_once() {
    let mut candidate = Candidate::new();
    assert_eq!(candidate.poll(0), Step::Read);

    candidate.read(0, None);

    assert_eq!(candidate.poll(0), Step::Create);
}

#[test]
fn lease_is_claimed_when_it_has_not_changed_for_its_duration_since_it_was_first_seen() {
    let mut candidate = Candidate::new();
    candidate.read(1, Some(record(7, "b")));
    for second in [4, 8, 12, 15] {
        candidate.read(second, Some(record(7, "b")));
    }

    assert_eq!(candidate.poll(15), candidate.until(16));
    assert_eq!(candidate.poll(16), Step::Claim("7".to_owned()));
}

#[test]
fn lease_that_changes_is_let_be_however_old_its_holder_says_it_is() {
    let mut candidate = Candidate::new();

    for second in 0..60 {
        candidate.read(second, Some(record(u32::try_from(second).expect("small"), "b")));
        assert!(matches!(candidate.poll(second), Step::Wait(_)), "{second}");
    }
}

#[test]
fn holder_that_asks_for_longer_is_let_be_for_longer() {
    let mut candidate = Candidate::new();
    let long = Record { duration: Duration::from_secs(30), ..record(1, "b") };
    candidate.read(0, Some(long.clone()));
    candidate.read(29, Some(long));

    assert_eq!(candidate.poll(29), candidate.until(30));
}

#[test]
fn released_lease_is_claimed_at_once() {
    let mut candidate = Candidate::new();
    candidate.read(0, Some(record(1, "b")));

    candidate.read(1, Some(record(2, "")));

    assert_eq!(candidate.poll(1), Step::Claim("2".to_owned()));
}

#[test]
fn deleted_lease_is_no_released_one() {
    let mut candidate = Candidate::new();
    candidate.read(0, Some(record(1, "b")));
    candidate.read(3, None);
    candidate.read(17, None);

    assert_eq!(candidate.poll(17), candidate.until(18));
    assert_eq!(candidate.poll(18), Step::Create);
}

#[test]
fn candidate_that_hears_nothing_asks() {
    let mut candidate = Candidate::new();
    candidate.read(0, Some(record(1, "b")));

    assert_eq!(candidate.poll(3), candidate.until(4));
    assert_eq!(candidate.poll(4), Step::Read);
    candidate.election.failed(candidate.at(5));
    assert_eq!(candidate.poll(5), candidate.until(7));
    assert_eq!(candidate.poll(7), Step::Read);
}

#[test]
fn leader_renews_and_believes_from_when_it_sent_the_renewal() {
    let mut leader = Candidate::leader();
    assert_eq!(leader.poll(1), leader.until(2));
    assert_eq!(leader.poll(2), Step::Claim("1".to_owned()));

    leader.election.wrote(leader.at(2), record(2, "a"), leader.at(4));

    assert_eq!(leader.election.leads_until(), Some(leader.at(12)));
    assert_eq!(leader.poll(4), Step::Claim("2".to_owned()));
}

#[test]
fn leader_that_reaches_no_api_goes_on_trying_until_its_time_is_over() {
    let mut leader = Candidate::leader();

    for second in [2, 4, 6, 8] {
        assert!(!matches!(leader.poll(second), Step::Wait(_) | Step::Lost), "{second}");
        leader.election.failed(leader.at(second));
    }

    assert_eq!(leader.poll(9), leader.until(10));
    assert_eq!(leader.poll(10), Step::Lost);
}

#[test]
fn leader_that_was_frozen_has_lost_whatever_the_api_would_say() {
    let leader = Candidate::leader();

    assert_eq!(leader.poll(30), Step::Lost);
}

#[test]
fn leader_whose_renewal_is_refused_looks_who_it_was() {
    let mut leader = Candidate::leader();
    leader.election.refused();
    assert_eq!(leader.poll(2), Step::Read);

    leader.read(2, Some(record(5, "b")));

    assert_eq!(leader.poll(2), Step::Lost);
}

#[test]
fn leader_whose_answer_was_lost_goes_on_from_what_it_wrote() {
    let mut leader = Candidate::leader();
    leader.election.failed(leader.at(2));
    assert_eq!(leader.poll(4), Step::Read);

    leader.read(4, Some(record(2, "a")));

    assert_eq!(leader.poll(4), Step::Claim("2".to_owned()));
}

#[test]
fn leader_whose_lease_was_deleted_makes_it_anew() {
    let mut leader = Candidate::leader();
    leader.election.refused();

    leader.read(2, None);

    assert_eq!(leader.poll(2), Step::Create);
}

#[test]
fn candidate_whose_claim_counted_without_its_knowledge_claims_again_before_it_leads() {
    let mut candidate = Candidate::new();
    candidate.read(0, None);
    candidate.election.failed(candidate.at(3));

    candidate.read(5, Some(record(1, "a")));

    assert_eq!(candidate.election.leads_until(), None);
    assert_eq!(candidate.poll(5), Step::Claim("1".to_owned()));
}
