//! The examples in PROTOCOL.md are what this crate reads and writes.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Kind, Limits, Reader};
use livecluster_mrtmp::id::BootId;
use livecluster_mrtmp::link::{Config, Error, Link, Opening, Refusal, Role};
use support::examples::{GENERATION, frames};
use support::pair::{output, secrets};
use support::{encoded, mac, unhex};

const PROTOCOL: &str = include_str!("../PROTOCOL.md");
const SECRET: &str = "0123456789abcdef";

#[test]
fn each_example_of_a_frame_decodes_to_its_fields_and_encodes_to_its_bytes() {
    let examples = examples();
    for (name, frame) in frames() {
        let bytes = &examples[name];

        assert_eq!(read(bytes), Some(frame.clone()), "{name}");
        assert_eq!(encoded(&frame), *bytes, "{name}");
    }
}

#[test]
fn every_type_of_frame_has_an_example_and_its_number() {
    let examples = frames();
    for kind in Kind::ALL {
        let number = format!("** {:#04x}", kind.number());

        assert!(examples.iter().any(|(_, frame)| frame.kind() == *kind), "{kind:?}");
        assert!(PROTOCOL.contains(&number), "{kind:?}: {number}");
    }
}

#[test]
fn every_example_is_known_here() {
    let other = [
        "optional",
        "skipped",
        "refuse",
        "link-key",
        "hello-dialler",
        "hello-listener",
        "proof-dialler",
        "proof-listener",
    ];
    let known: Vec<&str> = frames().into_iter().map(|(name, _)| name).chain(other).collect();

    for name in examples().into_keys() {
        assert!(known.contains(&name), "{name}");
    }
}

#[test]
fn what_version_1_does_not_know_is_skipped() {
    let examples = examples();

    assert_eq!(read(&examples["optional"]), read(&examples["have"]));
    assert_eq!(read(&examples["skipped"]), None);
}

#[test]
fn a_handshake_says_what_the_examples_say() {
    let (examples, now) = (examples(), Instant::now());
    let mut dialler = Link::dial(edge(), "demo-origin-0".into(), opening(0x11, 1), now).unwrap();
    let mut listener = Link::listen(origin(), opening(0x22, 0), now);

    for (name, answer) in [("hello-dialler", "hello-listener"), ("proof-dialler", "proof-listener")] {
        let said = output(&mut dialler, now);
        assert_eq!(said, examples[name], "{name}");
        listener.handle_input(&said, now).unwrap();
        let said = output(&mut listener, now);
        // The first heartbeat follows the proof.
        assert_eq!(said[..examples[answer].len()], examples[answer], "{answer}");
        dialler.handle_input(&said, now).unwrap();
    }

    assert_eq!(listener.peer().unwrap().name, "demo-edge-0".into());
    assert_eq!(dialler.peer().unwrap().boot, BootId(0x0a));
}

#[test]
fn proofs_are_made_as_described() {
    let examples = examples();
    let key = mac(SECRET.as_bytes(), &[b"mrtmp link key 1", &[1, 2]]);
    let hellos = [&examples["hello-dialler"][4..], &examples["hello-listener"][4..]];
    let proof = |label: &str| mac(&key, &[label.as_bytes(), hellos[0], hellos[1]]);

    assert_eq!(key, examples["link-key"]);
    assert_eq!(proof("mrtmp dialler's proof 1"), examples["proof-dialler"][6..]);
    assert_eq!(proof("mrtmp listener's proof 1"), examples["proof-listener"][6..]);
}

#[test]
fn a_refusal_is_read_as_described() {
    let now = Instant::now();
    let mut dialler = Link::dial(edge(), "demo-origin-0".into(), opening(0x11, 1), now).unwrap();

    let refused = dialler.handle_input(&examples()["refuse"], now);

    assert_eq!(refused, Err(Error::RefusedByPeer(Refusal::Busy)));
}

fn edge() -> Arc<Config> {
    config("demo-edge-0", Role::Edge, 0x0e)
}

fn origin() -> Arc<Config> {
    config("demo-origin-0", Role::Origin, 0x0a)
}

fn config(name: &str, role: Role, boot: u64) -> Arc<Config> {
    Arc::new(Config::new("cluster".into(), name.into(), role, BootId(boot), secrets(&[SECRET])))
}

fn opening(nonce: u8, number: u64) -> Opening {
    Opening { nonce: [nonce; 32], number, generation: GENERATION }
}

fn read(mut bytes: &[u8]) -> Option<Frame> {
    let frame = Reader::new(Limits::default()).read(&mut bytes).unwrap();
    assert!(bytes.is_empty());
    frame
}

fn examples() -> BTreeMap<&'static str, Vec<u8>> {
    let blocks = PROTOCOL.split("```hex ").skip(1);
    blocks
        .map(|block| {
            let (name, rest) = block.split_once('\n').unwrap();
            (name, unhex(rest.split("```").next().unwrap()))
        })
        .collect()
}
