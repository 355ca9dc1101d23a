//! The simulation can fail: with each rule that is broken on purpose, some random world shows it.

use livecluster_tests::sim::{Breach, chaos};

/// Random worlds for each rule.
const WORLDS: u64 = 400;

#[test]
fn every_broken_rule_is_seen() {
    let unseen: Vec<_> = Breach::ALL.into_iter().filter(|breach| !is_seen(*breach)).collect();

    assert!(unseen.is_empty(), "nothing went wrong with {unseen:?}");
}

fn is_seen(breach: Breach) -> bool {
    let first = (0..WORLDS).find_map(|seed| Some((seed, chaos::run(seed, Some(breach)).violations.first()?.clone())));
    if let Some((seed, what)) = &first {
        eprintln!("{breach:?}: seed {seed}: {what}");
    }
    first.is_some()
}
