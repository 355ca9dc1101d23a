//! Since when a stream is this origin's: streams it took over may have publishers and viewers that it does not know.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::{Key, Table};

/// The routes in force and the ones before, as far back as they matter.
#[derive(Debug)]
pub(super) struct Adoption {
    name: Name,
    started: Instant,
    table: Table,
    /// Tables that were replaced, and when; oldest first.
    before: VecDeque<(Instant, Table)>,
}

/// How many replaced tables are kept: more within one hold time make a stream look adopted later than it was.
const MAX_BEFORE: usize = 16;

impl Adoption {
    pub fn new(name: Name, table: Table, now: Instant) -> Self {
        Self {
            name,
            started: now,
            table,
            before: VecDeque::new(),
        }
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
        while self.before.len() > MAX_BEFORE
            || self.before.front().is_some_and(|(at, _)| is_stale(at))
        {
            self.before.pop_front();
        }
    }

    pub fn owns(&self, key: &Key) -> bool {
        owner_is(&self.table, &self.name, key)
    }

    /// When this origin began to be the stream's.
    pub fn since(&self, key: &Key) -> Instant {
        let adopted = self
            .before
            .iter()
            .rev()
            .find(|(_, table)| !owner_is(table, &self.name, key));
        adopted.map_or(self.started, |(at, _)| *at)
    }
}

fn owner_is(table: &Table, name: &Name, key: &Key) -> bool {
    table.route(key).is_some_and(|origin| origin.name == *name)
}
