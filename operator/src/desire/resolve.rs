//! The settings that are in force.

use crate::resource::{
    Bytes, Listener, LiveCluster, Pod, Resolved, ResolvedDrain, ResolvedEdge, ResolvedOrigin, ResolvedRouting,
    UPDATE_TO, UpdatePolicy,
};

use super::{Facts, Release, autoscaler, names};

/// What nobody set is filled in.
pub fn resolve(cluster: &LiveCluster, release: &Release, facts: &Facts) -> Resolved {
    let image = image(cluster, release, facts);
    Resolved {
        version: if image == release.image { release.version.clone() } else { version(&image) },
        image,
        edge: edge(cluster),
        origin: origin(cluster),
        routing: routing(cluster),
        application_policy: cluster.spec.application_policy.unwrap_or_default(),
        link_secret_name: named_secret(cluster).unwrap_or_else(|| names::link(cluster)),
    }
}

/// The Secret that a person named.
pub(super) fn named_secret(cluster: &LiveCluster) -> Option<String> {
    cluster.spec.link.as_ref().and_then(|link| link.secret_name.clone())
}

/// That of the resource; else that of the release, or until the cluster may take it the one it has.
fn image(cluster: &LiveCluster, release: &Release, facts: &Facts) -> String {
    if let Some(image) = &cluster.spec.image {
        return image.clone();
    }
    let resolved = cluster.status.as_ref().and_then(|status| status.resolved.as_ref());
    let in_force = resolved.map(|resolved| resolved.image.clone());
    let stays = !(facts.may_update && is_wanted(cluster, release));
    in_force.filter(|_| stays).unwrap_or_else(|| release.image.clone())
}

/// Whether the cluster wants the image of a new release.
fn is_wanted(cluster: &LiveCluster, release: &Release) -> bool {
    match cluster.spec.update_policy.unwrap_or_default() {
        UpdatePolicy::Automatic => true,
        UpdatePolicy::OnRequest => {
            let annotations = cluster.metadata.annotations.as_ref();
            annotations.and_then(|annotations| annotations.get(UPDATE_TO)) == Some(&release.version)
        }
    }
}

