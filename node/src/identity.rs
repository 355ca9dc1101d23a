//! Who a process is, and the secret that it shares with its cluster.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use livecluster_mrtmp::id::{BootId, Name};
use livecluster_mrtmp::link::{Config, Opening, Role, SecretError, Secrets};

use crate::routes;

/// Settings of every role.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Name of this process, unique in its cluster and kept over restarts.
    #[arg(long, env = "LIVECLUSTER_NAME", value_name = "NAME")]
    pub name: String,
    /// Identity of the cluster: parts and route documents of another are refused.
    #[arg(long, env = "LIVECLUSTER_CLUSTER", value_name = "UID", default_value = "local")]
    pub cluster: String,
    /// Where the route document comes from.
    #[command(flatten)]
    pub routes: routes::Args,
    /// File with the secret that all parts of the cluster share, at least 16 bytes. While it is being rotated: the new
    /// one in the first line, the old one in the second.
    #[arg(long, env = "LIVECLUSTER_SECRET_FILE", value_name = "PATH")]
    pub secret_file: Option<PathBuf>,
    /// The secret itself; --secret-file is safer.
    #[arg(long, env = "LIVECLUSTER_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub secret: Option<String>,
    /// Where links of other parts are accepted; port 0 takes a free one.
    #[arg(long, env = "LIVECLUSTER_LINK_LISTEN", value_name = "ADDRESS", default_value = "0.0.0.0:1950")]
    pub link_listen: SocketAddr,
    /// Where /metrics, /livez, /readyz and /status are served; port 0 takes a free one.
    #[arg(long, env = "LIVECLUSTER_HTTP_LISTEN", value_name = "ADDRESS", default_value = "0.0.0.0:8080")]
    pub http_listen: SocketAddr,
}

/// A process that has started: its name, its boot and its secrets.
#[derive(Debug, Clone)]
pub struct Identity {
    /// For links.
    pub link: Arc<Config>,
}

/// Why a process does not start, or ends on its own. Each is one line for the person who started it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file can't be read.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// An address can't be listened on.
    #[error("{what} {address}: {error}")]
    Listen {
        /// The setting.
        what: &'static str,
        /// Its value.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// Neither a file nor a value.
    #[error("no secret: give --secret-file or LIVECLUSTER_SECRET")]
    NoSecret,
    /// No use of the Kubernetes API.
    #[error("--routes configmap:NAME needs a pod with a service account: {0}")]
    Kubernetes(String),
    /// A document that is a file needs no other file.
    #[error("--routes-cache and --routes-fallback belong to --routes configmap:NAME")]
    NoConfigMap,
    /// The secret is unusable.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The system refuses what a process needs.
    #[error("{what}: {error}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// Why not.
        error: std::io::Error,
    },
    /// A file or directory can't be watched.
    #[error("watching {}: {error}", path.display())]
    Watch {
        /// Which.
        path: PathBuf,
        /// Why.
        error: notify::Error,
    },
    /// A task that the process can't do without has panicked.
    #[error("a task has failed: {0}")]
    Task(tokio::task::JoinError),
}

impl Identity {
    /// Draws a boot id and reads the secret.
    pub fn new(args: &Args, role: Role) -> Result<Self, Error> {
        let secrets = Secrets::new(args.secrets()?)?;
        let boot = BootId(u64::from_be_bytes(random()?));
        let config = Config::new(args.cluster.clone(), args.name.as_str().into(), role, boot, secrets);
        Ok(Self { link: Arc::new(config) })
    }

    /// The same process after it has lost its memory: another boot id, all else as before.
    pub fn restarted(&self) -> Result<Self, Error> {
        let boot = BootId(u64::from_be_bytes(random()?));
        let config = Config { boot, ..(*self.link).clone() };
        Ok(Self { link: Arc::new(config) })
    }

    /// Its name.
    pub fn name(&self) -> &Name {
        &self.link.name
    }

    /// Its boot.
    pub fn boot(&self) -> BootId {
        self.link.boot
    }

    /// What a new link needs: fresh random bytes, and the link's number if this side dials it.
    pub fn opening(&self, number: u64, generation: u64) -> Result<Opening, Error> {
        Ok(Opening { nonce: random()?, number, generation })
    }
}

impl Args {
    fn secrets(&self) -> Result<Vec<Vec<u8>>, Error> {
        match (&self.secret_file, &self.secret) {
            (Some(path), _) => read_secrets(path),
            (None, Some(secret)) => Ok(vec![secret.clone().into_bytes()]),
            (None, None) => Err(Error::NoSecret),
        }
    }
}

fn read_secrets(path: &Path) -> Result<Vec<Vec<u8>>, Error> {
    let text = std::fs::read(path).map_err(|error| Error::File { path: path.to_owned(), error })?;
    let lines = text.split(|byte| *byte == b'\n').map(|line| line.trim_ascii().to_vec());
    Ok(lines.filter(|line| !line.is_empty()).collect())
}

fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    let drawn = getrandom::fill(&mut bytes);
    drawn.map_err(|error| Error::System { what: "random numbers", error: std::io::Error::other(error) })?;
    Ok(bytes)
}
