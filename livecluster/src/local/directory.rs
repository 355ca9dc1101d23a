//! Where a local cluster keeps its files.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use livecluster_mrtmp::link::Secrets;

use super::random;

/// A directory with the route document and the secret. A temporary one is removed when this is dropped.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    is_temporary: bool,
}

impl Directory {
    /// The directory at `path`, made if it is missing; without a path a fresh one that nobody else can read.
    pub fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let is_temporary = path.is_none();
        let path = match path {
            Some(path) => std::path::absolute(path)?,
            None => std::env::temp_dir().join(format!("livecluster-{}", random::hex::<8>()?)),
        };
        let made = DirBuilder::new().mode(0o700).recursive(!is_temporary).create(&path);
        made.with_context(|| format!("directory {}", path.display()))?;
        Ok(Self { path, is_temporary })
    }

    /// The route document's file.
    pub fn routes(&self) -> PathBuf {
        self.path.join("routes.json")
    }

    /// The file with the cluster's secret: `given`, or the one of this directory, made if it is missing.
    pub fn secret(&self, given: Option<&Path>) -> anyhow::Result<PathBuf> {
        let path = given.map_or_else(|| Ok(self.path.join("secret")), std::path::absolute)?;
        if given.is_none() {
            make_secret(&path).with_context(|| format!("secret file {}", path.display()))?;
        }
        Ok(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if !self.is_temporary {
            return;
        }
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the temporary directory stays");
        }
    }
}

/// The secrets of a file, one a line.
pub fn read_secrets(path: &Path) -> anyhow::Result<Secrets> {
    let read = || {
        let text = fs::read_to_string(path)?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        anyhow::Ok(Secrets::new(lines.map(|line| line.as_bytes().to_vec()).collect())?)
    };
    read().with_context(|| format!("secret file {}", path.display()))
}

fn make_secret(path: &Path) -> anyhow::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => Ok(writeln!(file, "{}", random::hex::<32>()?)?),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn temporary_directory_is_private_and_removed_at_the_end() {
        let directory = Directory::open(None).expect("a directory");
        let path = directory.path.clone();
        let secret = directory.secret(None).expect("a secret");
        let mode = |path: &Path| fs::metadata(path).expect("it exists").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&secret)), (0o700, 0o600));

        drop(directory);

        assert!(!path.exists());
    }

    #[test]
    fn secret_of_a_directory_is_made_once() {
        let directory = Directory::open(None).expect("a directory");
        let read = || fs::read_to_string(directory.secret(None).expect("a secret")).expect("a file");

        let first = read();

        assert_eq!(first.trim_end().len(), 64);
        assert_eq!(read(), first);
    }
}
