//! The settings of an operator.

use std::net::SocketAddr;

use livecluster_node::Error;

use crate::controller::Settings;
use crate::desire::Release;

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
    /// The namespaces whose LiveClusters are served, separated by commas; without it, all.
    #[arg(long, env = "LIVECLUSTER_WATCH_NAMESPACES", value_name = "NAMESPACES", value_delimiter = ',')]
    pub watch_namespaces: Vec<String>,
    /// The image of clusters that name none.
    #[arg(long, env = "LIVECLUSTER_IMAGE", value_name = "IMAGE")]
    pub image: String,
}

impl Config {
    /// What its controller is told.
    pub(crate) fn controller(&self) -> Settings {
        let release =
            Release { version: env!("CARGO_PKG_VERSION").to_owned(), image: self.image.clone(), network_policy: None };
        Settings { name: self.name.as_str().into(), namespaces: self.watch_namespaces.clone(), release }
    }

    /// Who this process is in an election: no other one, and not the one that runs in its pod after it.
    pub(super) fn identity(&self) -> Result<String, Error> {
        let mut start = [0; 4];
        let drawn = getrandom::fill(&mut start);
        drawn.map_err(|error| Error::System { what: "random numbers", error: std::io::Error::other(error) })?;
        Ok(format!("{}_{:08x}", self.name, u32::from_be_bytes(start)))
    }
}
