//! Which release of the operator serves a cluster: the one that its status names, as long as that one's Lease is renewed.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client, ResourceExt};

use super::error::Error;
use super::lock;
use crate::process::LEASE;
use crate::resource::{LiveCluster, ServedBy};

/// The Leases of other releases, as they were last seen.
#[derive(Debug, Default)]
pub(super) struct Owners {
    seen: Mutex<HashMap<String, Seen>>,
}

#[derive(Debug)]
struct Seen {
    version: Option<String>,
    since: Instant,
}

impl Owners {
    /// The release that serves this cluster, if it is another one that lives. Releases in one namespace are one: they
    /// elect one leader.
    pub async fn other(
        &self,
        client: &Client,
        cluster: &LiveCluster,
        own: &ServedBy,
        now: Instant,
    ) -> Result<Option<ServedBy>, Error> {
        let marked = cluster.status.as_ref().and_then(|status| status.operator.clone());
        let Some(other) = marked.filter(|marked| marked.namespace != own.namespace) else { return Ok(None) };
        let leases = Api::<Lease>::namespaced(client.clone(), &other.namespace);
        match leases.get_opt(LEASE).await {
            Ok(None) => Ok(None),
            Ok(Some(lease)) => Ok(self.lives(&other.namespace, lease.resource_version(), now).then_some(other)),
            // Who may not look can't know that it is gone.
            Err(kube::Error::Api(status)) if status.code == 403 => Ok(Some(other)),
            Err(error) => Err(Error::api(format!("Lease \"{LEASE}\" in namespace \"{}\"", other.namespace))(error)),
        }
    }

    /// Whether a Lease was renewed a short time ago, as far as could be seen from here. No clock but our own counts.
    fn lives(&self, namespace: &str, version: Option<String>, now: Instant) -> bool {
        let mut seen = lock(&self.seen);
        let last = seen.entry(namespace.to_owned()).or_insert_with(|| Seen { version: version.clone(), since: now });
        if last.version != version {
            *last = Seen { version, since: now };
        }
        now.saturating_duration_since(last.since) < SILENCE
    }
}

/// What to tell of a cluster that another release serves.
pub(super) fn message(other: &ServedBy) -> String {
    let ServedBy { release, namespace, version } = other;
    format!(
        "release {release} {version} in namespace {namespace} serves this cluster, and is alive as far as can be seen; \
         if it is gone: kubectl patch --subresource=status --type=merge --patch='{{\"status\":{{\"operator\":null}}}}'"
    )
}

/// Twice as long as a Lease lasts: its holder is gone, and nobody took its place.
const SILENCE: Duration = Duration::from_secs(30);

/// When to look again at a cluster that another release serves.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use livecluster_test_api::Server;
    use serde_json::json;

    use super::*;
    use crate::resource::{LiveClusterSpec, LiveClusterStatus};

    fn release(namespace: &str) -> ServedBy {
        ServedBy { release: "live".to_owned(), namespace: namespace.to_owned(), version: "1".to_owned() }
    }

    fn marked(namespace: &str) -> LiveCluster {
        let status = LiveClusterStatus { operator: Some(release(namespace)), ..LiveClusterStatus::default() };
        LiveCluster { status: Some(status), ..LiveCluster::new("demo", LiveClusterSpec::default()) }
    }

    async fn renew(server: &Server) {
        let leases = Api::<Lease>::namespaced(server.connect("theirs").0, "theirs");
        let lease = json!({"metadata": {"name": LEASE}, "spec": {"leaseTransitions": 1}});
        let lease: Lease = serde_json::from_value(lease).expect("a Lease");
        match leases.get_opt(LEASE).await.expect("an answer") {
            None => drop(leases.create(&Default::default(), &lease).await.expect("made")),
            Some(mut held) => {
                let spec = held.spec.get_or_insert_default();
                spec.lease_transitions = spec.lease_transitions.map(|count| count + 1);
                leases.replace(LEASE, &Default::default(), &held).await.expect("renewed");
            }
        }
    }

    #[tokio::test]
    async fn cluster_is_left_alone_while_the_lease_of_the_release_that_it_names_is_renewed() {
        let (server, owners) = (Server::default(), Owners::default());
        let client = server.connect("ours").0;
        let start = Instant::now();
        let other = async |seconds: u64| {
            let now = start + Duration::from_secs(seconds);
            owners.other(&client, &marked("theirs"), &release("ours"), now).await.expect("an answer")
        };
        assert_eq!(other(0).await, None, "it has no Lease");

        renew(&server).await;
        assert_eq!(other(1).await, Some(release("theirs")));
        renew(&server).await;
        assert_eq!(other(25).await, Some(release("theirs")));
        assert_eq!(other(54).await, Some(release("theirs")));

        assert_eq!(other(55).await, None, "nobody renewed it for 30 s");
    }

    #[tokio::test]
    async fn own_mark_and_no_mark_are_no_other() {
        let (server, owners) = (Server::default(), Owners::default());
        let client = server.connect("ours").0;
        for cluster in [marked("ours"), LiveCluster::new("demo", LiveClusterSpec::default())] {
            let other = owners.other(&client, &cluster, &release("ours"), Instant::now()).await;

            assert_eq!(other.expect("an answer"), None);
        }
    }
}
