//! A number of edges that falls though the autoscaler wants more: a manifest that names it was applied again, most likely.
//! It is not obeyed at once. Pure.

use std::time::{Duration, Instant};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;

/// A number that was not obeyed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// What the resource asks for.
    replicas: i32,
    /// Since when it asks for that.
    since: Instant,
}

/// What the resource asks for, and who else has a say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// By the resource.
    pub replicas: i32,
    /// By the Deployment.
    pub current: i32,
    /// By the autoscaler, as it told last.
    pub advised: Option<i32>,
}

impl Asked {
    /// Whether the resource asks for fewer than the autoscaler does: from now on, or still. What the autoscaler then makes of
    /// it counts as little: it begins from the wrong number.
    pub fn hold(self, held: Option<Hold>, now: Instant) -> Option<Hold> {
        if self.replicas >= self.current {
            return None;
        }
        let is_advised = self.advised.is_some_and(|advised| advised <= self.replicas);
        match held {
            None if is_advised => None,
            Some(held) if held.replicas == self.replicas => Some(held),
            None | Some(_) => Some(Hold { replicas: self.replicas, since: now }),
        }
    }
}

impl Hold {
    /// Whether it is still not obeyed: an autoscaler may take some time to see its number again.
    pub fn is_in_force(self, now: Instant) -> bool {
        now < self.since + LIMIT
    }
}

/// Who wrote the number of edges last, as Kubernetes has it.
pub fn manager(entries: &[ManagedFieldsEntry]) -> Option<&ManagedFieldsEntry> {
    let has_it = |entry: &&ManagedFieldsEntry| {
        entry.fields_v1.as_ref().is_some_and(|fields| fields.0.pointer("/f:spec/f:edge/f:replicas").is_some())
    };
    entries.iter().filter(has_it).max_by_key(|entry| entry.time.as_ref().map(|time| time.0))
}

/// Four times the pace of Kubernetes' own autoscaler.
const LIMIT: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(replicas: i32, current: i32, advised: impl Into<Option<i32>>) -> Asked {
        Asked { replicas, current, advised: advised.into() }
    }

    #[test]
    fn what_the_autoscaler_wants_is_obeyed_at_once() {
        let now = Instant::now();

        assert_eq!(asked(2, 10, 2).hold(None, now), None);
        assert_eq!(asked(12, 10, 2).hold(None, now), None);
    }

    #[test]
    fn fall_that_the_autoscaler_did_not_want_is_held_for_a_minute() {
        let start = Instant::now();

        let held = asked(2, 10, 10).hold(None, start);

        let in_force = |second| {
            let now = start + Duration::from_secs(second);
            asked(2, 10, 10).hold(held, now).is_some_and(|held| held.is_in_force(now))
        };
        assert_eq!([0, 59, 60, 61].map(in_force), [true, true, false, false]);
    }

    #[test]
    fn autoscaler_that_rises_again_from_the_wrong_number_takes_no_edge() {
        let start = Instant::now();
        let later = start + Duration::from_secs(45);
        let held = asked(2, 10, 10).hold(None, start);

        let risen = asked(6, 10, 6).hold(held, later);

        assert_eq!(risen, Some(Hold { replicas: 6, since: later }));
        assert_eq!(asked(10, 10, 10).hold(risen, later), None);
    }

    #[test]
    fn fall_is_held_as_long_as_nothing_is_known_of_the_autoscaler() {
        assert!(asked(2, 10, None).hold(None, Instant::now()).is_some());
    }

    #[test]
    fn manager_is_who_wrote_the_number_last() {
        let entry = |manager: &str, time: &str, fields| {
            let entry = json!({"manager": manager, "time": time, "fieldsV1": fields});
            serde_json::from_value::<ManagedFieldsEntry>(entry).expect("an entry")
        };
        let number = json!({"f:spec": {"f:edge": {"f:replicas": {}}}});
        let entries = [
            entry("kube-controller-manager", "2026-01-01T00:00:00Z", number.clone()),
            entry("kubectl-client-side-apply", "2026-01-01T00:00:01Z", number),
            entry("other", "2026-01-01T00:00:02Z", json!({"f:spec": {"f:image": {}}})),
        ];

        let found = manager(&entries).and_then(|entry| entry.manager.as_deref());

        assert_eq!(found, Some("kubectl-client-side-apply"));
    }
}
