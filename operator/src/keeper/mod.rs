//! Keeps the route document of one cluster in Kubernetes: an actor that is told what is wanted and what is seen, decides
//! while this process leads, and writes.

mod moved;
mod published;

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::link::Secrets;
use livecluster_mrtmp::route::{Applications, Document, File, State};
use tokio::sync::{mpsc, watch};
use tokio::time;

use crate::lease::Leadership;
use crate::routing::{Desired, DesiredOrigin, Event, Leader, Observation, Observed, Part, Reach, Time, Wait};
use crate::store::{Error, Store, Stored};
use crate::watch::Watches;
pub use moved::Moved;
use published::Published;

/// The keeper of one cluster's document. A process that stands by has one too, which sees everything and writes nothing.
#[derive(Debug)]
pub struct Keeper {
    store: Store,
    leadership: Leadership,
    watches: Watches,
    observations: mpsc::Receiver<Observation>,
    /// Of the document, for links to show.
    generation: Arc<AtomicU64>,
    leader: Leader,
    desired: Desired,
    applications: Applications,
    observed: Observed,
    current: Current,
    published: Published,
    /// Since when the document could be neither read nor written, and why.
    failing: Option<(Instant, String)>,
    /// Nothing is asked of the API before.
    paused_until: Option<Instant>,
    shown: watch::Sender<Shown>,
}

/// What a controller tells.
#[derive(Debug)]
pub enum Word {
    /// What is wanted of the origins, and which applications there are.
    Want(BTreeMap<Name, DesiredOrigin>, Applications),
    /// The process of a part runs, and takes links here; an edge is ready.
    Runs(Part, SocketAddr),
    /// An edge is not ready any more; it may run on.
    Unready(Part),
    /// The process of a part has ended, or its pod was deleted. Silence is no such knowledge.
    Gone(Part),
    /// The stored document may have been changed by somebody else.
    Look,
    /// The cluster's secrets have changed: new links are made with any of these.
    Secrets(Secrets),
}

/// What is shown of it.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// As it is stored, as far as this process knows; only a leader does.
    pub document: Option<Document>,
    /// Why no origin can join or drain now.
    pub wait: Option<Wait>,
    /// Why the document could be neither read nor written for 10 s.
    pub failure: Option<String>,
    /// The streams that origins have, as far as they can be asked.
    pub streams: usize,
    /// Clients of the edges that can be asked, without those that publish; none if no edge can.
    pub viewers: Option<u64>,
    /// The clients of each edge that can be asked.
    pub connections: BTreeMap<Name, u64>,
    /// How many parts this process can ask.
    pub reach: Reach,
    /// Parts that can be asked and have not read the document that was there 10 s ago.
    pub behind: BTreeSet<Name>,
    /// Streams that were sent from one origin to another since this keeper began.
    pub moved: BTreeMap<Moved, u64>,
    /// Origins that take nothing new, have nothing, and are not named for any stream.
    pub drained: BTreeSet<Name>,
}

/// What is stored.
#[derive(Debug)]
enum Current {
    /// To be read.
    Unread,
    /// No document that a reader takes.
    None,
    File(File),
}

impl Keeper {
    /// For the cluster with this uid. `watches` tells its observations to `observations`, and shows `generation`.
    pub fn new(
        cluster: String,
        store: Store,
        leadership: Leadership,
        watches: Watches,
        observations: mpsc::Receiver<Observation>,
        generation: Arc<AtomicU64>,
    ) -> Self {
        Self {
            store,
            leadership,
            watches,
            observations,
            generation,
            leader: Leader::default(),
            desired: Desired { cluster, ..Desired::default() },
            applications: Applications::default(),
            observed: Observed::default(),
            current: Current::Unread,
            published: Published::default(),
            failing: None,
            paused_until: None,
            shown: watch::Sender::default(),
        }
    }

    /// What is shown of it, and each change.
    pub fn subscribe(&self) -> watch::Receiver<Shown> {
        self.shown.subscribe()
    }

