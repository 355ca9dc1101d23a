//! What is wanted of origins.

use std::collections::BTreeMap;

use kube::ResourceExt;
use livecluster_mrtmp::id::Name;

use super::observe::{Observed, ends_at};
use super::pods;
use super::rollout::Plan;
use crate::desire::Component;
use crate::resource::LiveCluster;
use crate::routing::{DesiredOrigin, Wish};

/// Origins that the resource asks for take streams, but one that is to be replaced, or ends; others that there are still
/// keep what they have. One without an address is no part yet.
pub(super) fn wishes(cluster: &LiveCluster, observed: &Observed, plan: &Plan) -> BTreeMap<Name, DesiredOrigin> {
    let wish = |name: &str, ends: bool| {
        if is_wanted(cluster, name) && !ends && plan.draining() != Some(name) { Wish::Active } else { Wish::Draining }
    };
    let pods = observed.of(Component::Origin);
    let wishes = pods.filter_map(|pod| {
        let (name, address) = (pod.name_any(), pods::address(pod)?.to_string());
        let wish = wish(&name, ends_at(pod).is_some());
        Some((Name::from(name), DesiredOrigin { address, wish }))
    });
    wishes.collect()
}

/// Whether the resource asks for this origin. One that it asks for no more is replaced by nothing.
pub(super) fn is_wanted(cluster: &LiveCluster, name: &str) -> bool {
    ordinal(cluster, name).is_some_and(|ordinal| ordinal < cluster.spec.origin.replicas)
}

fn ordinal(cluster: &LiveCluster, name: &str) -> Option<i32> {
    name.strip_prefix(&Component::Origin.name(cluster))?.strip_prefix('-')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::resource::{LiveClusterSpec, Rollout, RolloutStep};

    fn observed(names: &[&str], ending: &str, without_address: &str) -> Observed {
        let pod = |name: &&str| {
            let mut pod = json!({
                "metadata": {"name": name, "labels": {"app.kubernetes.io/component": "origin"}},
                "spec": {"containers": [{"name": "origin", "ports": [{"name": "link", "containerPort": 1950}]}]},
            });
            if *name != without_address {
                pod["status"] = json!({"podIP": "10.0.0.1"});
            }
            if *name == ending {
                pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
            }
            Arc::new(serde_json::from_value(pod).expect("a pod"))
        };
        Observed { pods: names.iter().map(pod).collect(), ..Observed::nothing() }
    }

    #[test]
    fn wanted_origins_are_active_and_others_drain() {
        let cluster = LiveCluster::new("demo", LiveClusterSpec::default());
        let names = ["demo-origin-0", "demo-origin-1", "demo-origin-2", "demo-origin-x"];
        let rollout = |step| Plan {
            rollout: Some(Rollout {
                pod: "demo-origin-0".to_owned(),
                uid: String::new(),
                revision: String::new(),
                step,
                since: serde_json::from_value(json!("2026-01-01T00:00:00Z")).expect("a time"),
            }),
            ..Plan::default()
        };
        let cases = [
            ("", "", Plan::default(), vec![("0", Wish::Active), ("1", Wish::Active)]),
            ("demo-origin-1", "", Plan::default(), vec![("0", Wish::Active), ("1", Wish::Draining)]),
            ("", "demo-origin-1", Plan::default(), vec![("0", Wish::Active)]),
            ("", "", rollout(RolloutStep::Drain), vec![("0", Wish::Draining), ("1", Wish::Active)]),
            ("", "", rollout(RolloutStep::Delete), vec![("0", Wish::Draining), ("1", Wish::Active)]),
            ("", "", rollout(RolloutStep::Start), vec![("0", Wish::Active), ("1", Wish::Active)]),
        ];
        for (ending, without_address, plan, mut expected) in cases {
            expected.extend([("2", Wish::Draining), ("x", Wish::Draining)]);

            let wishes = wishes(&cluster, &observed(&names, ending, without_address), &plan);

            let short = |(name, wanted): (&Name, &DesiredOrigin)| (name.to_string(), wanted.wish);
            let expected: Vec<_> = expected.iter().map(|(name, wish)| (format!("demo-origin-{name}"), *wish)).collect();
            assert_eq!(wishes.iter().map(short).collect::<Vec<_>>(), expected, "{plan:?}");
        }
    }
}
