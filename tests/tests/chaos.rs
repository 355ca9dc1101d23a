//! Random worlds with random faults. `SIM_SEEDS` is how many (2000 if not set), `SIM_SEED` runs one of them alone.

use std::thread;

use livecluster_tests::sim::chaos;

#[test]
fn random_worlds_are_sound() {
    let seeds = match number("SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIM_SEEDS").unwrap_or(SEEDS),
    };
    let middle = seeds.start + (seeds.end - seeds.start) / 2;
    let halves = [seeds.start..middle, middle..seeds.end];
    let workers = halves.map(|seeds| thread::spawn(|| failures(seeds)));
    let failures: Vec<_> = workers.into_iter().flat_map(|worker| worker.join().expect("no panic")).collect();

    assert!(failures.is_empty(), "{} seeds failed:\n{}", failures.len(), failures.join("\n"));
}

fn failures(seeds: impl Iterator<Item = u64>) -> Vec<String> {
    seeds
        .filter_map(|seed| {
            let world = chaos::run(seed, None);
            let first = world.violations.first()?;
            Some(format!("SIM_SEED={seed}: {first}"))
        })
        .collect()
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

const SEEDS: u64 = 2000;
