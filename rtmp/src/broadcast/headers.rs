//! Metadata, configurations and colour information of a log, with the numbers they came with.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Entry;
use crate::codec::HeaderKey;

/// Every header that is in force somewhere in the log, oldest first.
#[derive(Debug, Default)]
pub(super) struct Headers {
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
}

/// What headers may take, beside the log's own budget. A stream of many tracks has some tens of KiB of them; who sends
/// more loses the oldest.
const MAX_BYTES: usize = 2 << 20;

impl Headers {
    /// Bytes kept.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn insert(&mut self, entry: Arc<Entry>) {
        let place = self.entries.partition_point(|known| known.sequence < entry.sequence);
        if self.entries.get(place).is_some_and(|known| known.sequence == entry.sequence) {
            return;
        }
        self.bytes = self.bytes.saturating_add(entry.cost());
        self.entries.insert(place, entry);
        while self.bytes > MAX_BYTES && self.entries.len() > 1 {
            self.forget(0);
        }
    }

    /// The newest below `at` of each key, unless its number is below `has`.
    pub fn in_force(&self, has: u64, at: u64) -> Vec<Arc<Entry>> {
        let mut seen: Vec<HeaderKey> = Vec::new();
        let below = self.entries.partition_point(|entry| entry.sequence < at);
        let mut found: Vec<_> = self
            .entries
            .range(..below)
            .rev()
            .filter(|entry| adds_a_key(entry, &mut seen))
            .filter(|entry| entry.sequence >= has)
            .cloned()
            .collect();
        found.reverse();
        found
    }

    /// Forgets what is not in force at `oldest` nor after it. Looks only at what is below it: that is little, for it is
    /// called whenever a header leaves the log.
    pub fn forget_below(&mut self, oldest: u64) {
        let below = self.entries.partition_point(|entry| entry.sequence < oldest);
        let mut seen: Vec<HeaderKey> = Vec::new();
        for at in (0..below).rev() {
            if self.entries.get(at).is_some_and(|entry| !adds_a_key(entry, &mut seen)) {
                self.forget(at);
            }
        }
    }

    fn forget(&mut self, at: usize) {
        if let Some(entry) = self.entries.remove(at) {
            self.bytes = self.bytes.saturating_sub(entry.cost());
        }
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
