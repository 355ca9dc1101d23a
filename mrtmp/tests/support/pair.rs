//! Two links and a clock that goes when told to.

use std::sync::Arc;
use std::time::{Duration, Instant};

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::id::BootId;
use livecluster_mrtmp::link::{Config, Error, Event, Link, Opening, Peer, Refusal, Role, Secrets};

pub const SECRET: &str = "the secret of these tests";

pub struct Pair {
    pub now: Instant,
    pub dialler: Link,
    pub listener: Link,
}

impl Pair {
    /// An edge that dials an origin; nothing is sent yet.
    pub fn new(dialler: Config, listener: Config) -> Self {
        Self::expecting("origin-0", dialler, listener)
    }

    pub fn expecting(name: &str, dialler: Config, listener: Config) -> Self {
        let now = Instant::now();
        Self {
            now,
            dialler: Link::dial(Arc::new(dialler), name.into(), opening(1), now).unwrap(),
            listener: Link::listen(Arc::new(listener), opening(2), now),
        }
    }

    /// With the handshake behind it.
    pub fn up() -> Self {
        let mut pair = Self::new(edge(), origin());
        pair.settle();
        assert_eq!(pair.dialler_up().name, "origin-0".into());
        assert_eq!(pair.listener_up().name, "edge-0".into());
        pair.dialler_frames();
        pair.listener_frames();
        pair
    }

    /// Carries bytes both ways until both have said all. The results of the dialler and of the listener.
    pub fn exchange(&mut self) -> (Result<(), Error>, Result<(), Error>) {
        let mut results = (Ok(()), Ok(()));
        loop {
            let (up, down) = (output(&mut self.dialler, self.now), output(&mut self.listener, self.now));
            if up.is_empty() && down.is_empty() {
                return results;
            }
            carry(&up, &mut self.listener, self.now, &mut results.1);
            carry(&down, &mut self.dialler, self.now, &mut results.0);
        }
    }

    /// [`Self::exchange`] without an error.
    pub fn settle(&mut self) {
        assert_eq!(self.exchange(), (Ok(()), Ok(())));
    }

    pub fn pass(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
    }

    pub fn dialler_up(&mut self) -> Peer {
        up(&mut self.dialler)
    }

    pub fn listener_up(&mut self) -> Peer {
        up(&mut self.listener)
    }

    pub fn dialler_frames(&mut self) -> Vec<Frame> {
        frames(&mut self.dialler)
    }

    pub fn listener_frames(&mut self) -> Vec<Frame> {
        frames(&mut self.listener)
    }
}

pub fn edge() -> Config {
    config("edge-0", Role::Edge)
}

pub fn origin() -> Config {
    config("origin-0", Role::Origin)
}

pub fn operator() -> Config {
    config("operator-0", Role::Operator)
}

pub fn config(name: &str, role: Role) -> Config {
    Config::new("cluster".into(), name.into(), role, BootId(7), secrets(&[SECRET]))
}

pub fn secrets(texts: &[&str]) -> Secrets {
    Secrets::new(texts.iter().map(|text| text.as_bytes().to_vec()).collect()).unwrap()
}

/// The byte stands for randomness.
pub fn opening(byte: u8) -> Opening {
    Opening { nonce: [byte; 32], number: byte.into(), generation: 100 }
}

pub fn output(link: &mut Link, now: Instant) -> Vec<u8> {
    let mut bytes = Vec::new();
    link.poll_output(now, &mut bytes);
    bytes
}

fn carry(bytes: &[u8], to: &mut Link, now: Instant, result: &mut Result<(), Error>) {
    if result.is_ok() && !bytes.is_empty() {
        *result = to.handle_input(bytes, now);
    }
}

fn up(link: &mut Link) -> Peer {
    let Some(Event::Up(peer)) = link.poll_event() else { panic!("the link is not up") };
    peer
}

/// All frames that came, without heartbeats.
fn frames(link: &mut Link) -> Vec<Frame> {
    std::iter::from_fn(|| link.poll_event())
        .filter_map(|event| match event {
            Event::Frame(Frame::Heartbeat(_)) | Event::Up(_) => None,
            Event::Frame(frame) => Some(frame),
        })
        .collect()
}

/// One side refuses, the other hears why.
pub fn both_refused(refusal: Refusal) -> (Result<(), Error>, Result<(), Error>) {
    (Err(Error::RefusedByPeer(refusal)), Err(Error::PeerRefused(refusal)))
}
