//! How the pods of a role are spread.

use k8s_openapi::api::core::v1::TopologySpreadConstraint;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::super::Component;
use super::super::names::label_selector;
use crate::resource::{LiveCluster, Pod};

/// What a person asked for; else over nodes and zones, as evenly as it goes.
pub(super) fn constraints(cluster: &LiveCluster, component: Component, asked: &Pod) -> Vec<TopologySpreadConstraint> {
    let counted = label_selector(cluster, component);
    if asked.topology_spread_constraints.is_empty() {
        return ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
            .map(|key| even(key, component, counted.clone()))
            .into();
    }
    let asked = asked.topology_spread_constraints.iter().cloned();
    asked
        .map(|mut constraint| {
            constraint.label_selector.get_or_insert_with(|| counted.clone());
            constraint
        })
        .collect()
}

fn even(key: &str, component: Component, counted: LabelSelector) -> TopologySpreadConstraint {
    TopologySpreadConstraint {
        max_skew: 1,
        topology_key: key.to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        label_selector: Some(counted),
        // In a rollout the new edges are spread among themselves.
        match_label_keys: (component == Component::Edge).then(|| vec!["pod-template-hash".to_owned()]),
        ..TopologySpreadConstraint::default()
    }
}
