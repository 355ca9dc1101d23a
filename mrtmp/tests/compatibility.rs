//! What earlier releases say on a link is understood by this one: a file a version in `compatibility`, with the bytes of its
//! HELLOs and of a frame of each type as it wrote them, made when it was released and never changed.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use livecluster_mrtmp::frame::{Kind, Limits, Reader, Way};
use livecluster_mrtmp::id::BootId;
use livecluster_mrtmp::link::{Config, Event, Link, Role};
use support::pair::{opening, output, secrets};
use support::{encoded, mac, unhex};

const SECRET: &str = "0123456789abcdef";
type Said = BTreeMap<String, Vec<u8>>;

#[test]
fn this_version_has_its_file() {
    assert!(releases().contains_key(env!("CARGO_PKG_VERSION")), "add it: what a part of this release says");
}

#[test]
fn frames_of_earlier_releases_are_read_without_a_loss() {
    for (release, said) in releases() {
        for (name, bytes) in frames(&said) {
            let frame = Reader::new(Limits::default()).read(&mut bytes.as_slice()).unwrap().unwrap();
            let again = encoded(&frame);

            // A later release may add optional fields, and nothing else.
            assert_eq!(again[4..][..bytes.len() - 4], bytes[4..], "{name} of {release}");
        }
    }
}

#[test]
fn every_type_of_frame_is_there() {
    let said = releases().remove(env!("CARGO_PKG_VERSION")).unwrap();
    for kind in Kind::ALL {
        assert!(frames(&said).any(|(_, bytes)| bytes[4] == kind.number()), "{kind:?}");
    }
}

#[test]
fn a_dialler_of_an_earlier_release_links_up_and_is_understood() {
    for (release, said) in releases() {
        let now = Instant::now();
        let mut listener = Link::listen(config("demo-origin-0", Role::Origin), opening(2), now);
        listener.handle_input(&said["hello-dialler"], now).unwrap();
        let answer = output(&mut listener, now);

        let proof = proof("dialler", &said["hello-dialler"], &answer);
        listener.handle_input(&proof, now).unwrap();

        assert!(matches!(listener.poll_event(), Some(Event::Up(_))), "{release}");
        understand(&mut listener, &said, Way::Up, now);
    }
}

#[test]
fn a_listener_of_an_earlier_release_is_linked_to_and_understood() {
    for (release, said) in releases() {
        let now = Instant::now();
        let mut dialler =
            Link::dial(config("demo-edge-0", Role::Edge), "demo-origin-0".into(), opening(1), now).unwrap();
        let hello = output(&mut dialler, now);
        dialler.handle_input(&said["hello-listener"], now).unwrap();
        assert_eq!(output(&mut dialler, now), proof("dialler", &hello, &said["hello-listener"]), "{release}");

        dialler.handle_input(&proof("listener", &hello, &said["hello-listener"]), now).unwrap();

        assert!(matches!(dialler.poll_event(), Some(Event::Up(_))), "{release}");
        understand(&mut dialler, &said, Way::Down, now);
    }
}

/// Takes all frames that may go this way, each as a frame.
fn understand(link: &mut Link, said: &Said, way: Way, now: Instant) {
    for (name, bytes) in frames(said) {
        let seen = Kind::from_number(bytes[4]).unwrap().way();
        if [Way::Link, Way::Both, way].contains(&seen) {
            link.handle_input(bytes, now).unwrap();
            assert!(matches!(link.poll_event(), Some(Event::Frame(_))), "{name}");
        }
    }
}

/// The proof of an edge's or an origin's side on their link, with the HELLOs as they went, magic first.
fn proof(side: &str, dialler: &[u8], listener: &[u8]) -> Vec<u8> {
    let key = mac(SECRET.as_bytes(), &[b"mrtmp link key 1", &[1, 2]]);
    let label = format!("mrtmp {side}'s proof 1");
    let mut bytes = unhex("00000022 02 01");
    bytes.extend(mac(&key, &[label.as_bytes(), &dialler[4..], &listener[4..]]));
    bytes
}

fn config(name: &str, role: Role) -> Arc<Config> {
    Arc::new(Config::new("cluster".into(), name.into(), role, BootId(7), secrets(&[SECRET])))
}

fn frames(said: &Said) -> impl Iterator<Item = (&String, &Vec<u8>)> {
    said.iter().filter(|(name, _)| !name.starts_with("hello-"))
}

fn releases() -> BTreeMap<String, Said> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compatibility");
    let file = |entry: fs::DirEntry| {
        let said = fs::read_to_string(entry.path()).unwrap();
        let said = said.lines().filter_map(|line| line.split_once(' '));
        let said = said.map(|(name, bytes)| (name.to_owned(), unhex(bytes))).collect();
        (entry.file_name().into_string().unwrap(), said)
    };
    fs::read_dir(directory).unwrap().map(|entry| file(entry.unwrap())).collect()
}
