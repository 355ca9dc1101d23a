//! How the pods of a role are spread.

use k8s_openapi::api::core::v1::{
    Affinity, PodAffinityTerm, PodAntiAffinity, TopologySpreadConstraint, WeightedPodAffinityTerm,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::super::Component;
use super::super::names::label_selector;
use crate::resource::{LiveCluster, Pod};

/// What a person asked for; else over nodes, as evenly as it goes.
///
/// Not over zones: a scheduler ignores constraints on nodes that lack one of their labels, and where there are no zones
/// nothing would be spread at all.
pub(super) fn constraints(cluster: &LiveCluster, component: Component, asked: &Pod) -> Vec<TopologySpreadConstraint> {
    let counted = label_selector(cluster, component);
    if asked.topology_spread_constraints.is_empty() {
        return vec![even("kubernetes.io/hostname", component, counted)];
    }
    let asked = asked.topology_spread_constraints.iter().cloned();
    asked
        .map(|mut constraint| {
            constraint.label_selector.get_or_insert_with(|| counted.clone());
            constraint
        })
        .collect()
}

/// What a person asked for; else rather not in the zone of others of the role.
pub(super) fn affinity(cluster: &LiveCluster, component: Component, asked: Option<Affinity>) -> Affinity {
    let elsewhere = || WeightedPodAffinityTerm {
        weight: 100,
        pod_affinity_term: PodAffinityTerm {
            topology_key: "topology.kubernetes.io/zone".to_owned(),
            label_selector: Some(label_selector(cluster, component)),
            ..PodAffinityTerm::default()
        },
    };
    asked.unwrap_or_else(|| Affinity {
        pod_anti_affinity: Some(PodAntiAffinity {
            preferred_during_scheduling_ignored_during_execution: Some(vec![elsewhere()]),
            ..PodAntiAffinity::default()
        }),
        ..Affinity::default()
    })
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