/// The tag of an image, or the beginning of its digest.
fn version(image: &str) -> String {
    if let Some((_, digest)) = image.split_once("@sha256:") {
        return digest.chars().take(12).collect();
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split_once(':').map_or("latest", |(_, tag)| tag).to_owned()
}

fn edge(cluster: &LiveCluster) -> ResolvedEdge {
    let edge = &cluster.spec.edge;
    let drain = edge.drain.clone().unwrap_or_default();
    ResolvedEdge {
        listeners: if edge.listeners.is_empty() { vec![Listener::default()] } else { edge.listeners.clone() },
        drain: ResolvedDrain {
            accept_seconds: drain.accept_seconds.unwrap_or(10),
            seconds: drain.seconds.unwrap_or(300),
        },
        max_draining: edge.max_draining.unwrap_or(edge.replicas),
        latency_ms: edge.latency_ms.unwrap_or(40),
        max_connections: edge.max_connections.unwrap_or(10_000),
        max_log_bytes: max_log_bytes(edge.max_log_bytes.as_ref(), edge.pod.as_ref()),
        autoscaling: edge.autoscaling.as_ref().map(autoscaler::resolve),
    }
}

fn origin(cluster: &LiveCluster) -> ResolvedOrigin {
    let origin = &cluster.spec.origin;
    ResolvedOrigin {
        grace_seconds: origin.grace_seconds.unwrap_or(60),
        max_log_bytes: max_log_bytes(origin.max_log_bytes.as_ref(), origin.pod.as_ref()),
    }
}

fn routing(cluster: &LiveCluster) -> ResolvedRouting {
    let routing = cluster.spec.routing.clone().unwrap_or_default();
    ResolvedRouting {
        hold_seconds: routing.hold_seconds.unwrap_or(120),
        log_bytes: routing.log_bytes.filter(is_usable).unwrap_or_else(|| Bytes::from(LOG_BYTES)),
        log_seconds: routing.log_seconds.unwrap_or(8),
    }
}

/// What was asked for; else as much as fits well into the memory that the container may take.
fn max_log_bytes(asked: Option<&Bytes>, pod: Option<&Pod>) -> Bytes {
    let half = memory_limit(pod).map(|limit| (limit / 2).max(LEAST_MAX_LOG_BYTES));
    asked
        .cloned()
        .filter(is_usable)
        .unwrap_or_else(|| Bytes::from(half.map_or(MAX_LOG_BYTES, |half| half.min(MAX_LOG_BYTES))))
}

/// The API server refuses others; one that came past it shall not keep pods from starting.
fn is_usable(bytes: &Bytes) -> bool {
    bytes.count().is_ok()
}

fn memory_limit(pod: Option<&Pod>) -> Option<u64> {
    let limits = &pod?.resources.as_ref()?.limits;
    Bytes::from(limits.get("memory")?.0.as_str()).count().ok()
}

/// As edges and origins have it by themselves.
const LOG_BYTES: u64 = 32 << 20;

/// As edges and origins have it by themselves.
const MAX_LOG_BYTES: u64 = 1 << 30;

/// The least that edges and origins take.
const LEAST_MAX_LOG_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{LiveClusterSpec, LiveClusterStatus};

    fn release(version: &str) -> Release {
        let image = format!("registry.example/livecluster:{version}");
        Release { version: version.to_owned(), image, network_policy: None }
    }

    fn facts(may_update: bool) -> Facts {
        Facts { link_checksum: String::new(), may_update }
    }

    /// One that took the image of version 1.
    fn cluster(update_policy: Option<UpdatePolicy>) -> LiveCluster {
        let mut cluster = LiveCluster::new("demo", LiveClusterSpec { update_policy, ..LiveClusterSpec::default() });
        let resolved = resolve(&cluster, &release("1"), &facts(false));
        cluster.status = Some(LiveClusterStatus { resolved: Some(resolved), ..LiveClusterStatus::default() });
        cluster
    }

    fn image_of(cluster: &LiveCluster, may_update: bool) -> String {
        resolve(cluster, &release("2"), &facts(may_update)).image
    }

    #[test]
    fn new_cluster_takes_the_image_of_the_release_at_once() {
        let cluster = LiveCluster::new("demo", LiveClusterSpec::default());

        assert_eq!(image_of(&cluster, false), release("2").image);
    }

    #[test]
    fn cluster_takes_a_new_image_when_it_is_its_turn() {
        let cluster = cluster(None);

        assert_eq!(image_of(&cluster, false), release("1").image);
        assert_eq!(image_of(&cluster, true), release("2").image);
    }

    #[test]
    fn cluster_that_wants_to_be_asked_waits_for_the_annotation_with_that_version() {
        let mut cluster = cluster(Some(UpdatePolicy::OnRequest));
        assert_eq!(image_of(&cluster, true), release("1").image);

        cluster.metadata.annotations = Some([(UPDATE_TO.to_owned(), "1".to_owned())].into());
        assert_eq!(image_of(&cluster, true), release("1").image);

        cluster.metadata.annotations = Some([(UPDATE_TO.to_owned(), "2".to_owned())].into());
        assert_eq!(image_of(&cluster, true), release("2").image);
    }

    #[test]
    fn named_image_is_taken_as_it_is() {
        let mut cluster = cluster(None);
        cluster.spec.image = Some("other/image:x".to_owned());

        assert_eq!(image_of(&cluster, false), "other/image:x");
    }

    #[test]
    fn version_of_an_image_is_its_tag_or_the_beginning_of_its_digest() {
        assert_eq!(version("localhost:5000/livecluster:1.2.3"), "1.2.3");
        assert_eq!(version("localhost:5000/livecluster"), "latest");
        assert_eq!(version("livecluster:1@sha256:0123456789abcdef"), "0123456789ab");
    }

    #[test]
    fn logs_take_half_of_the_memory_limit_at_most() {
        let with_limit = |limit: &str| {
            let pod = serde_json::json!({"resources": {"limits": {"memory": limit}}});
            max_log_bytes(None, Some(&serde_json::from_value(pod).unwrap())).to_string()
        };

        assert_eq!(with_limit("512Mi"), "256Mi");
        assert_eq!(with_limit("16Gi"), "1Gi");
        assert_eq!(max_log_bytes(None, None).to_string(), "1Gi");
        assert_eq!(max_log_bytes(Some(&Bytes::from("2Gi")), None).to_string(), "2Gi");
    }
}
