//! The route document of a local cluster: the operator's decisions, written to a file.

use std::fs::{self, File as Handle};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::{Applications, Document, File};
use livecluster_operator::routing::{
    self, Desired, DesiredOrigin, Leader, Observation, Observed, Time, Wish,
};

/// The leader of a local cluster, and its file.
pub struct Routes {
    file: RouteFile,
    leader: Leader,
    desired: Desired,
    observed: Observed,
    current: Option<Document>,
    generation: Arc<AtomicU64>,
}

impl Routes {
    /// For the cluster with this uid. Of an earlier cluster's file only the applications stay.
    pub fn new(path: PathBuf, cluster: &str) -> anyhow::Result<Self> {
        Ok(Self {
            file: RouteFile::take_over(path)?,
            leader: Leader::default(),
            desired: Desired {
                cluster: cluster.to_owned(),
                ..Desired::default()
            },
            observed: Observed::default(),
            current: None,
            generation: Arc::default(),
        })
    }

    /// The generation in force, for links to show.
    pub fn generation(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.generation)
    }

    /// Takes an origin in, or its new address.
    pub fn want(&mut self, origin: Name, address: String) {
        self.desired.origins.insert(
            origin,
            DesiredOrigin {
                address,
                wish: Wish::Active,
            },
        );
    }

    /// Takes one observation in.
    pub fn observe(&mut self, observation: Observation) {
        self.observed.handle(observation);
    }

    /// Writes the first document: all origins are active.
    pub fn write_first(&mut self) -> anyhow::Result<()> {
        let document = routing::first(&self.desired, unix_ms());
        self.file.write(&document)?;
        self.take(document);
        Ok(())
    }

    /// Writes what is to be written; when to come again if nothing happens.
    pub fn update(&mut self) -> Option<Instant> {
        loop {
            let time = Time {
                now: Instant::now(),
                unix_ms: unix_ms(),
            };
            let decision =
                self.leader
                    .decide(self.current.as_ref(), &self.desired, &self.observed, time);
            let Some(document) = decision.write else {
                return decision.deadline;
            };
            if let Err(error) = self.file.write(&document) {
                tracing::warn!("{error:#}; it is tried again in {RETRY:?}");
                return Some(time.now + RETRY);
            }
            self.take(document);
        }
    }

    fn take(&mut self, document: Document) {
        self.generation
            .store(document.generation, Ordering::Relaxed);
        let Some(previous) = self.current.replace(document) else {
            return;
        };
        if let Some(document) = self
            .current
            .as_ref()
            .filter(|document| document.generation != previous.generation)
        {
            let origins = document
                .origins
                .iter()
                .map(|origin| format!("{} {}", origin.name, origin.state));
            let origins = origins.collect::<Vec<_>>().join(", ");
            tracing::info!(
                generation = document.generation,
                entries = document.streams.len(),
                "routes: {origins}"
            );
        }
    }
}

/// The file. Readers see the old document or the new one, whole.
struct RouteFile {
    path: PathBuf,
    applications: Applications,
}

impl RouteFile {
    fn take_over(path: PathBuf) -> anyhow::Result<Self> {
        let mut file = Self {
            path,
            applications: Applications::default(),
        };
        if let Some(earlier) = read(&file.path)? {
            file.applications = earlier.applications;
            fs::remove_file(&file.path).with_context(|| file.path.display().to_string())?;
        }
        Ok(file)
    }

    fn write(&mut self, document: &Document) -> anyhow::Result<()> {
        // People may have changed the applications' policy; a file that they broke is put right.
        if let Ok(Some(File { applications, .. })) = read(&self.path) {
            self.applications = applications;
        }
        let file = File {
            document: document.clone(),
            applications: self.applications.clone(),
        };
        self.replace(&file.to_json())
            .with_context(|| format!("can't write {}", self.path.display()))
    }

    fn replace(&self, text: &str) -> std::io::Result<()> {
        let next = self.path.with_extension("next");
        let mut handle = Handle::create(&next)?;
        handle.write_all(text.as_bytes())?;
        handle.sync_all()?;
        fs::rename(&next, &self.path)
    }
}

fn read(path: &Path) -> anyhow::Result<Option<File>> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        text => text.with_context(|| path.display().to_string())?,
    };
    Ok(Some(
        File::parse(&text).with_context(|| path.display().to_string())?,
    ))
}

fn unix_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}

const RETRY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use livecluster_mrtmp::route::State;
    use livecluster_operator::routing::{Event, Part};

    use super::super::directory::Directory;
    use super::*;

    fn routes(directory: &Directory) -> Routes {
        let mut routes = Routes::new(directory.routes(), "uid").expect("no file");
        routes.want("origin-0".into(), "127.0.0.1:4000".to_owned());
        routes.want("origin-1".into(), "127.0.0.1:4001".to_owned());
        routes
    }

    fn written(directory: &Directory) -> File {
        read(&directory.routes())
            .expect("readable")
            .expect("a file")
    }

    #[test]
    fn first_document_has_all_origins_active() {
        let directory = Directory::open(None).expect("a directory");

        routes(&directory).write_first().expect("written");

        let origins = written(&directory).document.origins;
        assert_eq!(origins.len(), 2);
        assert!(origins.iter().all(|origin| origin.state == State::Active));
    }

    #[test]
    fn dead_origin_is_taken_out_at_once() {
        let directory = Directory::open(None).expect("a directory");
        let mut routes = routes(&directory);
        routes.write_first().expect("written");

        routes.observe(Observation {
            part: Part::Origin("origin-0".into()),
            event: Event::Gone,
        });
        routes.update();

        assert_eq!(written(&directory).document.origins.len(), 1);
        assert_eq!(
            routes.generation().load(Ordering::Relaxed),
            written(&directory).document.generation
        );
    }

    #[test]
    fn applications_that_people_wrote_stay() {
        let directory = Directory::open(None).expect("a directory");
        let applications = Applications::Listed {
            names: ["live".to_owned()].into(),
        };
        let file = File {
            applications: applications.clone(),
            ..File::default()
        };
        fs::write(directory.routes(), file.to_json()).expect("written");

        routes(&directory).write_first().expect("written");

        assert_eq!(written(&directory).applications, applications);
    }
}
