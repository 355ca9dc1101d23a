//! The document in the form in which edges and origins look streams up.

use std::collections::HashMap;

use super::rendezvous::Rank;
use super::{Document, Entry, Key, Origin, State};

/// Answers where a stream belongs.
#[derive(Debug, Clone)]
pub struct Table {
    cluster: String,
    generation: u64,
    origins: Vec<Origin>,
    /// Indices into `origins`; only entries that count.
    keys: HashMap<Key, usize>,
    digests: HashMap<u128, usize>,
}

impl Table {
    /// What a reader has before its first document: no origins, and any document of its cluster is newer.
    pub fn empty(cluster: &str) -> Self {
        Self::from(Document { cluster: cluster.to_owned(), ..Document::default() })
    }

    /// The origin of a stream: the one that an entry names if it is active or draining; else, among the active ones, the
    /// one of the highest [`Rank`]. None if no origin is active.
    pub fn route(&self, key: &Key) -> Option<&Origin> {
        self.entry(key).or_else(|| self.default_of(key))
    }

    /// The origin of a stream that has no entry.
    pub fn default_of(&self, key: &Key) -> Option<&Origin> {
        let active = self.origins.iter().filter(|origin| origin.state == State::Active);
        active.max_by_key(|origin| Rank::of(key, &origin.name))
    }

    /// Whether a reader of this table may go over to `newer`: same cluster, and not an older generation. The same
    /// generation is fine: it routes every key alike and may list more streams for people to read.
    pub fn accepts(&self, newer: &Document) -> Result<(), NotAccepted> {
        if newer.cluster != self.cluster {
            return Err(NotAccepted::Cluster { theirs: newer.cluster.clone(), ours: self.cluster.clone() });
        }
        if newer.generation < self.generation {
            return Err(NotAccepted::Older { theirs: newer.generation, ours: self.generation });
        }
        Ok(())
    }

    /// The document's generation.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// All origins, in any state.
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// The origin called `name`.
    pub fn origin(&self, name: &str) -> Option<&Origin> {
        self.origins.iter().find(|origin| &*origin.name == name)
    }

    /// The origin that an entry names for this stream, if that origin is active or draining.
    pub fn entry(&self, key: &Key) -> Option<&Origin> {
        let by_digest = || {
            if self.digests.is_empty() { None } else { self.digests.get(&key.digest()) }
        };
        let index = self.keys.get(key).or_else(by_digest)?;
        self.origins.get(*index)
    }
}

impl From<Document> for Table {
    fn from(document: Document) -> Self {
        let Document { cluster, generation, origins, streams } = document;
        let serving = origins.iter().enumerate().filter(|(_, origin)| origin.state.serves());
        let indices: HashMap<_, _> = serving.map(|(index, origin)| (origin.name.clone(), index)).collect();
        let (mut keys, mut digests) = (HashMap::new(), HashMap::new());
        for (entry, name) in streams {
            match (entry, indices.get(&name)) {
                (Entry::Key(key), Some(index)) => drop(keys.insert(key, *index)),
                (Entry::Digest(digest), Some(index)) => drop(digests.insert(digest, *index)),
                (_, None) => {}
            }
        }
        Self { cluster, generation, origins, keys, digests }
    }
}

/// Why a reader keeps the table that it has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAccepted {
    /// Another cluster's document.
    #[error("document of cluster \"{theirs}\", not of \"{ours}\"")]
    Cluster {
        /// The document's.
        theirs: String,
        /// The reader's.
        ours: String,
    },
    /// Written before the one in force.
    #[error("document of generation {theirs} is older than {ours}")]
    Older {
        /// The document's.
        theirs: u64,
        /// The reader's.
        ours: u64,
    },
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
