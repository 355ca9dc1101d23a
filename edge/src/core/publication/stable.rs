//! What each viewers' edge has appended of one publication, as its publisher's edge knows it (PROTOCOL.md, rule 3).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use livecluster_mrtmp::id::Name;

/// The map edge -> next number. It survives the origins: the highest number wins, whoever reported it.
#[derive(Debug, Default)]
pub(super) struct StableMap {
    edges: BTreeMap<Name, Entry>,
}

#[derive(Debug)]
struct Entry {
    next: u64,
    /// The origins that list this edge as a subscriber.
    listed_by: Vec<Name>,
    /// Since when none does.
    unlisted_since: Option<Instant>,
}

impl StableMap {
    /// The lowest number that some edge has not appended; none if no edge is in the map.
    pub fn unstable(&self) -> Option<u64> {
        self.edges.values().map(|entry| entry.next).min()
    }

    /// The map as it goes into a resume.
    pub fn entries(&self) -> Vec<(Name, u64)> {
        self.edges.iter().map(|(edge, entry)| (edge.clone(), entry.next)).collect()
    }

    /// An origin lists this edge, which has all below `next`.
    pub fn list(&mut self, edge: &Name, next: u64, origin: &Name) {
        let entry = self.edges.entry(edge.clone()).or_insert_with(|| Entry {
            next,
            listed_by: Vec::new(),
            unlisted_since: None,
        });
        entry.next = entry.next.max(next);
        entry.unlisted_since = None;
        if !entry.listed_by.contains(origin) {
            entry.listed_by.push(origin.clone());
        }
    }

    /// This edge no longer wants the publication.
    pub fn remove(&mut self, edge: &Name) {
        self.edges.remove(edge);
    }

    /// The origin that a stream leaves no longer lists this edge, which may only have changed sides: the entry waits to be
    /// listed by the other.
    pub fn unlist(&mut self, edge: &Name, origin: &Name, now: Instant) {
        if let Some(entry) = self.edges.get_mut(edge) {
            entry.unlist(origin, now);
        }
    }

    /// What this origin listed is unknown from now on.
    pub fn forget_origin(&mut self, origin: &Name, now: Instant) {
        for entry in self.edges.values_mut() {
            entry.unlist(origin, now);
        }
    }

    /// Drops the edges that no origin has listed for the hold time.
    pub fn expire(&mut self, hold: Duration, now: Instant) {
        self.edges
            .retain(|_, entry| entry.unlisted_since.is_none_or(|since| now.saturating_duration_since(since) < hold));
    }

    /// Drops the edge that holds back most, if it lags behind `next`.
    pub fn drop_laggard(&mut self, next: u64) -> Option<Name> {
        let (edge, entry) = self.edges.iter().min_by_key(|(_, entry)| entry.next)?;
        if entry.next >= next {
            return None;
        }
        let edge = edge.clone();
        self.edges.remove(&edge);
        Some(edge)
    }

    /// Whether every edge is listed by this origin.
    pub fn are_all_at(&self, origin: &Name) -> bool {
        self.edges.values().all(|entry| entry.listed_by.contains(origin))
    }
}

impl Entry {
    fn unlist(&mut self, origin: &Name, now: Instant) {
        self.listed_by.retain(|known| known != origin);
        if self.listed_by.is_empty() {
            self.unlisted_since.get_or_insert(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> Name {
        name.into()
    }

    #[test]
    fn the_highest_number_of_an_edge_wins_whoever_reports_it() {
        let mut map = StableMap::default();
        map.list(&name("v"), 98, &name("o2"));
        map.list(&name("v"), 45, &name("o1"));

        assert_eq!(map.unstable(), Some(98));
    }

    #[test]
    fn edge_that_changes_sides_stays_in_the_map() {
        let (mut map, now) = (StableMap::default(), Instant::now());
        map.list(&name("v"), 10, &name("old"));

        map.unlist(&name("v"), &name("old"), now);
        assert_eq!(map.unstable(), Some(10));
        map.list(&name("v"), 10, &name("new"));
        assert!(map.are_all_at(&name("new")));
        map.remove(&name("v"));

        assert_eq!(map.unstable(), None);
    }

    #[test]
    fn edge_that_no_origin_lists_leaves_after_the_hold() {
        let (mut map, now) = (StableMap::default(), Instant::now());
        let hold = Duration::from_secs(120);
        map.list(&name("v"), 10, &name("o"));
        map.forget_origin(&name("o"), now);

        map.expire(hold, now + hold / 2);
        assert_eq!(map.unstable(), Some(10));
        map.expire(hold, now + hold);

        assert_eq!(map.unstable(), None);
    }

    #[test]
    fn only_an_edge_that_lags_is_dropped() {
        let mut map = StableMap::default();
        map.list(&name("slow"), 3, &name("o"));
        map.list(&name("fast"), 9, &name("o"));

        assert_eq!(map.drop_laggard(9).as_deref(), Some("slow"));
        assert_eq!(map.drop_laggard(9), None);
    }
}
