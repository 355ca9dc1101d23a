//! How the plugin comes to a cluster: by the person's kubeconfig, as kubectl does.

use std::path::PathBuf;

use kube::api::ListParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, ResourceExt};
use livecluster_operator::resource::LiveCluster;

use super::failed::Failed;
use super::seen::Seen;

/// Where Kubernetes is.
#[derive(Debug, clap::Args)]
pub struct Reach {
    /// The namespace; without it, that of the context
    #[arg(short, long, value_name = "NAMESPACE", global = true)]
    namespace: Option<String>,
    /// The context of the kubeconfig; without it, the current one
    #[arg(long, value_name = "NAME", global = true)]
    context: Option<String>,
    /// The kubeconfig; without it, what KUBECONFIG names, or ~/.kube/config
    #[arg(long, value_name = "FILE", global = true)]
    kubeconfig: Option<PathBuf>,
}

/// Which LiveCluster.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Which {
    /// The name of the LiveCluster; without it, the only one in the namespace
    #[arg(long = "livecluster", value_name = "NAME")]
    name: Option<String>,
}

/// A Kubernetes cluster, and the namespace that is meant.
pub struct Kubernetes {
    client: Client,
    namespace: String,
}

impl Reach {
    /// Reads the kubeconfig. Nobody is asked yet.
    pub async fn connect(&self) -> Result<Kubernetes, Failed> {
        let failed = |error: &dyn std::error::Error| Failed::NoKubernetes(error.to_string());
        let file = match &self.kubeconfig {
            Some(path) => Kubeconfig::read_from(path),
            None => Kubeconfig::read(),
        };
        let file = file.map_err(|error| failed(&error))?;
        let options = KubeConfigOptions { context: self.context.clone(), ..KubeConfigOptions::default() };
        let config = Config::from_custom_kubeconfig(file, &options).await.map_err(|error| failed(&error))?;
        let namespace = self.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
        let client = Client::try_from(config).map_err(|error| failed(&error))?;
        Ok(Kubernetes { client, namespace })
    }
}

impl Kubernetes {
    #[cfg(test)]
    pub fn of(client: Client, namespace: &str) -> Self {
        Self { client, namespace: namespace.to_owned() }
    }

    /// Whoever asks the API as the person.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The cluster that is meant, and what the API tells of it.
    pub async fn see(&self, which: &Which) -> Result<Seen, Failed> {
        Ok(Seen::of(&self.client, self.find(which).await?).await)
    }

    /// The cluster that is meant.
    pub async fn find(&self, which: &Which) -> Result<LiveCluster, Failed> {
        let namespace = self.namespace.clone();
        let api = Api::<LiveCluster>::namespaced(self.client.clone(), &namespace);
        if let Some(name) = &which.name {
            let found = api
                .get_opt(name)
                .await
                .map_err(Failed::api(format!("get LiveCluster {name} in namespace {namespace}")))?;
            return found.ok_or_else(|| Failed::NoCluster { namespace, name: name.clone() });
        }
        let what = format!("list LiveClusters in namespace {namespace}");
        let mut all = api.list(&ListParams::default()).await.map_err(Failed::api(what))?.items;
        if all.len() > 1 {
            let names = all.iter().map(ResourceExt::name_any).collect();
            return Err(Failed::Several { namespace, names });
        }
        all.pop().ok_or(Failed::Empty(namespace))
    }

    /// Those of all namespaces.
    pub async fn all(&self) -> Result<Vec<LiveCluster>, Failed> {
        let all = Api::<LiveCluster>::all(self.client.clone()).list(&ListParams::default()).await;
        all.map(|list| list.items).map_err(Failed::api("list LiveClusters in all namespaces"))
    }
}