    /// Until nobody is left who could tell it anything.
    pub async fn run(mut self, mut words: mpsc::Receiver<Word>) {
        if !self.is_told_what_is_wanted(&mut words).await {
            return;
        }
        let mut leadership = self.leadership.clone();
        loop {
            let leads = self.leadership.may_act(now());
            let deadline = if leads { self.lead().await } else { self.stand_by() };
            self.show_parts();
            tokio::select! {
                word = words.recv() => match word {
                    Some(word) => self.obey(word),
                    None => return,
                },
                Some(observation) = self.observations.recv() => self.observe(observation),
                () = until(deadline) => {}
                () = leadership.begun(), if !leads => {}
            }
        }
    }

    /// Nothing is decided before: an origin that nobody speaks of would be taken for one to remove.
    async fn is_told_what_is_wanted(&mut self, words: &mut mpsc::Receiver<Word>) -> bool {
        while let Some(word) = words.recv().await {
            let is_it = matches!(word, Word::Want(..));
            self.obey(word);
            if is_it {
                return true;
            }
        }
        false
    }

    fn obey(&mut self, word: Word) {
        match word {
            Word::Want(origins, applications) => {
                self.desired.origins = origins;
                self.applications = applications;
            }
            Word::Runs(part, address) => {
                self.watches.keep(&part, address);
                self.observed.handle(Observation { part, event: Event::Started });
            }
            Word::Unready(part) => self.observed.handle(Observation { part, event: Event::Unready }),
            Word::Gone(part) => {
                self.watches.end(&part);
                self.observed.handle(Observation { part, event: Event::Gone });
            }
            Word::Look => self.current = Current::Unread,
            Word::Secrets(secrets) => self.watches.set_secrets(secrets),
        }
    }

    /// Takes in all that has come, so that one decision follows from it.
    fn observe(&mut self, observation: Observation) {
        self.observed.handle(observation);
        while let Ok(observation) = self.observations.try_recv() {
            self.observed.handle(observation);
        }
    }

    /// Whoever leads later begins with what is stored then, and remembers nothing.
    fn stand_by(&mut self) -> Option<Instant> {
        self.leader = Leader::default();
        self.current = Current::Unread;
        self.published = Published::default();
        self.paused_until = None;
        None
    }

    /// Reads, decides and writes; when to come again if nothing happens.
    async fn lead(&mut self) -> Option<Instant> {
        if let Some(until) = self.paused_until.filter(|until| *until > now()) {
            return Some(until);
        }
        match self.update().await {
            Ok(deadline) => {
                self.failing = None;
                self.show(|shown| shown.failure = None);
                deadline
            }
            // Somebody else has written: what is there now is read at once.
            Err(Error::Conflict(_)) => {
                self.current = Current::Unread;
                Some(now())
            }
            Err(error) => {
                self.fail(&error);
                self.paused_until
            }
        }
    }

    async fn update(&mut self) -> Result<Option<Instant>, Error> {
        if matches!(self.current, Current::Unread) {
            self.read().await?;
        }
        loop {
            let time = Time { now: now(), unix_ms: unix_ms() };
            let decision = self.leader.decide(self.current.document(), &self.desired, &self.observed, time);
            self.show(|shown| shown.wait = decision.wait);
            let Some(document) = decision.write.or_else(|| self.with_other_applications()) else {
                self.show_streams();
                return Ok(decision.deadline.into_iter().chain(self.show_behind()).min());
            };
            let file = File { document, applications: self.applications.clone() };
            self.store.write(&file, &self.leadership).await?;
            self.note_moved(&file.document);
            tracing::info!(
                generation = file.document.generation,
                entries = file.document.streams.len(),
                "routes written"
            );
            self.take(file);
        }
    }

    /// What was written sends streams elsewhere.
    fn note_moved(&self, next: &Document) {
        let Some(current) = self.current.document() else { return };
        let moved = moved::between(current, next, &self.observed.live_streams());
        for (Moved { from, to, cause }, streams) in &moved {
            tracing::info!(%from, %to, cause = cause.as_str(), streams, "streams moved");
        }
        if !moved.is_empty() {
            self.show(|shown| {
                for (moved, streams) in moved {
                    *shown.moved.entry(moved).or_default() += streams;
                }
            });
        }
    }

