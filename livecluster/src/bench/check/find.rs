//! Where the clients of a LiveCluster publish and watch: what the Kubernetes API says of it.

use std::str::FromStr;

use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use livecluster_operator::resource::{ApplicationPolicy, ConditionType, LiveCluster};

/// The LiveCluster that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    namespace: String,
    /// `None`: the only one in its namespace.
    name: Option<String>,
}

/// Why no cluster can be checked.
#[derive(Debug, thiserror::Error)]
pub enum Absent {
    /// The API gives no answer, or refuses.
    #[error("the Kubernetes API: {0}")]
    Api(#[from] kube::Error),
    /// There is none of this name.
    #[error("there is no LiveCluster {0}")]
    None(String),
    /// There is none at all.
    #[error("there is no LiveCluster in namespace {0}")]
    Empty(String),
    /// Nobody said which one.
    #[error("there are {} LiveClusters in namespace {namespace}, and it was not said which one to check: {}", names.len(), names.join(", "))]
    Several {
        /// Where.
        namespace: String,
        /// Their names.
        names: Vec<String>,
    },
    /// Clients can't use it.
    #[error("LiveCluster {name} is not ready: {why}")]
    Unready {
        /// Its namespace and name.
        name: String,
        /// What its status says.
        why: String,
    },
    /// Clients can't find it.
    #[error("LiveCluster {0} is ready and has no address")]
    NoAddress(String),
}

impl Wanted {
    /// The URL of an application of it, if it is ready.
    pub async fn application(&self, client: Client) -> Result<String, Absent> {
        application(&self.find(client).await?)
    }

    async fn find(&self, client: Client) -> Result<LiveCluster, Absent> {
        let clusters = Api::<LiveCluster>::namespaced(client, &self.namespace);
        let Some(name) = &self.name else {
            return self.only(clusters.list(&ListParams::default()).await?.items);
        };
        let found = clusters.get_opt(name).await?;
        found.ok_or_else(|| Absent::None(format!("{}/{name}", self.namespace)))
    }

    fn only(&self, mut clusters: Vec<LiveCluster>) -> Result<LiveCluster, Absent> {
        let namespace = self.namespace.clone();
        if clusters.len() > 1 {
            let names = clusters.iter().map(ResourceExt::name_any).collect();
            return Err(Absent::Several { namespace, names });
        }
        clusters.pop().ok_or(Absent::Empty(namespace))
    }
}

impl FromStr for Wanted {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (namespace, name) = match text.split_once('/') {
            Some((namespace, name)) => (namespace, Some(name)),
            None => (text, None),
        };
        let is_empty = namespace.is_empty() || name.is_some_and(str::is_empty);
        if is_empty || name.is_some_and(|name| name.contains('/')) {
            return Err("neither a namespace nor NAMESPACE/NAME");
        }
        Ok(Self { namespace: namespace.to_owned(), name: name.map(str::to_owned) })
    }
}

/// The URL of an application that a ready cluster has.
fn application(cluster: &LiveCluster) -> Result<String, Absent> {
    let name = || format!("{}/{}", cluster.namespace().unwrap_or_default(), cluster.name_any());
    if let Some(why) = unready(cluster) {
        return Err(Absent::Unready { name: name(), why });
    }
    let address = cluster.status.as_ref().and_then(|status| status.address.as_ref());
    let address = address.ok_or_else(|| Absent::NoAddress(name()))?;
    Ok(format!("rtmp://{address}/{}", application_of(cluster)))
}

fn unready(cluster: &LiveCluster) -> Option<String> {
    let mut conditions = cluster.status.iter().flat_map(|status| &status.conditions);
    match conditions.find(|condition| condition.type_ == ConditionType::Ready.as_str()) {
        None => Some("no operator has looked at it yet".to_owned()),
        Some(ready) => (ready.status != "True").then(|| ready.message.clone()),
    }
}

