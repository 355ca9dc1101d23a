//! The route document of a process: read at the start, watched, and the last good one kept.

mod config_map;
mod current;
mod figures;
mod file;
mod lag;
mod refused;
mod stored;

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use livecluster_mrtmp::route;
use tokio::sync::watch;

use crate::Error;
use config_map::ConfigMapReader;
use current::Current;
pub use figures::{Figures, descriptions};
use file::FileReader;
pub use lag::Lag;
pub use refused::Refused;

/// Where the route document comes from.
#[derive(Debug, Clone, clap::Args)]
#[group(id = "routes-args")]
pub struct Args {
    /// Where the route document is: file:PATH, or configmap:NAME in the namespace of the pod that this runs in. It is
    /// watched; a change is in force within 100 ms.
    #[arg(long, env = "LIVECLUSTER_ROUTES", value_name = "SOURCE")]
    pub routes: Source,
    /// Where the last good document of a ConfigMap is kept, for a start while the Kubernetes API is away.
    #[arg(long, env = "LIVECLUSTER_ROUTES_CACHE", value_name = "PATH")]
    pub routes_cache: Option<PathBuf>,
    /// Where the ConfigMap's document is mounted: used at such a start if it is newer, or the only one.
    #[arg(long, env = "LIVECLUSTER_ROUTES_FALLBACK", value_name = "PATH")]
    pub routes_fallback: Option<PathBuf>,
}

/// A place of a route document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file that is replaced by renaming another over it.
    File(PathBuf),
    /// A ConfigMap of this name in the pod's namespace, with the document under `routes.json`.
    ConfigMap(String),
}

/// The route document of a process, kept up to date.
#[derive(Debug)]
pub struct Routes {
    reader: Reader,
}

/// What keeps it up to date.
#[derive(Debug)]
enum Reader {
    File(Box<FileReader>),
    ConfigMap(Box<ConfigMapReader>),
}

impl Routes {
    /// Watches the document of a cluster. A file that is there already is read at once, a ConfigMap by [`Self::run`].
    pub fn watch(args: &Args, cluster: &str) -> Result<Self, Error> {
        let reader = match &args.routes {
            Source::File(_) if args.routes_cache.is_some() || args.routes_fallback.is_some() => {
                return Err(Error::NoConfigMap);
            }
            Source::File(path) => Reader::File(Box::new(FileReader::watch(path.clone(), Current::new(cluster))?)),
            Source::ConfigMap(name) => Reader::ConfigMap(Box::new(ConfigMapReader::in_pod(name, args, cluster)?)),
        };
        Ok(Self { reader })
    }

    /// The document in force, and each that follows.
    pub fn subscribe(&self) -> watch::Receiver<Option<Arc<route::File>>> {
        self.current().subscribe()
    }

    /// What is counted.
    pub fn figures(&self) -> Figures {
        self.current().figures()
    }

    /// To be told which generations other parts have.
    pub fn lag(&self) -> Lag {
        self.current().lag()
    }

    /// Keeps it up to date, for ever.
    pub async fn run(self) {
        match self.reader {
            Reader::File(file) => file.run().await,
            Reader::ConfigMap(config_map) => config_map.run().await,
        }
    }

    fn current(&self) -> &Current {
        match &self.reader {
            Reader::File(file) => file.current(),
            Reader::ConfigMap(config_map) => config_map.current(),
        }
    }
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("configmap", name)) if is_object_name(name) => Ok(Self::ConfigMap(name.to_owned())),
            _ => Err(format!("{text:?} is neither file:PATH nor configmap:NAME")),
        }
    }
}

/// Whether an object of Kubernetes may be called so.
fn is_object_name(name: &str) -> bool {
    let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
    !name.is_empty() && name.len() <= 253 && name.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests;
