//! Who may link up with whom.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::time::{Duration, Instant};

use livecluster_mrtmp::frame::Limits;
use livecluster_mrtmp::frame::limit::MIN_PAYLOAD;
use livecluster_mrtmp::id::BootId;
use livecluster_mrtmp::link::*;
use proptest::prelude::*;
use support::pair::{Pair, both_refused, edge, operator, origin, output};

#[test]
fn two_parts_with_the_same_secret_link_up_and_know_each_other() {
    let limits = Limits { payload: MIN_PAYLOAD, ..Limits::default() };
    let mut pair = Pair::new(Config { limits, boot: BootId(41), ..edge() }, origin());

    assert_eq!(pair.exchange(), (Ok(()), Ok(())));

    let peer = pair.listener_up();
    assert_eq!((&*peer.name, peer.role, peer.boot, peer.number), ("edge-0", Role::Edge, BootId(41), 1));
    assert_eq!((peer.version, peer.generation, peer.limits), (VERSION, 100, limits));
    let peer = pair.dialler_up();
    assert_eq!((&*peer.name, peer.role, peer.version), ("origin-0", Role::Origin, VERSION));
    assert_eq!(pair.listener.peer().unwrap().name, "edge-0".into());
}

#[test]
fn a_handshake_in_single_bytes_is_the_same_handshake() {
    let mut pair = Pair::new(edge(), origin());

    for _ in 0..3 {
        feed_bytewise(&mut pair.dialler, &mut pair.listener, pair.now);
        feed_bytewise(&mut pair.listener, &mut pair.dialler, pair.now);
    }

    pair.dialler_up();
    pair.listener_up();
}

#[test]
fn another_cluster_is_refused() {
    let mut pair = Pair::new(Config { cluster: "other".into(), ..edge() }, origin());

    assert_eq!(pair.exchange(), both_refused(Refusal::Cluster));
}

#[test]
fn a_listener_refuses_a_dialler_that_meant_someone_else() {
    let mut pair = Pair::expecting("origin-1", edge(), origin());

    assert_eq!(pair.exchange(), both_refused(Refusal::Name));
}

#[test]
fn roles_that_have_no_links_refuse_each_other() {
    for (dialler, listener) in [(edge(), edge()), (origin(), origin()), (origin(), edge()), (edge(), operator())] {
        let name = listener.name.clone();
        let mut pair = Pair::expecting(&name, dialler, listener);

        assert_eq!(pair.exchange(), both_refused(Refusal::Role));
    }
}

#[test]
fn an_operator_links_up_with_edges_and_origins() {
    for listener in [edge(), origin()] {
        let name = listener.name.clone();
        let mut pair = Pair::expecting(&name, operator(), listener);

        assert_eq!(pair.exchange(), (Ok(()), Ok(())));
    }
}

#[test]
fn the_highest_version_that_both_speak_is_chosen() {
    let speaks = |dialler, listener| {
        let mut pair = Pair::new(Config { versions: dialler, ..edge() }, Config { versions: listener, ..origin() });
        let results = pair.exchange();
        results.0.map(|()| (pair.dialler_up().version, pair.listener_up().version))
    };

    assert_eq!(speaks(1..=2, 1..=1), Ok((1, 1)));
    assert_eq!(speaks(1..=1, 1..=2), Ok((1, 1)));
    assert_eq!(speaks(1..=2, 2..=3), Ok((2, 2)));
    assert_eq!(speaks(3..=4, 1..=2), Err(Error::RefusedByPeer(Refusal::Version)));
}

#[test]
fn optional_fields_of_a_later_hello_are_skipped() {
    let mut pair = Pair::new(edge(), origin());
    let mut hello = output(&mut pair.dialler, pair.now);
    hello.extend([0x90, 0, 2, 0xaa, 0xbb]);
    let length = u32::try_from(hello.len() - 8).unwrap();
    hello[4..8].copy_from_slice(&length.to_be_bytes());

    assert_eq!(pair.listener.handle_input(&hello, pair.now), Ok(()));
    assert!(!output(&mut pair.listener, pair.now).is_empty());
}

#[test]
fn a_busy_listener_says_so() {
    let mut pair = Pair::new(edge(), origin());

    pair.listener.refuse(Refusal::Busy);

    assert_eq!(pair.exchange().0, Err(Error::RefusedByPeer(Refusal::Busy)));
    assert_eq!(pair.listener.deadline(), None);
}

#[test]
fn a_handshake_that_stalls_ends_at_its_deadline() {
    let mut pair = Pair::new(edge(), origin());
    pair.pass(5000);

    assert_eq!(pair.listener.deadline(), Some(pair.now));
    assert_eq!(pair.listener.handle_timeout(pair.now), Err(Error::Slow(Duration::from_secs(5))));
    assert_eq!(pair.listener.handle_input(b"MRTP", pair.now), Err(Error::NotUp));
}

#[test]
fn what_is_not_mrtmp_gets_no_answer() {
    let mut pair = Pair::new(edge(), origin());

    assert_eq!(pair.listener.handle_input(b"GET / HTTP/1.1\r\n", pair.now), Err(Error::Magic));
    assert!(output(&mut pair.listener, pair.now).is_empty());
}

#[test]
fn frames_before_the_proof_are_refused() {
    let mut pair = Pair::new(edge(), origin());
    let mut said = output(&mut pair.dialler, pair.now);
    said.extend([0, 0, 0, 5, 0x16, 0, 0, 0, 1]);

    assert_eq!(pair.listener.handle_input(&said, pair.now), Err(Error::Misplaced { kind: 0x16 }));
}

#[test]
fn a_newer_link_replaces_an_older_of_the_same_boot_and_any_of_another_boot() {
    let mut pair = Pair::new(edge(), origin());
    pair.settle();
    let first = pair.listener_up();
    let second = Peer { number: 2, ..first.clone() };
    let restarted = Peer { boot: BootId(8), number: 1, ..first.clone() };
    let other = Peer { name: "edge-1".into(), number: 9, ..first.clone() };

    assert!(second.replaces(&first) && !first.replaces(&second));
    assert!(restarted.replaces(&second));
    assert!(!other.replaces(&first));
}

proptest! {
    #[test]
    fn hostile_first_bytes_never_panic(bytes: Vec<u8>, greet: bool) {
        let pair = Pair::new(edge(), origin());
        let mut said = if greet { b"MRTP".to_vec() } else { Vec::new() };
        said.extend(bytes);
        let mut listener = pair.listener;

        let _ = listener.handle_input(&said, pair.now);
    }

    #[test]
    fn a_hello_that_is_damaged_anywhere_leads_to_no_link(at in 0..160usize, flip in 1..255u8) {
        let mut pair = Pair::new(edge(), origin());
        let mut hello = output(&mut pair.dialler, pair.now);
        let at = at % hello.len();
        hello[at] ^= flip;

        let heard = pair.listener.handle_input(&hello, pair.now);
        let (dialler, listener) = pair.exchange();

        let up = pair.listener.peer().is_some() || pair.dialler.peer().is_some();
        prop_assert!(!up, "{heard:?} {dialler:?} {listener:?}");
    }
}

fn feed_bytewise(from: &mut Link, to: &mut Link, now: Instant) {
    for byte in output(from, now) {
        to.handle_input(&[byte], now).unwrap();
    }
}
