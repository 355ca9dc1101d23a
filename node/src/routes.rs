//! The route document of a process: read at the start, watched, and the last good one kept.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use livecluster_mrtmp::route::{File, FileError, NotAccepted, Table};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::{Notify, watch};

use crate::Error;

/// Where a route document comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file that is replaced by renaming another over it.
    File(PathBuf),
}

/// The route document of a process, kept up to date.
#[derive(Debug)]
pub struct Routes {
    path: PathBuf,
    table: Table,
    current: watch::Sender<Option<Arc<File>>>,
    changed: Arc<Notify>,
    _watcher: RecommendedWatcher,
}

/// Why a document was not taken; the last good one stays in force.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It can't be read.
    #[error("{}: {error}", path.display())]
    Unreadable {
        /// Where.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It can't be understood.
    #[error("{}: {error}", path.display())]
    Malformed {
        /// Where.
        path: PathBuf,
        /// Why.
        error: FileError,
    },
    /// It is older than what is in force, or another cluster's.
    #[error("{}: {error}", path.display())]
    NotAccepted {
        /// Where.
        path: PathBuf,
        /// Why.
        error: NotAccepted,
    },
}

impl Routes {
    /// Watches the document of a cluster. What is there already is read at once.
    pub fn watch(source: &Source, cluster: &str) -> Result<Self, Error> {
        let Source::File(path) = source;
        let changed = Arc::new(Notify::new());
        let watcher = watch_directory(path, Arc::clone(&changed))?;
        let mut routes = Self {
            path: path.clone(),
            table: Table::empty(cluster),
            current: watch::Sender::new(None),
            changed,
            _watcher: watcher,
        };
        routes.reload();
        Ok(routes)
    }

    /// The document in force, and each that follows.
    pub fn subscribe(&self) -> watch::Receiver<Option<Arc<File>>> {
        self.current.subscribe()
    }

    /// Reads the document whenever it changes.
    pub async fn run(mut self) {
        loop {
            self.changed.notified().await;
            self.reload();
        }
    }

    fn reload(&mut self) {
        match self.read() {
            Ok(Some(file)) => {
                tracing::info!(
                    generation = file.document.generation,
                    "route document in force"
                );
                self.table = Table::from(file.document.clone());
                self.current.send_replace(Some(Arc::new(file)));
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "route document refused, the last good one stays"),
        }
    }

    /// The document, if it says something new.
    fn read(&self) -> Result<Option<File>, Refused> {
        let path = || self.path.clone();
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            // It is not written yet: a role that needs it says so on its page.
            Err(error) if error.kind() == ErrorKind::NotFound && self.is_first() => {
                return Ok(None);
            }
            Err(error) => {
                return Err(Refused::Unreadable {
                    path: path(),
                    error,
                });
            }
        };
        let file = File::parse(&text).map_err(|error| Refused::Malformed {
            path: path(),
            error,
        })?;
        let accepted = self.table.accepts(&file.document);
        accepted.map_err(|error| Refused::NotAccepted {
            path: path(),
            error,
        })?;
        let known = self.current.borrow();
        Ok((known.as_deref() != Some(&file)).then_some(file))
    }

    /// Whether no document has been in force yet.
    fn is_first(&self) -> bool {
        self.current.borrow().is_none()
    }
}

/// A file that is replaced by rename has to be watched through its directory.
fn watch_directory(path: &Path, changed: Arc<Notify>) -> Result<RecommendedWatcher, Error> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let failed = |error| Error::Watch {
        path: directory.to_owned(),
        error,
    };
    // Reading the document is an event too: without a look at its kind each reading would bring the next.
    let told = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            changed.notify_one();
        }
    };
    let mut watcher = notify::recommended_watcher(told).map_err(failed)?;
    watcher
        .watch(directory, RecursiveMode::NonRecursive)
        .map_err(failed)?;
    Ok(watcher)
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            _ => Err(format!("{text:?} is not file:PATH")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn document(generation: u64) -> String {
        format!(
            r#"{{"version": 1, "cluster": "c", "generation": {generation}, "placement": "rendezvous-1",
                "origins": [{{"name": "o-0", "address": "127.0.0.1:1", "state": "active"}}], "streams": {{}}}}"#
        )
    }

    fn write(path: &Path, text: &str) {
        let next = path.with_extension("next");
        std::fs::write(&next, text).unwrap();
        std::fs::rename(&next, path).unwrap();
    }

    #[tokio::test]
    async fn newer_document_comes_into_force_and_older_or_broken_ones_do_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("routes.json");
        write(&path, &document(5));
        let routes = Routes::watch(&Source::File(path.clone()), "c").unwrap();
        let mut current = routes.subscribe();
        let task = tokio::spawn(routes.run());
        let generation =
            |file: &Option<Arc<File>>| file.as_ref().map(|file| file.document.generation);
        assert_eq!(generation(&current.borrow_and_update()), Some(5));

        write(&path, &document(4));
        write(&path, "{");
        write(&path, &document(6));

        let newer = current
            .wait_for(|file| generation(file) != Some(5))
            .await
            .unwrap();
        assert_eq!(generation(&newer), Some(6));
        drop(newer);
        task.abort();
    }

    #[test]
    fn document_that_is_not_written_yet_is_awaited_and_one_that_went_away_is_missed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("routes.json");
        let mut routes = Routes::watch(&Source::File(path.clone()), "c").unwrap();
        assert!(matches!(routes.read(), Ok(None)));

        write(&path, &document(5));
        routes.reload();
        std::fs::remove_file(&path).unwrap();

        assert!(matches!(routes.read(), Err(Refused::Unreadable { .. })));
    }

    #[tokio::test]
    async fn reading_the_document_is_not_a_change_of_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("routes.json");
        write(&path, &document(5));
        let changed = Arc::new(Notify::new());
        let _watcher = watch_directory(&path, Arc::clone(&changed)).unwrap();

        std::fs::read_to_string(&path).unwrap();
        let told = tokio::time::timeout(Duration::from_millis(100), changed.notified()).await;

        assert!(told.is_err());
    }
}
