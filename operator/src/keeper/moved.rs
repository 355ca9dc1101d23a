//! Which streams a new document sends elsewhere, and why. Pure.

use std::collections::{BTreeMap, BTreeSet};

use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::{Document, Key, State, Table};

/// From where to where streams went, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moved {
    /// The origin that had them.
    pub from: Name,
    /// The one to which edges are sent for them now.
    pub to: Name,
    /// Why.
    pub cause: Cause,
}

/// Why streams went elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Their origin is lost.
    Lost,
    /// Their origin takes nothing new, and is emptied.
    Drain,
    /// An edge that wants them has lost its link to their origin.
    Link,
}

impl Cause {
    /// As metrics name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Drain => "drain",
            Self::Link => "link",
        }
    }

    /// As a sentence for people ends.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Lost => "the origin is lost",
            Self::Drain => "the origin is drained",
            Self::Link => "an edge can't reach the origin",
        }
    }
}

/// How many of these streams go from where to where when `after` replaces `before`.
pub(super) fn between(before: &Document, after: &Document, streams: &BTreeSet<&Key>) -> BTreeMap<Moved, u64> {
    let (before, after) = (Table::from(before.clone()), Table::from(after.clone()));
    let moved = streams.iter().filter_map(|key| {
        let (from, to) = (&before.route(key)?.name, &after.route(key)?.name);
        let cause = match after.origin(from).map(|origin| origin.state) {
            None => Cause::Lost,
            Some(State::Draining) => Cause::Drain,
            Some(_) => Cause::Link,
        };
        (from != to).then(|| Moved { from: from.clone(), to: to.clone(), cause })
    });
    moved.fold(BTreeMap::new(), |mut counts, moved| {
        *counts.entry(moved).or_default() += 1;
        counts
    })
}

#[cfg(test)]
mod tests {
    use livecluster_mrtmp::route::{Entry, Origin};

    use super::*;

    fn document(origins: &[(&str, State)], placed: &[(&Key, &str)]) -> Document {
        let origin = |(name, state): &(&str, State)| Origin {
            name: (*name).into(),
            address: format!("{name}:1950"),
            state: *state,
        };
        Document {
            origins: origins.iter().map(origin).collect(),
            streams: placed.iter().map(|(key, name)| (Entry::Key((*key).clone()), (*name).into())).collect(),
            ..Document::default()
        }
    }

    #[test]
    fn streams_are_counted_by_where_they_were_and_are_and_why() {
        let keys: Vec<_> = ["a", "b", "c", "d"].map(|name| Key::of("live", name).expect("valid")).into();
        let [a, b, c, d] = keys.as_slice() else { panic!("four") };
        let active = [("o0", State::Active), ("o1", State::Active), ("o2", State::Active)];
        let before = document(&active, &[(a, "o0"), (b, "o0"), (c, "o1"), (d, "o2")]);
        let after = [("o1", State::Draining), ("o2", State::Active), ("o3", State::Active)];
        let after = document(&after, &[(a, "o2"), (b, "o2"), (c, "o2"), (d, "o3")]);

        let moved = between(&before, &after, &keys.iter().collect());

        let short =
            |(moved, count): (Moved, u64)| format!("{count} {}-{} {}", moved.from, moved.to, moved.cause.as_str());
        let moved: Vec<_> = moved.into_iter().map(short).collect();
        assert_eq!(moved, ["2 o0-o2 lost", "1 o1-o2 drain", "1 o2-o3 link"]);
    }
}
