use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use clap::Parser;
use livecluster_mrtmp::link::Role;

use super::*;

#[test]
fn what_comes_after_a_freeze_is_not_handled() {
    let boot = boot();
    let start = now();
    boot.act(start, State::tick).unwrap();

    let late = boot.act(start + Duration::from_secs(2), |_, _| panic!("handled"));
    let in_time = boot.act(start, |_, _| panic!("handled"));

    assert!(matches!(late, Err::<(), _>(Over::Frozen(_))), "{late:?}");
    assert_eq!(late, in_time);
}

#[test]
fn a_clock_that_is_a_little_late_is_no_freeze() {
    let boot = boot();
    let start = now();
    boot.act(start, State::tick).unwrap();

    assert_eq!(boot.act(start + Duration::from_secs(1), |_, _| ()), Ok(()));
}

#[tokio::test]
async fn the_clock_ends_with_its_boot() {
    let boot = boot();
    let start = now();

    let (over, _) = tokio::join!(boot.keep_time(), async {
        boot.act(start + Duration::from_secs(2), |_, _| ())
    });

    assert!(matches!(over, Over::Frozen(_)), "{over:?}");
}

#[test]
fn the_next_boot_has_another_id_and_goes_on_counting() {
    let boot = boot();

    let next = boot.next().unwrap();

    assert_ne!(next.identity().boot(), boot.identity().boot());
    assert_eq!(next.identity().name(), boot.identity().name());
    assert_eq!(next.read(|state| state.snapshot(now()).boots), 2);
}

#[test]
fn a_boot_with_a_fault_in_its_state_is_over() {
    let boot = boot();

    let fault = || boot.act(now(), |_, _| panic!("a fault on purpose"));
    catch_unwind(AssertUnwindSafe(fault)).unwrap_err();

    assert_eq!(boot.act(now(), |_, _| ()), Err(Over::Fault));
}

fn boot() -> Boot {
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        config: Config,
    }
    let line = "origin --name origin-0 --routes file:routes.json --secret a-secret-of-these-tests";
    let config = Line::parse_from(line.split(' ')).config;
    let identity = Identity::new(&config.node, Role::Origin).unwrap();
    Boot::first(Arc::new(config), identity)
}
