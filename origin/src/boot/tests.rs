use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use clap::Parser;
use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Limits, Play};
use livecluster_mrtmp::id::{BootId, ClientId};
use livecluster_mrtmp::io::Endpoint;
use livecluster_mrtmp::link::{Peer, Role, VERSION};
use livecluster_mrtmp::route::Key;

use super::*;

const MAX_QUEUED: u32 = 5;

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

    let (over, _) = tokio::join!(boot.keep_time(), async { boot.act(start + Duration::from_secs(2), |_, _| ()) });

    assert!(matches!(over, Over::Frozen(_)), "{over:?}");
}

#[tokio::test]
async fn a_link_that_finds_a_freeze_ends_the_boot() {
    let boot = boot();
    let frozen = Over::Frozen(link::Error::Frozen(Duration::from_secs(2)));

    boot.end(frozen.clone());

    assert_eq!(boot.act(now(), |_, _| ()), Err(frozen.clone()));
    assert_eq!(boot.keep_time().await, frozen);
}

#[test]
fn the_next_boot_has_another_id_and_goes_on_counting() {
    let boot = boot();

    let next = boot.next().unwrap();

    assert_ne!(next.identity().boot(), boot.identity().boot());
    assert_eq!(next.identity().name(), boot.identity().name());
    assert_eq!(next.read(|state| state.snapshot().boots), 2);
}

#[test]
fn a_boot_with_a_fault_in_its_state_is_over() {
    let boot = boot();

    let fault = || boot.act(now(), |_, _| panic!("a fault on purpose"));
    catch_unwind(AssertUnwindSafe(fault)).unwrap_err();

    assert_eq!(boot.act(now(), |_, _| ()), Err(Over::Fault));
}

#[test]
fn frames_of_a_link_that_was_replaced_are_not_handled() {
    let boot = Arc::new(boot());
    let mut older = boot.link_up(edge(1)).unwrap();
    let mut newer = boot.link_up(edge(2)).unwrap();

    let late = older.handle_frame(question(), now());

    assert!(matches!(late, Err(Rejected::Replaced)), "{late:?}");
    assert_eq!(older.poll_frame(now()), None);
    drop(older);
    newer.handle_frame(question(), now()).unwrap();
    assert!(newer.poll_frame(now()).is_some());
}

#[test]
fn a_peer_that_asks_and_does_not_read_is_closed() {
    let boot = Arc::new(boot());
    let mut edge = boot.link_up(edge(1)).unwrap();
    let mut ask = || edge.handle_frame(question(), now());

    (0..MAX_QUEUED).for_each(|_| ask().unwrap());
    let unread = ask();

    assert!(matches!(unread, Err(Rejected::Unread(_))), "{unread:?}");
}

/// What is answered at once: an origin without a document owns no stream.
fn question() -> Frame {
    Frame::Play(Play {
        client: ClientId(1),
        stream_id: 1,
        key: Key::parse("live/alice").unwrap(),
        generation: 0,
        granted: false,
        asks: Arc::default(),
    })
}

fn edge(number: u64) -> Handle {
    let peer = Peer {
        name: "edge-0".into(),
        role: Role::Edge,
        boot: BootId(1),
        number,
        version: VERSION,
        generation: 0,
        limits: Limits::default(),
    };
    Handle::new(peer, Arc::default())
}

fn boot() -> Boot {
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        config: Config,
    }
    let line = "origin --name origin-0 --routes file:routes.json --secret a-secret-of-these-tests";
    let mut config = Line::parse_from(line.split(' ')).config;
    config.max_queued_frames = MAX_QUEUED;
    let identity = Identity::new(&config.node, Role::Origin).unwrap();
    Boot::first(Arc::new(config), identity, Lag::default())
}
