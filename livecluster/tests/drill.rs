//! `livecluster drill` in short: every fault once, with a few clients. How long gaps are says nothing on a busy machine.

mod support;

use support::livecluster;

#[test]
fn cluster_keeps_its_promises_under_every_fault() {
    let load = ["--publishers", "6", "--viewers", "24", "--faults-each", "1", "--gap-limit", "60s"];

    let output = livecluster().arg("drill").args(load).output().expect("it runs");

    // The table begins with the seed that repeats its choices.
    println!("{}\n{}", String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    assert_eq!(output.status.code(), Some(0));
}
