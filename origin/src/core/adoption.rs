//! Since when a stream is this origin's: streams it took over may have publishers and viewers that it does not know.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::{Key, Table};

/// The routes in force and the ones before, as far back as they matter.
#[derive(Debug)]
pub(super) struct Adoption {
    name: Name,
    table: Table,
    /// Tables that were replaced, and when; oldest first.
    before: VecDeque<(Instant, Table)>,
    /// When the last table was replaced that counts and is not kept: what was before is unknown.
    unknown: Instant,
}

/// How many replaced tables are kept: more within one hold time make a stream look adopted later than it was.
const MAX_BEFORE: usize = 16;

impl Adoption {
    pub fn new(name: Name, table: Table, now: Instant) -> Self {
        Self { name, table, before: VecDeque::new(), unknown: now }
    }

    pub fn table(&self) -> &Table {
        &self.table
    }

    pub fn set(&mut self, table: Table, now: Instant, keep: Duration) {
        let had_routes = !self.table.origins().is_empty();
        let old = std::mem::replace(&mut self.table, table);
        if had_routes {
            self.before.push_back((now, old));
        }
        let is_stale = |at: &Instant| now.saturating_duration_since(*at) > keep;
        while self.before.front().is_some_and(|(at, _)| is_stale(at)) {
            self.before.pop_front();
        }
        if self.before.len() > MAX_BEFORE
            && let Some((at, _)) = self.before.pop_front()
        {
            self.unknown = at;
        }
    }

    pub fn owns(&self, key: &Key) -> bool {
        owner_is(&self.table, &self.name, key)
    }

    /// When this origin began to be the stream's.
    pub fn since(&self, key: &Key) -> Instant {
        let adopted = self.before.iter().rev().find(|(_, table)| !owner_is(table, &self.name, key));
        adopted.map_or(self.unknown, |(at, _)| *at)
    }
}

fn owner_is(table: &Table, name: &Name, key: &Key) -> bool {
    table.route(key).is_some_and(|origin| origin.name == *name)
}

#[cfg(test)]
mod tests {
    use livecluster_mrtmp::route::{Document, Origin, State};

    use super::*;

    /// A document in which this origin owns everything, or nothing.
    fn table(is_owner: bool) -> Table {
        let name = if is_owner { "own" } else { "other" };
        let origin = Origin { name: name.into(), address: "a:1".to_owned(), state: State::Active };
        Table::from(Document { origins: vec![origin], ..Document::default() })
    }

    #[test]
    fn stream_looks_adopted_later_and_never_earlier_when_documents_follow_each_other_fast() {
        let (start, hold, second) = (Instant::now(), Duration::from_secs(120), Duration::from_secs(1));
        let key = Key::of("live", "alice").expect("a valid name");
        let mut adoption = Adoption::new("own".into(), table(false), start);
        adoption.set(table(true), start + second, hold);
        assert_eq!(adoption.since(&key), start + second);

        for number in 2..60 {
            adoption.set(table(true), start + second * number, hold);
        }

        assert!(adoption.since(&key) >= start + second);
    }
}
