//! What is to be said of the autoscaler.

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kube::ResourceExt;

use super::{Scaling, Seen};
use crate::desire::Component;
use crate::resource::{MetricSource, ResolvedAutoscaling};

/// Whether it works, why in a word, and in a sentence. None if there is nothing to say: nobody asked for one.
pub fn finding(seen: Seen<'_>, scaling: &Scaling) -> Option<(bool, &'static str, String)> {
    let settings = seen.resolved.edge.autoscaling.as_ref();
    if let Some(message) = seen.rival(settings.is_some()) {
        return Some((false, "OtherAutoscaler", message));
    }
    let settings = settings?;
    let asked = seen.cluster.spec.edge.replicas;
    if let Some(manager) = &scaling.held {
        let message = format!(
            "{manager} asked for {asked} edges though the autoscaler wants more, and is not obeyed for 60 s; leave \
             edge.replicas out of what is applied"
        );
        return Some((true, "ReplicasHeld", message));
    }
    Some(match settings.source {
        MetricSource::Internal if scaling.unknown => {
            (false, "NoEdgeAnswers", "no edge can be asked for its connections: nothing changes".to_owned())
        }
        MetricSource::Internal => (true, "Internal", format!("the operator itself keeps {}", bounds(settings))),
        MetricSource::Auto | MetricSource::External => by_kubernetes(seen, settings),
    })
}

fn by_kubernetes(seen: Seen<'_>, settings: &ResolvedAutoscaling) -> (bool, &'static str, String) {
    let autoscaler = seen.observed.autoscaler.as_ref();
    match autoscaler.and_then(scaling_active) {
        Some((true, _)) => {
            let name = autoscaler.map(ResourceExt::name_any).unwrap_or_default();
            (true, "External", format!("HorizontalPodAutoscaler \"{name}\" keeps {}", bounds(settings)))
        }
        Some((false, message)) => (false, "NoMetrics", message),
        None => (false, "Pending", "the HorizontalPodAutoscaler has not looked yet".to_owned()),
    }
}

fn bounds(settings: &ResolvedAutoscaling) -> String {
    let ResolvedAutoscaling { min_replicas, max_replicas, connections_per_edge, .. } = settings;
    format!("{min_replicas} to {max_replicas} edges, of {connections_per_edge} connections on average")
}

/// Whether it gets its metrics, and what it says of that.
fn scaling_active(autoscaler: &HorizontalPodAutoscaler) -> Option<(bool, String)> {
    let conditions = autoscaler.status.as_ref()?.conditions.as_ref()?;
    let found = conditions.iter().find(|condition| condition.type_ == "ScalingActive")?;
    Some((found.status == "True", found.message.clone().unwrap_or_default()))
}

impl Seen<'_> {
    /// Another autoscaler of the same edges, in a sentence. One that a person made for the LiveCluster is none if nobody
    /// asked for ours.
    fn rival(&self, has_own: bool) -> Option<String> {
        let deployment = Component::Edge.name(self.cluster);
        self.observed.other_autoscalers.iter().find_map(|other| {
            let target = &other.spec.scale_target_ref;
            let name = other.name_any();
            match target.kind.as_str() {
                "Deployment" if target.name == deployment => Some(format!(
                    "HorizontalPodAutoscaler \"{name}\" scales Deployment \"{deployment}\", which the operator writes: let it \
                     scale the LiveCluster instead, or delete it"
                )),
                "LiveCluster" if has_own && target.name == self.cluster.name_any() => Some(format!(
                    "HorizontalPodAutoscaler \"{name}\" scales this LiveCluster, too: delete it, or take edge.autoscaling away"
                )),
                _ => None,
            }
        })
    }
}
