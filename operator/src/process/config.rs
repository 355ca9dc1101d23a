//! The settings of an operator.

use std::net::SocketAddr;

use livecluster_node::Error;

use crate::controller::Settings;
use crate::desire::{OperatorPods, Release};
use crate::resource::ServedBy;

/// What an operator is told.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    /// Name of this process: its pod's.
    #[arg(long, env = "POD_NAME", value_name = "NAME")]
    pub name: String,
    /// Where /metrics, /livez, /readyz and /status are served; port 0 takes a free one.
    #[arg(long, env = "LIVECLUSTER_HTTP_LISTEN", value_name = "ADDRESS", default_value = "0.0.0.0:8080")]
    pub http_listen: SocketAddr,
    /// The operator's own namespace: its Lease is there.
    #[arg(long, env = "POD_NAMESPACE", value_name = "NAMESPACE")]
    pub namespace: String,
    /// The name of the release that this operator is of, for the status of clusters that it serves.
    #[arg(long, env = "LIVECLUSTER_RELEASE", value_name = "NAME", default_value = "livecluster")]
    pub release: String,
    /// The namespaces whose LiveClusters are served, separated by commas; without it, all.
    #[arg(long, env = "LIVECLUSTER_WATCH_NAMESPACES", value_name = "NAMESPACES", value_delimiter = ',')]
    pub watch_namespaces: Vec<String>,
    /// The image of clusters that name none.
    #[arg(long, env = "LIVECLUSTER_IMAGE", value_name = "IMAGE")]
    pub image: String,
    /// Make a NetworkPolicy for each cluster. The operator's pods are those of its namespace with these labels: NAME=VALUE,
    /// separated by commas. Without it, there are no policies.
    #[arg(long, env = "LIVECLUSTER_NETWORK_POLICY", value_name = "LABELS", value_delimiter = ',', value_parser = label)]
    pub network_policy: Vec<(String, String)>,
}

impl Config {
    /// What its controller is told.
    pub(crate) fn controller(&self) -> Settings {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let (namespace, labels) = (self.namespace.clone(), self.network_policy.iter().cloned().collect());
        let network_policy = OperatorPods { namespace: namespace.clone(), labels };
        Settings {
            name: self.name.as_str().into(),
            namespaces: self.watch_namespaces.clone(),
            own: ServedBy { release: self.release.clone(), namespace, version: version.clone() },
            release: Release {
                version,
                image: self.image.clone(),
                network_policy: (!self.network_policy.is_empty()).then_some(network_policy),
            },
        }
    }

    /// Who this process is in an election: no other one, and not the one that runs in its pod after it.
    pub(super) fn identity(&self) -> Result<String, Error> {
        let mut start = [0; 4];
        let drawn = getrandom::fill(&mut start);
        drawn.map_err(|error| Error::System { what: "random numbers", error: std::io::Error::other(error) })?;
        Ok(format!("{}_{:08x}", self.name, u32::from_be_bytes(start)))
    }
}

fn label(text: &str) -> Result<(String, String), String> {
    let label = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = label.ok_or_else(|| format!("{text:?} is no label: NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}
