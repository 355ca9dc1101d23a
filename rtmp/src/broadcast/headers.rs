//! Metadata, configurations and colour information of a log, with the numbers they came with.

use std::sync::Arc;

use super::Entry;
use crate::codec::HeaderKey;

/// Every header that is in force somewhere in the log, oldest first.
#[derive(Debug, Default)]
pub(super) struct Headers(Vec<Arc<Entry>>);

impl Headers {
    pub fn insert(&mut self, entry: Arc<Entry>) {
        let place = self
            .0
            .partition_point(|known| known.sequence < entry.sequence);
        if self
            .0
            .get(place)
            .is_none_or(|known| known.sequence != entry.sequence)
        {
            self.0.insert(place, entry);
        }
    }

    /// The newest below `at` of each key, unless its number is below `has`.
    pub fn in_force(&self, has: u64, at: u64) -> Vec<Arc<Entry>> {
        let mut seen: Vec<HeaderKey> = Vec::new();
        let mut found: Vec<_> = self
            .0
            .iter()
            .rev()
            .filter(|entry| entry.sequence < at && adds_a_key(entry, &mut seen))
            .filter(|entry| entry.sequence >= has)
            .cloned()
            .collect();
        found.reverse();
        found
    }

    /// Forgets what is not in force at `oldest` nor after it.
    pub fn forget_below(&mut self, oldest: u64) {
        if self.0.first().is_none_or(|entry| entry.sequence >= oldest) {
            return;
        }
        let kept = self.in_force(0, oldest);
        self.0.retain(|entry| {
            entry.sequence >= oldest || kept.iter().any(|kept| Arc::ptr_eq(kept, entry))
        });
    }
}

fn adds_a_key(entry: &Entry, seen: &mut Vec<HeaderKey>) -> bool {
    let known = seen.len();
    for key in entry.header_keys() {
        if !seen.contains(&key) {
            seen.push(key);
        }
    }
    seen.len() > known
}
