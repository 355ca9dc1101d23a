//! Whose turn it is to take the image of a new version of the operator. Pure.

use kube::ResourceExt;

use crate::desire::Release;
use crate::resource::{ConditionType, LiveCluster, UpdatePolicy};

/// Whether `cluster` may: of `all` in its namespaces it is the first by name that has another image, and none that has the
/// new one is still at it. One that has it already keeps it.
pub fn may_update<'a>(
    cluster: &LiveCluster,
    all: impl Iterator<Item = &'a LiveCluster> + Clone,
    release: &Release,
) -> bool {
    let has_it = |cluster: &LiveCluster| image(cluster) == Some(release.image.as_str());
    if has_it(cluster) {
        return true;
    }
    let others = all.filter(|other| other.spec.image.is_none() && other.metadata.uid != cluster.metadata.uid);
    let is_at_it = others.clone().any(|other| has_it(other) && is_progressing(other));
    let place = |cluster: &LiveCluster| (cluster.namespace(), cluster.name_any());
    let is_before = |other: &LiveCluster| {
        let is_behind = image(other).is_some() && !has_it(other);
        is_behind && waits_for_nobody(other) && place(other) < place(cluster)
    };
    !is_at_it && !others.clone().any(is_before)
}

fn image(cluster: &LiveCluster) -> Option<&str> {
    Some(cluster.status.as_ref()?.resolved.as_ref()?.image.as_str())
}

fn waits_for_nobody(cluster: &LiveCluster) -> bool {
    cluster.spec.update_policy.unwrap_or_default() == UpdatePolicy::Automatic && !super::is_paused(cluster)
}

fn is_progressing(cluster: &LiveCluster) -> bool {
    let conditions = cluster.status.iter().flat_map(|status| &status.conditions);
    let mut progressing = conditions.filter(|condition| condition.type_ == ConditionType::Progressing.as_str());
    progressing.any(|condition| condition.status == "True")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::desire::{Facts, resolve};
    use crate::resource::LiveClusterSpec;

    fn release(version: &str) -> Release {
        Release { version: version.to_owned(), image: format!("livecluster:{version}"), network_policy: None }
    }

    fn cluster(name: &str, version: &str, progressing: bool) -> LiveCluster {
        let mut cluster = LiveCluster::new(name, LiveClusterSpec::default());
        cluster.metadata.uid = Some(name.to_owned());
        let facts = Facts { link_checksum: String::new(), may_update: true };
        let resolved = resolve(&cluster, &release(version), &facts);
        let condition = json!({
            "type": "Progressing", "status": if progressing { "True" } else { "False" }, "reason": "r", "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        });
        let status = json!({"resolved": resolved, "conditions": [condition]});
        cluster.status = Some(serde_json::from_value(status).expect("a status"));
        cluster
    }

    fn turns(all: &[LiveCluster]) -> Vec<&str> {
        let mine = all.iter().filter(|cluster| may_update(cluster, all.iter(), &release("2")));
        mine.map(|cluster| cluster.metadata.name.as_deref().unwrap_or_default()).collect()
    }

    #[test]
    fn clusters_take_a_new_image_one_after_the_other() {
        let mut all = [cluster("a", "1", false), cluster("b", "1", false), cluster("c", "1", false)];
        assert_eq!(turns(&all), ["a"]);

        all[0] = cluster("a", "2", true);
        assert_eq!(turns(&all), ["a"]);

        all[0] = cluster("a", "2", false);
        assert_eq!(turns(&all), ["a", "b"]);
    }

    #[test]
    fn cluster_that_was_not_asked_or_is_paused_holds_nobody_up() {
        let mut all = [cluster("a", "1", false), cluster("b", "1", false), cluster("c", "1", false)];
        all[0].spec.update_policy = Some(UpdatePolicy::OnRequest);
        all[1].annotations_mut().insert(crate::resource::PAUSED.to_owned(), "true".to_owned());

        assert!(may_update(&all[2], all.iter(), &release("2")));
    }
}
