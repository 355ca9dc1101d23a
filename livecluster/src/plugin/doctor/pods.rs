//! Checks of the pods: which are not ready, and why. Pure.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::ResourceExt;
use livecluster_operator::desire::Component;

use super::super::overview::is_ready;
use super::Facts;
use super::findings::Finding;

/// What they find: one finding a role if all is well, else one a pod.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    if let Err(why) = &facts.seen.pods {
        return vec![Finding::unseen("pods", why)];
    }
    let roles = [("origin pods", Component::Origin), ("edge pods", Component::Edge)];
    roles.into_iter().flat_map(|(check, component)| role(check, facts, component)).collect()
}

fn role(check: &'static str, facts: &Facts, component: Component) -> Vec<Finding> {
    let pods: Vec<_> = facts.seen.pods_of(component).filter(|pod| pod.metadata.deletion_timestamp.is_none()).collect();
    if pods.is_empty() {
        let remedy = "see the checks `leader` and `secret`, and the events of the StatefulSet or Deployment";
        return vec![Finding::fail(check, "there are none", remedy)];
    }
    let wrong: Vec<_> = pods.iter().filter_map(|pod| unready(check, pod).or_else(|| restless(check, pod))).collect();
    if wrong.is_empty() { vec![Finding::ok(check, format!("{} ready", pods.len()))] } else { wrong }
}

fn unready(check: &'static str, pod: &Pod) -> Option<Finding> {
    if is_ready(pod) {
        return None;
    }
    let name = pod.name_any();
    let (why, remedy) = reason(pod);
    Some(Finding::fail(check, format!("{name} is not ready: {why}"), remedy))
}

/// Why a pod is not ready, and what to do.
fn reason(pod: &Pod) -> (String, String) {
    if let Some(why) = unscheduled(pod) {
        let remedy =
            "make room on the nodes, or change what the pod asks for: resources, nodeSelector, affinity, tolerations";
        return (format!("no node takes it ({why})"), remedy.to_owned());
    }
    let waiting = containers(pod).find_map(|container| {
        let waiting = container.state.as_ref()?.waiting.as_ref()?;
        Some((waiting.reason.clone().unwrap_or_default(), waiting.message.clone().unwrap_or_default(), container))
    });
    match waiting {
        Some((reason, message, container)) if IMAGE_REASONS.contains(&&*reason) => {
            let remedy = "set spec.image to one that the nodes can pull, and spec.imagePullSecrets if the registry asks who they are";
            (format!("image {} can't be had ({reason}: {message})", container.image), remedy.to_owned())
        }
        Some((reason, message, _)) if reason == "CreateContainerConfigError" => {
            (format!("it lacks something to start ({message})"), "see the check `secret`".to_owned())
        }
        Some((reason, ..)) if reason == "CrashLoopBackOff" => (
            format!("it ends again and again{}", ended(pod)),
            format!("kubectl logs --previous {} says why", pod.name_any()),
        ),
        Some((reason, ..)) => (reason, format!("kubectl describe pod {} says why", pod.name_any())),
        None => (
            "it runs and does not say that it is ready".to_owned(),
            format!("kubectl logs {} says why", pod.name_any()),
        ),
    }
}

/// It is ready and has ended before: it may do so again.
fn restless(check: &'static str, pod: &Pod) -> Option<Finding> {
    let restarts: i32 = containers(pod).map(|container| container.restart_count).sum();
    (restarts >= MANY_RESTARTS).then(|| {
        let found = format!("{} is ready and was restarted {restarts} times{}", pod.name_any(), ended(pod));
        Finding::warn(check, found, format!("kubectl logs --previous {} says why", pod.name_any()))
    })
}

fn ended(pod: &Pod) -> String {
    let ended = containers(pod).find_map(|container| {
        let ended = container.last_state.as_ref()?.terminated.as_ref()?;
        Some(format!(", last with exit code {} ({})", ended.exit_code, ended.reason.as_deref().unwrap_or("no reason")))
    });
    ended.unwrap_or_default()
}

fn unscheduled(pod: &Pod) -> Option<String> {
    let mut conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let found = conditions.find(|condition| condition.type_ == "PodScheduled" && condition.status == "False")?;
    found.message.clone().or_else(|| found.reason.clone())
}

fn containers(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten())
}

const IMAGE_REASONS: [&str; 5] =
    ["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError"];

/// Restarts of a pod that are more than an update of its node.
const MANY_RESTARTS: i32 = 3;
