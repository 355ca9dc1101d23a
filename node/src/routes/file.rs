//! The route document in a file.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::time::interval;

use super::{Current, Refused};
use crate::Error;

/// Follows a file that is replaced by renaming another over it.
#[derive(Debug)]
pub(super) struct FileReader {
    path: PathBuf,
    current: Current,
    changed: Arc<Notify>,
    /// The file as it was when it was read.
    read: Option<Stamp>,
    _watcher: RecommendedWatcher,
}

impl FileReader {
    /// What is there already is read at once.
    pub fn watch(path: PathBuf, current: Current) -> Result<Self, Error> {
        let changed = Arc::new(Notify::new());
        let watcher = watch_directory(&path, Arc::clone(&changed))?;
        let mut reader = Self { path, current, changed, read: None, _watcher: watcher };
        reader.reload();
        Ok(reader)
    }

    pub fn current(&self) -> &Current {
        &self.current
    }

    /// Reads the document whenever it changes. A watch can fall silent, as when the directory was made anew: so the file
    /// is looked at from time to time, too.
    pub async fn run(mut self) {
        let mut looks = interval(LOOK_EVERY);
        loop {
            tokio::select! {
                () = self.changed.notified() => self.reload(),
                _ = looks.tick() => self.look(),
            }
        }
    }

    fn look(&mut self) {
        if Stamp::of(&self.path) != self.read {
            self.reload();
        }
    }

    pub(super) fn reload(&mut self) {
        self.read = Stamp::of(&self.path);
        let place = self.path.display().to_string();
        match std::fs::read_to_string(&self.path) {
            Ok(text) => {
                self.current.offer(&place, &text);
            }
            // It is not written yet: a role that needs it says so on its page.
            Err(error) if error.kind() == ErrorKind::NotFound && self.current.is_first() => {}
            Err(error) => self.current.refuse(&Refused::Unreadable { place, error }),
        }
    }
}

/// What tells one file from another, and from an earlier state of it.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    len: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    /// None if there is no such file.
    fn of(path: &Path) -> Option<Self> {
        let found = std::fs::metadata(path).ok()?;
        Some(Self { inode: found.ino(), len: found.len(), modified: found.modified().ok() })
    }
}

/// How often a file is looked at of which no change is told.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A file that is replaced by rename has to be watched through its directory.
fn watch_directory(path: &Path, changed: Arc<Notify>) -> Result<RecommendedWatcher, Error> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let failed = |error| Error::Watch { path: directory.to_owned(), error };
    // Reading the document is an event too: without a look at its kind each reading would bring the next.
    let told = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            changed.notify_one();
        }
    };
    let mut watcher = notify::recommended_watcher(told).map_err(failed)?;
    watcher.watch(directory, RecursiveMode::NonRecursive).map_err(failed)?;
    Ok(watcher)
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
