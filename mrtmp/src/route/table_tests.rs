//! Tests of the table.

use std::collections::BTreeMap;

use proptest::collection::btree_set;
use proptest::prelude::*;

use super::*;

fn origin(name: &str, state: State) -> Origin {
    Origin { name: name.into(), address: format!("{name}:1936"), state }
}

fn document(origins: &[(&str, State)], streams: &[(&str, &str)]) -> Document {
    let entry = |(entry, name): &(&str, &str)| (Entry::parse(entry).expect("valid"), (*name).into());
    Document {
        cluster: "uid".to_owned(),
        generation: 7,
        origins: origins.iter().map(|(name, state)| origin(name, *state)).collect(),
        streams: streams.iter().map(entry).collect::<BTreeMap<_, _>>(),
    }
}

fn key(name: &str) -> Key {
    Key::of("live", name).expect("valid")
}

fn owner(table: &Table, key: &Key) -> Option<String> {
    table.route(key).map(|origin| origin.name.to_string())
}

/// The two origins' names, the default of `key` first.
fn default_and_other(key: &Key) -> [&'static str; 2] {
    let table = Table::from(document(&[("a", State::Active), ("b", State::Active)], &[]));
    if owner(&table, key).as_deref() == Some("a") { ["a", "b"] } else { ["b", "a"] }
}

#[test]
fn entry_wins_over_the_default() {
    let alice = key("alice");
    let [default, other] = default_and_other(&alice);
    for state in [State::Active, State::Draining] {
        let table = Table::from(document(&[(default, State::Active), (other, state)], &[("live/alice", other)]));

        assert_eq!(owner(&table, &alice).as_deref(), Some(other));
    }
}

#[test]
fn entry_by_digest_counts_like_one_by_name() {
    let alice = key("alice");
    let [default, other] = default_and_other(&alice);
    let entry = Entry::Digest(alice.digest()).to_string();
    let table = Table::from(document(&[(default, State::Active), (other, State::Active)], &[(&entry, other)]));

    assert_eq!(owner(&table, &alice).as_deref(), Some(other));
}

#[test]
fn entry_for_a_joining_or_unknown_origin_does_not_count() {
    let origins = [("a", State::Active), ("b", State::Joining)];
    for name in ["b", "c"] {
        let table = Table::from(document(&origins, &[("live/alice", name)]));

        assert_eq!(owner(&table, &key("alice")).as_deref(), Some("a"));
    }
}

#[test]
fn only_active_origins_are_defaults() {
    let table = Table::from(document(&[("a", State::Draining), ("b", State::Joining)], &[]));

    assert_eq!(owner(&table, &key("alice")), None);
}

#[test]
fn older_generation_or_another_cluster_is_refused() {
    let table = Table::from(document(&[], &[]));
    let newer = |generation, cluster: &str| Document { generation, cluster: cluster.to_owned(), ..document(&[], &[]) };

    assert_eq!(table.accepts(&newer(8, "uid")), Ok(()));
    assert_eq!(table.accepts(&newer(7, "uid")), Ok(()));
    assert_eq!(table.accepts(&newer(6, "uid")), Err(NotAccepted::Older { theirs: 6, ours: 7 }));
    assert!(matches!(table.accepts(&newer(8, "other")), Err(NotAccepted::Cluster { .. })));
    assert_eq!(Table::empty("uid").accepts(&newer(0, "uid")), Ok(()));
}

#[test]
fn keys_are_spread_evenly() {
    let names = ["demo-origin-0", "demo-origin-1", "demo-origin-2", "demo-origin-3"];
    let table = Table::from(document(&names.map(|name| (name, State::Active)), &[]));
    let mut counts = BTreeMap::new();

    for index in 0..40_000 {
        *counts.entry(owner(&table, &key(&format!("stream{index}")))).or_insert(0) += 1;
    }

    assert!(counts.values().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
}

fn active(names: impl IntoIterator<Item = impl AsRef<str>>) -> Table {
    let origins = names.into_iter().map(|name| origin(name.as_ref(), State::Active)).collect();
    Table::from(Document { origins, ..Document::default() })
}

proptest! {
    #[test]
    fn removing_an_origin_moves_only_its_keys_and_adding_it_moves_keys_only_to_it(
        names in btree_set("[a-z]{1,3}-[0-9]", 2..9), index: prop::sample::Index, name in "[a-z]{1,20}",
    ) {
        let leaver = names.iter().nth(index.index(names.len())).expect("an index").clone();
        let all = active(&names);
        let fewer = active(names.iter().filter(|name| **name != leaver));
        let (before, after) = (owner(&all, &key(&name)), owner(&fewer, &key(&name)));

        prop_assert!(before == after || before == Some(leaver));
        prop_assert!(after.is_some());
    }

    #[test]
    fn order_of_origins_does_not_matter(
        names in btree_set("[a-z]{1,3}-[0-9]", 2..9).prop_flat_map(|names| {
            Just(names.into_iter().collect::<Vec<_>>()).prop_shuffle()
        }),
        name in "[a-z]{1,20}",
    ) {
        let mut sorted = names.clone();
        sorted.sort();

        prop_assert_eq!(owner(&active(&names), &key(&name)), owner(&active(&sorted), &key(&name)));
    }
}
