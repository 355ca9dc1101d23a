//! The route document of a local cluster: the operator's decisions, written to a file.

use std::fs::{self, File as Handle};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::{Applications, Document, File, Key};
use livecluster_operator::routing::{self, Desired, DesiredOrigin, Event, Leader, Observation, Observed, Time, Wish};

/// The leader of a local cluster, and its file.
pub struct Routes {
    file: RouteFile,
    leader: Leader,
    desired: Desired,
    observed: Observed,
    current: Option<Document>,
    generation: Arc<AtomicU64>,
    decides: bool,
    /// Before that, what is seen waits for more, unless it is urgent.
    rests_until: Option<Instant>,
}

impl Routes {
    /// For the cluster with this uid. Of an earlier cluster's file only the applications stay.
    pub fn new(path: PathBuf, cluster: &str) -> anyhow::Result<Self> {
        Ok(Self {
            file: RouteFile::take_over(path)?,
            leader: Leader::default(),
            desired: Desired { cluster: cluster.to_owned(), ..Desired::default() },
            observed: Observed::default(),
            current: None,
            generation: Arc::default(),
            decides: true,
            rests_until: None,
        })
    }

    /// The generation in force, for links to show.
    pub fn generation(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.generation)
    }

    /// Takes an origin in, or its new address. What is wanted of one that was known stays.
    pub fn want(&mut self, origin: Name, address: String) {
        let wish = self.desired.origins.get(&origin).map_or(Wish::Active, |origin| origin.wish);
        self.desired.origins.insert(origin, DesiredOrigin { address, wish });
    }

    /// Wants something else of an origin.
    pub fn wish(&mut self, origin: &Name, wish: Wish) {
        if let Some(origin) = self.desired.origins.get_mut(origin) {
            origin.wish = wish;
        }
    }

    /// Wants an origin no longer: it leaves with its last stream.
    pub fn dismiss(&mut self, origin: &Name) {
        self.desired.origins.remove(origin);
    }

    /// Wants a stream on this origin until [`Self::end_move`].
    pub fn begin_move(&mut self, stream: Key, origin: Name) {
        self.desired.moves.insert(stream, origin);
    }

    /// Takes back [`Self::begin_move`], unless the stream is wanted elsewhere by now.
    pub fn end_move(&mut self, stream: &Key, origin: &Name) {
        if self.desired.moves.get(stream) == Some(origin) {
            self.desired.moves.remove(stream);
        }
    }

    /// From now on nothing is decided and nothing written, as if nobody led.
    pub fn stop_deciding(&mut self) {
        self.decides = false;
    }

    /// Leads again, as one does who has just begun: from the file alone, and nobody has told anything yet.
    pub fn start_deciding(&mut self) -> anyhow::Result<()> {
        self.current = read(&self.file.path)?.map(|file| file.document);
        self.leader = Leader::default();
        self.observed = Observed::default();
        self.decides = true;
        Ok(())
    }

    /// Whether this process leads.
    pub fn decides(&self) -> bool {
        self.decides
    }

    /// What was seen.
    pub fn observed(&self) -> &Observed {
        &self.observed
    }

    /// The document in force.
    pub fn document(&self) -> Option<&Document> {
        self.current.as_ref()
    }

    /// Takes one observation in.
    pub fn observe(&mut self, observation: Observation) {
        if matches!(observation.event, Event::Gone | Event::LinkDown | Event::Links(_)) {
            self.rests_until = None;
        }
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
        while self.decides {
            let time = Time { now: Instant::now(), unix_ms: unix_ms() };
            if let Some(until) = self.rests_until.filter(|until| *until > time.now) {
                return Some(until);
            }
            let decision = self.leader.decide(self.current.as_ref(), &self.desired, &self.observed, time);
            let Some(document) = decision.write else {
                let now = Instant::now();
                self.rests_until = Some(now + now.duration_since(time.now) * REST);
                return decision.deadline;
            };
            if let Err(error) = self.file.write(&document) {
                tracing::warn!("{error:#}; it is tried again in {RETRY:?}");
                return Some(time.now + RETRY);
            }
            self.take(document);
        }
        None
    }

    fn take(&mut self, document: Document) {
        self.generation.store(document.generation, Ordering::Relaxed);
        let Some(previous) = self.current.replace(document) else {
            return;
        };
        if let Some(document) = self.current.as_ref().filter(|document| document.generation != previous.generation) {
            let origins = document.origins.iter().map(|origin| format!("{} {}", origin.name, origin.state));
            let origins = origins.collect::<Vec<_>>().join(", ");
            tracing::info!(generation = document.generation, entries = document.streams.len(), "routes: {origins}");
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
        let mut file = Self { path, applications: Applications::default() };
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
        let file = File { document: document.clone(), applications: self.applications.clone() };
        self.replace(&file.to_json()).with_context(|| format!("can't write {}", self.path.display()))
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
    Ok(Some(File::parse(&text).with_context(|| path.display().to_string())?))
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}

/// How many times as long as a decision took there is none, if nobody is lost: with thousands of streams it takes
/// milliseconds, and each of them tells something.
const REST: u32 = 2;

const RETRY: Duration = Duration::from_secs(1);

#[cfg(test)]
#[path = "routes_tests.rs"]
mod tests;
