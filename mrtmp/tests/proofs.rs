//! Who can prove that it has the cluster's secret.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::sync::Arc;

use livecluster_mrtmp::link::{Config, Error, Link, Refusal, Role};
use support::pair::{Pair, both_refused, edge, opening, origin, output, secrets};

#[test]
fn a_wrong_secret_is_refused_by_the_listener_and_told_as_proof() {
    let mut pair = Pair::new(Config { secrets: secrets(&["another secret of length"]), ..edge() }, origin());

    assert_eq!(pair.exchange(), both_refused(Refusal::Proof));
}

#[test]
fn a_listener_that_does_not_know_the_secret_is_refused_by_the_dialler() {
    let (mut pair, _) = recorded();
    let mut impostor = Pair::new(edge(), Config { secrets: secrets(&["another secret of length"]), ..origin() });
    impostor.dialler = Link::dial(Arc::new(edge()), "origin-0".into(), opening(4), impostor.now).unwrap();
    let hello = output(&mut impostor.dialler, impostor.now);
    impostor.listener.handle_input(&hello, impostor.now).unwrap();
    impostor.dialler.handle_input(&output(&mut impostor.listener, impostor.now), impostor.now).unwrap();

    // It repeats the proof that it saw a true listener give.
    let proof = output(&mut pair.listener, pair.now);
    let refused = impostor.dialler.handle_input(&proof[..38], impostor.now);

    assert_eq!(refused, Err(Error::PeerRefused(Refusal::Proof)));
}

#[test]
fn a_recorded_handshake_proves_nothing_to_the_next_listener() {
    let (pair, said) = recorded();
    let mut next = Link::listen(Arc::new(origin()), opening(3), pair.now);

    assert_eq!(next.handle_input(&said, pair.now), Err(Error::PeerRefused(Refusal::Proof)));
    assert_eq!(next.poll_event(), None);
}

#[test]
fn an_operator_is_not_believed_with_the_proof_of_an_edge() {
    let (pair, mut said) = recorded();
    // The role follows magic, length, type and two versions.
    assert_eq!(said[13], Role::Edge.number());
    said[13] = Role::Operator.number();
    let mut same = Link::listen(Arc::new(origin()), opening(2), pair.now);

    assert_eq!(same.handle_input(&said, pair.now), Err(Error::PeerRefused(Refusal::Proof)));
}

#[test]
fn parts_that_share_one_secret_link_up_in_the_middle_of_a_rotation() {
    let (old, new) = ("the old secret of all", "the new secret of all");
    for (dialler, listener) in [
        (secrets(&[old]), secrets(&[new, old])),
        (secrets(&[new]), secrets(&[new, old])),
        (secrets(&[new, old]), secrets(&[old])),
        (secrets(&[new, old]), secrets(&[new])),
    ] {
        let mut pair = Pair::new(Config { secrets: dialler, ..edge() }, Config { secrets: listener, ..origin() });

        assert_eq!(pair.exchange(), (Ok(()), Ok(())));
    }
}

/// A handshake that went well, and all that the dialler said in it. The listener's proof is still to be polled.
fn recorded() -> (Pair, Vec<u8>) {
    let mut pair = Pair::new(edge(), origin());
    let mut said = output(&mut pair.dialler, pair.now);
    pair.listener.handle_input(&said, pair.now).unwrap();
    let answer = output(&mut pair.listener, pair.now);
    pair.dialler.handle_input(&answer, pair.now).unwrap();
    let proof = output(&mut pair.dialler, pair.now);
    pair.listener.handle_input(&proof, pair.now).unwrap();
    said.extend(proof);
    (pair, said)
}
