//! The simulation can fail: with each rule that is broken on purpose, some world shows it.

use std::time::Duration;

use livecluster_tests::sim::{Breach, Cut, HEARTBEAT_LIMIT, Setup, State, World, bind, chaos};

/// Worlds for each rule.
const WORLDS: u64 = 400;
const SECOND: Duration = Duration::from_secs(1);
/// The publisher's.
const KEY: &str = "key";

/// A world of this seed, with this rule broken.
type Scenario = fn(u64, Option<Breach>) -> World;

#[test]
fn every_broken_rule_is_seen() {
    let unseen: Vec<_> = Breach::ALL.into_iter().filter(|breach| !is_seen(*breach)).collect();

    assert!(unseen.is_empty(), "nothing went wrong with {unseen:?}");
}

#[test]
fn scenarios_are_sound_while_no_rule_is_broken() {
    for scenario in [newcomer_after_a_restart, return_after_a_freeze] {
        for seed in 0..20 {
            scenario(seed, None).assert_sound();
        }
    }
}

fn is_seen(breach: Breach) -> bool {
    // Where these two are broken, older grants win in the end, as they do after a late document: random worlds allow it.
    let scenario: Scenario = match breach {
        Breach::NoAdoption => newcomer_after_a_restart,
        Breach::OldStateAfterFreeze => return_after_a_freeze,
        _ => |seed, breach| chaos::run(seed, breach),
    };
    let first = (0..WORLDS).find_map(|seed| Some((seed, scenario(seed, Some(breach)).violations.first()?.clone())));
    if let Some((seed, what)) = &first {
        eprintln!("{breach:?}: seed {seed}: {what}");
    }
    first.is_some()
}

/// Two origins, with a publisher on the first edge and a viewer on the second.
fn watched(seed: u64, breach: Option<Breach>) -> (World, String) {
    let mut world = World::new(Setup { seed, origins: 2, breach, ..Setup::default() });
    world.run_for(SECOND * 3);
    let stream = world.stream_of(0);
    world.publish_with_key(0, &stream, KEY);
    world.play(1, &stream);
    world.run_for(SECOND * 3);
    (world, stream)
}

/// Somebody else asks for the stream while its publisher's edge has not found the origin again that was started anew.
fn newcomer_after_a_restart(seed: u64, breach: Option<Breach>) -> World {
    let (mut world, stream) = watched(seed, breach);
    world.cut(0, 0, Cut::Both);
    world.kill(0);
    world.start(0);
    let newcomer = world.publish(1, &stream);
    world.run_for(SECOND / 2);
    world.mend(0, 0);
    world.run_for(SECOND * 8);

    let state = &world.publishers[newcomer].state;
    if !matches!(state, State::Refused(_)) {
        world.violations.push(format!("the newcomer is {state:?}"));
    }
    world
}

/// Somebody with the publisher's key asks while the origin is frozen, and leaves when the link is lost. The stream moves on,
/// and back when that origin goes on.
fn return_after_a_freeze(seed: u64, breach: Option<Breach>) -> World {
    let (mut world, stream) = watched(seed, breach);
    let name = world.origin_name(0);
    world.freeze(0);
    let heir = world.publish_with_key(1, &stream, KEY);
    world.run_for(HEARTBEAT_LIMIT + SECOND / 10);
    world.unpublish(heir);
    world.remove_origin(0);
    world.run_for(SECOND * 2);
    world.thaw(0);
    world.announce_origin(0);
    world.activate_origin(0);
    world.run_for(SECOND * 2);
    world.write(|document| bind(document, &stream, &name));
    world.run_for(SECOND * 5);
    world.check_following();
    world.check_no_hole();
    let state = &world.publishers[0].state;
    if *state != State::Publishing {
        world.violations.push(format!("the publisher is {state:?}"));
    }
    world
}
