//! To which origin a stream is bound, and when the routes make it leave (PROTOCOL.md, "Routing").

use std::time::{Duration, Instant};

use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::{Key, Table};

/// How long a stream stays where it is after its default changed, for an entry that says where it belongs.
const STRAY: Duration = Duration::from_secs(5);

/// What a stream does about a route document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// It stays.
    Stay,
    /// It goes to this origin.
    To(Name),
    /// It looks again then.
    Later(Instant),
}

/// Follows the routes for one stream.
#[derive(Debug, Default)]
pub(super) struct Binding {
    stray_since: Option<Instant>,
}

impl Binding {
    /// A live stream leaves its origin only if an entry says so, the origin left the document, or its default changed
    /// and no entry came for a while. One that is not live yet follows at once.
    pub fn follow(&mut self, table: &Table, key: &Key, bound: Option<&Name>, live: bool, now: Instant) -> Move {
        let Some(owner) = table.route(key).map(|origin| origin.name.clone()) else {
            return Move::Stay;
        };
        if bound == Some(&owner) {
            self.stray_since = None;
            return Move::Stay;
        }
        let stays = bound.is_some_and(|bound| live && table.origin(bound).is_some()) && table.entry(key).is_none();
        let stray_until = *self.stray_since.get_or_insert(now) + STRAY;
        if stays && now < stray_until {
            return Move::Later(stray_until);
        }
        self.stray_since = None;
        Move::To(owner)
    }
}

#[cfg(test)]
mod tests {
    use livecluster_mrtmp::route::Document;

    use super::*;

    fn table(origins: &[&str], entry: Option<&str>) -> Table {
        let origins: Vec<_> = origins
            .iter()
            .map(|name| format!(r#"{{"name": "{name}", "address": "127.0.0.1:1", "state": "active"}}"#))
            .collect();
        let streams = entry.map_or_else(String::new, |origin| format!(r#""live/a": "{origin}""#));
        let json = format!(
            r#"{{"version": 1, "cluster": "c", "generation": 1, "placement": "rendezvous-1",
                "origins": [{}], "streams": {{{streams}}}}}"#,
            origins.join(",")
        );
        Table::from(Document::parse(&json).unwrap())
    }

    fn key() -> Key {
        Key::of("live", "a").unwrap()
    }

    #[test]
    fn live_stream_stays_when_only_its_default_changed_and_goes_after_a_while() {
        let (mut binding, now) = (Binding::default(), Instant::now());
        let both = table(&["o-0", "o-1"], None);
        let other = if &*both.route(&key()).unwrap().name == "o-0" { "o-1" } else { "o-0" };

        let first = binding.follow(&both, &key(), Some(&other.into()), true, now);
        let second = binding.follow(&both, &key(), Some(&other.into()), true, now + STRAY);

        assert_eq!(first, Move::Later(now + STRAY));
        assert!(matches!(second, Move::To(_)));
    }

    #[test]
    fn entry_moves_a_live_stream_at_once() {
        let routes = table(&["o-0", "o-1"], Some("o-1"));

        let step = Binding::default().follow(&routes, &key(), Some(&"o-0".into()), true, Instant::now());

        assert_eq!(step, Move::To("o-1".into()));
    }

    #[test]
    fn stream_of_an_origin_that_left_goes_at_once() {
        let routes = table(&["o-1"], None);

        let step = Binding::default().follow(&routes, &key(), Some(&"o-0".into()), true, Instant::now());

        assert_eq!(step, Move::To("o-1".into()));
    }
}
