//! The decisions of one candidate: what the API said and the time come in, what to ask it comes out.

use std::time::{Duration, Instant};

use super::Record;

/// One candidate's part in an election.
#[derive(Debug)]
pub struct Election {
    identity: String,
    timing: Timing,
    lease: Known,
    /// Since when the lease has been as it is known.
    since: Instant,
    /// Something was written of which it is not known whether it counts.
    is_doubtful: bool,
    /// When the API last said something of the lease.
    heard: Instant,
    leads_until: Option<Instant>,
    /// Nothing is asked before.
    next: Instant,
}

/// How long what counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// For how long others let a holder be that is silent.
    pub lease: Duration,
    /// For how long a holder believes in its lease after it has sent the last renewal that succeeded.
    pub renew: Duration,
    /// Between two renewals, and between two tries.
    pub retry: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { lease: Duration::from_secs(15), renew: Duration::from_secs(10), retry: Duration::from_secs(2) }
    }
}

/// What is known of the lease.
#[derive(Debug)]
enum Known {
    /// Nobody has asked yet.
    Nothing,
    /// There is none; perhaps there was one.
    Absent { existed: bool },
    /// It was like this.
    Record(Record),
}

/// What a candidate is to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing until then, unless the API says something.
    Wait(Instant),
    /// Read the lease, and tell [`Election::read`].
    Read,
    /// Create the lease as ours, and tell [`Election::wrote`].
    Create,
    /// Write ourselves into this version of it, and tell [`Election::wrote`].
    Claim(String),
    /// It was ours and no longer is: end, for others may act by now.
    Lost,
}

impl Election {
    /// Of a candidate that has just begun. `identity` is this process's alone: it is not used again by the next one.
    pub fn new(identity: String, timing: Timing, now: Instant) -> Self {
        Self {
            identity,
            timing,
            lease: Known::Nothing,
            since: now,
            is_doubtful: false,
            heard: now,
            leads_until: None,
            next: now,
        }
    }

    /// What to do now.
    pub fn poll(&self, now: Instant) -> Step {
        match self.leads_until {
            Some(until) if now >= until => Step::Lost,
            Some(until) if now < self.next => Step::Wait(self.next.min(until)),
            None if now < self.next => Step::Wait(self.next),
            Some(_) => self.claim(),
            None => self.stand(now),
        }
    }

    /// The lease was read, or a watch told of it; none: it does not exist.
    pub fn read(&mut self, record: Option<Record>, now: Instant) {
        self.note(record, now);
        self.is_doubtful = false;
        let Known::Record(record) = &self.lease else {
            return;
        };
        let is_foreign = !record.holder.is_empty() && record.holder != self.identity;
        if is_foreign && self.leads_until.is_some() {
            self.leads_until = Some(now);
        }
    }

    /// A write that was sent at this time has succeeded.
    pub fn wrote(&mut self, sent: Instant, record: Record, now: Instant) {
        self.note(Some(record), now);
        self.is_doubtful = false;
        self.leads_until = Some(sent + self.timing.renew);
        self.next = sent + self.timing.retry;
    }

    /// A write was refused, since the lease is not as it was known.
    pub fn refused(&mut self) {
        self.is_doubtful = true;
    }

    /// A request failed, and may or may not have reached the API.
    pub fn failed(&mut self, now: Instant) {
        self.is_doubtful = true;
        self.next = now + self.timing.retry;
    }

    /// Gives the lease up: from now on this process does not lead.
    pub fn resign(&mut self) {
        self.leads_until = None;
    }

    /// Until when this process leads, if it does.
    pub fn leads_until(&self) -> Option<Instant> {
        self.leads_until
    }

    /// Who it is.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The times that count.
    pub fn timing(&self) -> Timing {
        self.timing
    }

    /// The lease is unchanged as long as its version is.
    fn note(&mut self, record: Option<Record>, now: Instant) {
        self.heard = now;
        let known = match record {
            Some(record) => Known::Record(record),
            None => Known::Absent { existed: !matches!(self.lease, Known::Nothing | Known::Absent { existed: false }) },
        };
        let is_unchanged = match (&self.lease, &known) {
            (Known::Record(old), Known::Record(new)) => old.version == new.version,
            (Known::Absent { .. }, Known::Absent { .. }) => true,
            _ => false,
        };
        if !is_unchanged {
            self.since = now;
        }
        self.lease = known;
    }

    /// Of one that does not lead.
    fn stand(&self, now: Instant) -> Step {
        let silent = self.heard + SILENT_RETRIES * self.timing.retry;
        let free = self.free();
        if self.is_doubtful || now >= silent {
            Step::Read
        } else if now >= free {
            self.claim()
        } else {
            Step::Wait(free.min(silent))
        }
    }

    fn claim(&self) -> Step {
        match &self.lease {
            _ if self.is_doubtful => Step::Read,
            Known::Nothing => Step::Read,
            Known::Absent { .. } => Step::Create,
            Known::Record(record) => Step::Claim(record.version.clone()),
        }
    }

    /// From when on this candidate may have the lease, if it does not change until then. That it was deleted is no word of
    /// its holder.
    fn free(&self) -> Instant {
        match &self.lease {
            Known::Nothing | Known::Absent { existed: false } => self.since,
            Known::Absent { existed: true } => self.since + self.timing.lease,
            Known::Record(record) if record.holder.is_empty() || record.holder == self.identity => self.since,
            Known::Record(record) => self.since + self.timing.lease.max(record.duration),
        }
    }
}

/// After so many times [`Timing::retry`] without a word of the lease, a candidate asks: a watch can fall silent.
const SILENT_RETRIES: u32 = 2;

#[cfg(test)]
#[path = "election_tests.rs"]
mod tests;
