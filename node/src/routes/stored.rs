//! The documents that are there without the Kubernetes API.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use livecluster_mrtmp::route::File;
use tokio::fs;

use super::{Args, Current, Refused};

/// A file in which this process keeps the last good document, and one that somebody else brings up to date.
#[derive(Debug)]
pub(super) struct Stored {
    cache: Option<PathBuf>,
    fallback: Option<PathBuf>,
    /// What was said of the last write, if it failed.
    said: Option<String>,
}

impl Stored {
    pub fn new(args: &Args) -> Self {
        Self { cache: args.routes_cache.clone(), fallback: args.routes_fallback.clone(), said: None }
    }

    /// Puts the newest of them into force.
    pub async fn restore(&self, current: &mut Current) {
        let mut found = Vec::new();
        for path in [&self.cache, &self.fallback].into_iter().flatten() {
            match read(path, current).await {
                Ok(file) => found.extend(file),
                Err(refused) => current.refuse(&refused),
            }
        }
        if let Some(newest) = found.into_iter().max_by_key(|file| file.document.generation) {
            current.take(newest);
        }
    }

    /// Keeps a document. That it can't be kept harms nobody now; it is said once.
    pub async fn keep(&mut self, text: &str) {
        let Some(path) = &self.cache else {
            return;
        };
        let failed = replace(path, text).await.err().map(|error| error.to_string());
        if let Some(error) = failed.as_ref().filter(|_| failed != self.said) {
            tracing::warn!(path = %path.display(), error, "route document not kept for a start without the API");
        }
        self.said = failed;
    }
}

/// The document of a file, if there is one that says something new.
async fn read(path: &Path, current: &Current) -> Result<Option<File>, Refused> {
    let place = path.display().to_string();
    match fs::read_to_string(path).await {
        Ok(text) => current.check(&place, &text),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Refused::Unreadable { place, error }),
    }
}

/// Whoever reads sees the old document or the new one, whole. It need not survive the machine, so nothing is synced.
async fn replace(path: &Path, text: &str) -> io::Result<()> {
    let next = path.with_extension("next");
    fs::write(&next, text).await?;
    fs::rename(&next, path).await
}
