//! The HorizontalPodAutoscaler of the edges. It scales the LiveCluster, so that the operator learns first what it wants.

use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscaler,
    HorizontalPodAutoscalerBehavior, HorizontalPodAutoscalerSpec, MetricIdentifier, MetricSpec, MetricTarget,
    PodsMetricSource,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::{Resource, ResourceExt};

use super::Component;
use super::names::metadata;
use crate::resource::{
    Autoscaling, Behavior, LiveCluster, MetricSource, PolicyType, Resolved, ResolvedAutoscaling, ScalingPolicy,
    ScalingRules, SelectPolicy,
};

/// The metric that edges are scaled by: the clients of each.
pub const METRIC: &str = "livecluster_edge_connections";

/// What nobody set is filled in.
pub(super) fn resolve(asked: &Autoscaling) -> ResolvedAutoscaling {
    let behavior = asked.behavior.clone().unwrap_or_default();
    let source = match asked.source.unwrap_or_default() {
        MetricSource::Auto => MetricSource::Internal,
        asked => asked,
    };
    ResolvedAutoscaling {
        min_replicas: asked.min_replicas.unwrap_or(2).min(asked.max_replicas),
        max_replicas: asked.max_replicas,
        connections_per_edge: asked.connections_per_edge,
        source,
        behavior: Behavior {
            scale_up: Some(filled(behavior.scale_up, 0, &UP)),
            scale_down: Some(filled(behavior.scale_down, 600, &DOWN)),
        },
    }
}

fn filled(asked: Option<ScalingRules>, window: i32, policies: &[ScalingPolicy]) -> ScalingRules {
    let asked = asked.unwrap_or_default();
    ScalingRules {
        stabilization_window_seconds: Some(asked.stabilization_window_seconds.unwrap_or(window)),
        select_policy: Some(asked.select_policy.unwrap_or_default()),
        policies: if asked.policies.is_empty() { policies.to_vec() } else { asked.policies },
    }
}

/// Viewers come in a rush.
const UP: [ScalingPolicy; 2] = [
    ScalingPolicy { type_: PolicyType::Percent, value: 100, period_seconds: 30 },
    ScalingPolicy { type_: PolicyType::Pods, value: 4, period_seconds: 30 },
];

/// Viewers of an edge that goes are closed if they don't leave by themselves.
const DOWN: [ScalingPolicy; 1] = [ScalingPolicy { type_: PolicyType::Pods, value: 1, period_seconds: 120 }];

/// None if nobody asked for one, or if the operator itself is it.
pub(super) fn of(cluster: &LiveCluster, resolved: &Resolved) -> Option<HorizontalPodAutoscaler> {
    let resolved = resolved.edge.autoscaling.as_ref()?;
    if resolved.source == MetricSource::Internal {
        return None;
    }
    Some(HorizontalPodAutoscaler {
        metadata: metadata(cluster, Component::Edge.name(cluster), Some(Component::Edge)),
        spec: HorizontalPodAutoscalerSpec {
            scale_target_ref: CrossVersionObjectReference {
                api_version: Some(LiveCluster::api_version(&()).into_owned()),
                kind: LiveCluster::kind(&()).into_owned(),
                name: cluster.name_any(),
            },
            min_replicas: Some(resolved.min_replicas),
            max_replicas: resolved.max_replicas,
            metrics: Some(vec![connections(resolved.connections_per_edge)]),
            behavior: Some(behavior(&resolved.behavior)),
        },
        status: None,
    })
}

fn connections(per_edge: i32) -> MetricSpec {
    let target = MetricTarget {
        type_: "AverageValue".to_owned(),
        average_value: Some(Quantity(per_edge.to_string())),
        ..MetricTarget::default()
    };
    MetricSpec {
        type_: "Pods".to_owned(),
        pods: Some(PodsMetricSource { metric: MetricIdentifier { name: METRIC.to_owned(), selector: None }, target }),
        ..MetricSpec::default()
    }
}

fn behavior(behavior: &Behavior) -> HorizontalPodAutoscalerBehavior {
    HorizontalPodAutoscalerBehavior {
        scale_up: behavior.scale_up.as_ref().map(rules),
        scale_down: behavior.scale_down.as_ref().map(rules),
    }
}

fn rules(rules: &ScalingRules) -> HPAScalingRules {
    HPAScalingRules {
        policies: Some(rules.policies.iter().map(policy).collect()),
        select_policy: rules.select_policy.map(|policy| select_policy(policy).to_owned()),
        stabilization_window_seconds: rules.stabilization_window_seconds,
        tolerance: None,
    }
}

fn policy(policy: &ScalingPolicy) -> HPAScalingPolicy {
    let type_ = match policy.type_ {
        PolicyType::Pods => "Pods",
        PolicyType::Percent => "Percent",
    };
    HPAScalingPolicy { period_seconds: policy.period_seconds, type_: type_.to_owned(), value: policy.value }
}

fn select_policy(policy: SelectPolicy) -> &'static str {
    match policy {
        SelectPolicy::Max => "Max",
        SelectPolicy::Min => "Min",
        SelectPolicy::Disabled => "Disabled",
    }
}
