//! The origins: a StatefulSet whose pods the operator replaces, one after the other.

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetSpec, StatefulSetUpdateStrategy};

use super::names::{self, label_selector, metadata};
use super::pod::{Port, Template};
use super::{Component, Facts};
use crate::resource::{LiveCluster, Resolved};

pub(super) fn stateful_set(cluster: &LiveCluster, resolved: &Resolved, facts: &Facts) -> StatefulSet {
    let origin = &resolved.origin;
    let mut arguments = vec![
        format!("--max-log-bytes={}", origin.max_log_bytes.count().unwrap_or_default()),
        format!("--grace-seconds={}", origin.grace_seconds),
    ];
    arguments.extend(cluster.spec.origin.stream_metrics.map(|streams| format!("--stream-metrics={streams}")));
    let template = Template {
        component: Component::Origin,
        asked: cluster.spec.origin.pod.as_ref(),
        ports: &[Port::Link, Port::Http],
        arguments,
        grace_seconds: origin.grace_seconds,
    };
    StatefulSet {
        metadata: metadata(cluster, Component::Origin.name(cluster), Some(Component::Origin)),
        spec: StatefulSetSpec {
            replicas: Some(cluster.spec.origin.replicas),
            service_name: Some(names::origins(cluster)),
            selector: label_selector(cluster, Component::Origin),
            // Whichever is free of streams goes first: Kubernetes knows only an order by number.
            update_strategy: Some(StatefulSetUpdateStrategy {
                type_: Some("OnDelete".to_owned()),
                ..StatefulSetUpdateStrategy::default()
            }),
            // One that can't start keeps no other from starting.
            pod_management_policy: Some("Parallel".to_owned()),
            template: template.render(cluster, resolved, facts),
            ..StatefulSetSpec::default()
        },
        status: None,
    }
}