/// One that it lists, or any.
fn application_of(cluster: &LiveCluster) -> &str {
    let spec = &cluster.spec;
    let listed = spec.application_policy == Some(ApplicationPolicy::Listed);
    let first = spec.applications.first().filter(|_| listed);
    first.map_or(ANY_APPLICATION, |application| &application.name)
}

/// Where every name is an application.
const ANY_APPLICATION: &str = "live";

#[cfg(test)]
mod tests {
    use kube::api::PostParams;
    use livecluster_test_api::{Server, State};
    use serde_json::{Value, json};

    use super::*;

    fn status(ready: &str, address: Option<&str>) -> Value {
        let ready = json!({
            "type": "Ready", "status": ready, "reason": "r", "message": "no edge is ready",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        });
        json!({"conditions": [ready], "address": address})
    }

    /// A client of a server that has these LiveClusters.
    async fn client(clusters: &[(&str, Value, Value)]) -> Client {
        let client = Server::default().connect("media").0;
        for (name, spec, status) in clusters {
            let cluster = json!({
                "apiVersion": "livecluster.io/v1alpha1", "kind": "LiveCluster", "metadata": {"name": name},
                "spec": spec, "status": status,
            });
            let cluster: LiveCluster = serde_json::from_value(cluster).unwrap();
            let api = Api::default_namespaced(client.clone());
            api.create(&PostParams::default(), &cluster).await.unwrap();
        }
        client
    }

    async fn found(wanted: &str, clusters: &[(&str, Value, Value)]) -> Result<String, String> {
        let wanted: Wanted = wanted.parse().unwrap();
        wanted.application(client(clusters).await).await.map_err(|absent| absent.to_string())
    }

    #[tokio::test]
    async fn ready_cluster_is_found_by_name_or_as_the_only_one() {
        let listed = json!({"applicationPolicy": "Listed", "applications": [{"name": "studio"}]});
        let clusters = [
            ("one", json!({}), status("True", Some("10.0.0.1:1935"))),
            ("two", listed, status("True", Some("[fd00::1]:1935"))),
        ];

        assert_eq!(found("media", &clusters[..1]).await.as_deref(), Ok("rtmp://10.0.0.1:1935/live"));
        assert_eq!(found("media/one", &clusters).await.as_deref(), Ok("rtmp://10.0.0.1:1935/live"));
        assert_eq!(found("media/two", &clusters).await.as_deref(), Ok("rtmp://[fd00::1]:1935/studio"));
    }

    #[tokio::test]
    async fn why_none_can_be_checked_is_told() {
        let clusters = [
            ("one", json!({}), status("False", Some("10.0.0.1:1935"))),
            ("two", json!({}), Value::Null),
            ("three", json!({}), status("True", None)),
        ];
        for (wanted, expected) in [
            ("other", "there is no LiveCluster in namespace other"),
            ("media/four", "there is no LiveCluster media/four"),
            ("media/one", "LiveCluster media/one is not ready: no edge is ready"),
            ("media/two", "LiveCluster media/two is not ready: no operator has looked at it yet"),
            ("media/three", "LiveCluster media/three is ready and has no address"),
            (
                "media",
                "there are 3 LiveClusters in namespace media, and it was not said which one to check: one, three, two",
            ),
        ] {
            assert_eq!(found(wanted, &clusters).await, Err(expected.to_owned()));
        }
    }

    #[tokio::test]
    async fn api_that_does_not_answer_is_told() {
        let (client, line) = Server::default().connect("media");
        line.set(State::Broken);

        let absent = "media".parse::<Wanted>().unwrap().application(client).await.unwrap_err();

        assert!(absent.to_string().starts_with("the Kubernetes API: "), "{absent}");
    }

    #[test]
    fn cluster_is_named_by_its_namespace_and_name() {
        for wrong in ["", "/", "media/", "/demo", "a/b/c"] {
            assert!(wrong.parse::<Wanted>().is_err(), "{wrong}");
        }
    }
}