    async fn read(&mut self) -> Result<(), Error> {
        match self.store.read().await? {
            Stored::File(file) => self.take(file),
            Stored::Absent => self.current = Current::None,
            Stored::Broken(broken) => {
                tracing::warn!(%broken, "no reader takes the route document; it is written anew");
                self.current = Current::None;
            }
        }
        Ok(())
    }

    fn take(&mut self, file: File) {
        self.generation.store(file.document.generation, Ordering::Relaxed);
        self.show(|shown| shown.document = Some(file.document.clone()));
        self.current = Current::File(file);
    }

    /// Who is behind; when to look again.
    fn show_behind(&mut self) -> Option<Instant> {
        if let Some(document) = self.current.document() {
            self.published.note(document.generation, now());
        }
        let due = self.published.due(now());
        let behind = due.map(|generation| self.observed.behind(generation)).unwrap_or_default();
        self.shown.send_if_modified(|shown| {
            let is_new = shown.behind != behind;
            shown.behind = behind;
            is_new
        });
        self.published.deadline(now())
    }

    /// What a process that stands by knows, too.
    fn show_parts(&self) {
        let (reach, connections) = (self.observed.reach(), self.observed.connections());
        self.shown.send_if_modified(|shown| {
            let is_new = shown.reach != reach || shown.connections != connections;
            (shown.reach, shown.connections) = (reach, connections);
            is_new
        });
    }

    fn show_streams(&self) {
        let Some(document) = self.current.document() else { return };
        let named: BTreeSet<_> = document.streams.values().collect();
        let (mut streams, mut drained) = (BTreeSet::new(), BTreeSet::new());
        for origin in &document.origins {
            let Some(of_origin) = self.observed.streams_of(&origin.name) else { continue };
            let of_origin: Vec<_> = of_origin.collect();
            let is_empty = of_origin.is_empty() && !named.contains(&origin.name);
            streams.extend(of_origin);
            if origin.state == State::Draining && is_empty {
                drained.insert(origin.name.clone());
            }
        }
        let (streams, viewers) = (streams.len(), self.observed.viewers());
        self.shown.send_if_modified(|shown| {
            let is_new = (shown.streams, shown.viewers, &shown.drained) != (streams, viewers, &drained);
            (shown.streams, shown.viewers, shown.drained) = (streams, viewers, drained);
            is_new
        });
    }

    /// The document as it is, if it stands beside a policy that is in force no longer.
    fn with_other_applications(&self) -> Option<Document> {
        match &self.current {
            Current::File(file) if file.applications != self.applications => Some(file.document.clone()),
            _ => None,
        }
    }

    fn fail(&mut self, error: &Error) {
        let text = error.to_string();
        if self.failing.as_ref().is_none_or(|(_, last)| *last != text) {
            tracing::warn!(error = text, "routes neither read nor written; it is tried again");
        }
        let since = self.failing.as_ref().map_or_else(now, |(since, _)| *since);
        self.failing = Some((since, text.clone()));
        if since + published::PATIENCE <= now() {
            self.show(|shown| shown.failure = Some(text));
        }
        self.current = Current::Unread;
        self.paused_until = Some(now() + PAUSE);
    }

    fn show(&self, change: impl FnOnce(&mut Shown)) {
        self.shown.send_modify(change);
    }
}

impl Current {
    fn document(&self) -> Option<&Document> {
        match self {
            Self::File(file) => Some(&file.document),
            Self::Unread | Self::None => None,
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => time::sleep_until(deadline.into()).await,
        None => pending().await,
    }
}

/// The clock that deadlines are measured with, as a test may have stopped it.
fn now() -> Instant {
    time::Instant::now().into_std()
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}

/// Before the next try, after one that has failed.
const PAUSE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
