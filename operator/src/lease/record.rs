//! What a Lease says.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;

use super::Ending;

/// What of a Lease counts in an election. Its times do not: they are other machines' clocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What a write has to name.
    pub version: String,
    /// Who holds it; empty: nobody.
    pub holder: String,
    /// For how long the holder asks to be let be.
    pub duration: Duration,
}

impl From<&Lease> for Record {
    fn from(lease: &Lease) -> Self {
        let spec = lease.spec.as_ref();
        let seconds = spec.and_then(|spec| spec.lease_duration_seconds).unwrap_or_default();
        Self {
            version: lease.metadata.resource_version.clone().unwrap_or_default(),
            holder: spec.and_then(|spec| spec.holder_identity.clone()).unwrap_or_default(),
            duration: Duration::from_secs(u64::try_from(seconds).unwrap_or_default()),
        }
    }
}

/// The lease as `holder` claims or renews it. What it does not concern stays.
pub(super) fn claimed(mut lease: Lease, holder: &str, duration: Duration, now: Timestamp) -> Lease {
    lease.metadata.annotations.iter_mut().for_each(|annotations| drop(annotations.remove(GIVEN_UP)));
    let spec = lease.spec.unwrap_or_default();
    let is_renewed = spec.holder_identity.as_deref() == Some(holder);
    let transitions = spec.lease_transitions.unwrap_or_default();
    let spec = LeaseSpec {
        holder_identity: Some(holder.to_owned()),
        lease_duration_seconds: Some(i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)),
        lease_transitions: Some(if is_renewed { transitions } else { transitions.saturating_add(1) }),
        acquire_time: spec.acquire_time.filter(|_| is_renewed).or(Some(MicroTime(now))),
        renew_time: Some(MicroTime(now)),
        ..spec
    };
    Lease { spec: Some(spec), ..lease }
}

/// The lease as its holder gives it back: whoever sees it may have it at once.
pub(super) fn released(mut lease: Lease, ending: Ending, now: Timestamp) -> Lease {
    if ending == Ending::Blind {
        let annotations = lease.metadata.annotations.get_or_insert_default();
        annotations.insert(GIVEN_UP.to_owned(), now.to_string());
    }
    let spec = LeaseSpec {
        holder_identity: Some(String::new()),
        // The shortest that the API takes.
        lease_duration_seconds: Some(1),
        renew_time: Some(MicroTime(now)),
        ..lease.spec.unwrap_or_default()
    };
    Lease { spec: Some(spec), ..lease }
}

/// Whether its last holder gave it up because it reached too little, and nobody has had it since.
pub(super) fn is_given_up(lease: &Lease) -> bool {
    lease.metadata.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(GIVEN_UP))
}

/// The annotation of a lease that was given up by one who reached too little; when, for people.
const GIVEN_UP: &str = "livecluster.io/given-up";

#[cfg(test)]
mod tests {
    use super::*;

    const TERM: Duration = Duration::from_secs(15);

    #[test]
    fn transitions_and_time_of_acquisition_change_with_the_holder_only() {
        let at = |second| Timestamp::from_second(second).expect("a time");
        let first = claimed(Lease::default(), "a", TERM, at(1));
        let renewed = claimed(first.clone(), "a", TERM, at(2));
        let taken = claimed(renewed.clone(), "b", TERM, at(3));

        let shown = |lease: &Lease| {
            let spec = lease.spec.clone().expect("a spec");
            let second = |time: Option<MicroTime>| time.expect("a time").0.as_second();
            (spec.lease_transitions, second(spec.acquire_time), second(spec.renew_time))
        };
        assert_eq!(
            [shown(&first), shown(&renewed), shown(&taken)],
            [(Some(1), 1, 1), (Some(1), 1, 2), (Some(2), 3, 3)]
        );
    }

    #[test]
    fn released_lease_has_no_holder() {
        let held = claimed(Lease::default(), "a", TERM, Timestamp::UNIX_EPOCH);

        let lease = released(held, Ending::Done, Timestamp::UNIX_EPOCH);

        assert_eq!((Record::from(&lease).holder.as_str(), is_given_up(&lease)), ("", false));
    }

    #[test]
    fn lease_that_was_given_up_says_so_until_somebody_has_it() {
        let held = claimed(Lease::default(), "a", TERM, Timestamp::UNIX_EPOCH);
        let given_up = released(held, Ending::Blind, Timestamp::UNIX_EPOCH);
        let taken = claimed(given_up.clone(), "b", TERM, Timestamp::UNIX_EPOCH);

        assert_eq!([given_up, taken].map(|lease| is_given_up(&lease)), [true, false]);
    }
}
