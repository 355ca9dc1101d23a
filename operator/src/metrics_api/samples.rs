//! The connections of edges, as they were told last. Who is asked answers from these.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// What was sampled last.
#[derive(Debug)]
pub struct Samples {
    /// The namespaces that are watched; none: all.
    namespaces: Vec<String>,
    taken: Mutex<Vec<Taken>>,
}

/// What was told at one time.
#[derive(Debug, Clone)]
struct Taken {
    /// The namespace, or all of them.
    scope: Option<String>,
    /// By this process's own clock: no other one says whether it is too old.
    at: Instant,
    /// For those who read it.
    time: SystemTime,
    edges: Vec<Edge>,
}

/// An edge that told how many clients it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// Its pod's namespace.
    pub namespace: String,
    /// Its pod's name.
    pub name: String,
    /// Its pod's labels.
    pub labels: BTreeMap<String, String>,
    /// Its clients.
    pub connections: u64,
}

/// An edge with the time at which it told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The edge.
    pub edge: Edge,
    /// When it was asked.
    pub time: SystemTime,
}

/// Why there are no samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Nobody looks at that namespace here.
    NotWatched,
    /// Nobody has looked yet, or not for a while.
    Unknown,
}

impl Samples {
    /// None yet, of these namespaces; of all if it names none.
    pub fn of(namespaces: &[String]) -> Self {
        Self { namespaces: namespaces.to_vec(), taken: Mutex::default() }
    }

    /// Puts what was told now in place of what was told in the same namespace, or in all of them, before.
    pub fn put(&self, scope: Option<&str>, edges: Vec<Edge>, at: Instant, time: SystemTime) {
        let mut taken = self.taken();
        taken.retain(|other| other.scope.as_deref() != scope);
        taken.push(Taken { scope: scope.map(str::to_owned), at, time, edges });
    }

    /// Those of a namespace that are not too old: an edge that told nothing is not among them.
    pub fn fresh(&self, namespace: &str, now: Instant) -> Result<Vec<Sample>, Missing> {
        if !self.namespaces.is_empty() && !self.namespaces.iter().any(|watched| watched == namespace) {
            return Err(Missing::NotWatched);
        }
        let taken = self.taken();
        let is_of = |taken: &&Taken| taken.scope.as_deref().is_none_or(|scope| scope == namespace);
        let Some(found) = taken.iter().filter(is_of).find(|taken| now.saturating_duration_since(taken.at) <= MAX_AGE)
        else {
            return Err(Missing::Unknown);
        };
        let edges = found.edges.iter().filter(|edge| edge.namespace == namespace);
        Ok(edges.map(|edge| Sample { edge: edge.clone(), time: found.time }).collect())
    }

    /// Whether all that is watched was looked at lately.
    pub fn are_fresh(&self, now: Instant) -> bool {
        let taken = self.taken();
        let is_fresh = |taken: &Taken| now.saturating_duration_since(taken.at) <= MAX_AGE;
        taken.len() >= self.namespaces.len().max(1) && taken.iter().all(is_fresh)
    }

    fn taken(&self) -> MutexGuard<'_, Vec<Taken>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is older says nothing: an autoscaler that gets nothing changes nothing.
const MAX_AGE: Duration = Duration::from_secs(30);
