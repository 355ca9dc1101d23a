//! Links over real sockets.
#![cfg(feature = "io")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Have, Media};
use livecluster_mrtmp::id::Channel;
use livecluster_mrtmp::io::{Connection, Endpoint, Error, Reason, accept, dial};
use livecluster_mrtmp::link::{self, Config, Refusal};
use support::pair::{edge, opening, origin, secrets};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Notify, watch};

const FRAMES: u64 = 10_000;

#[tokio::test]
async fn ten_thousand_frames_each_way_at_once_pass_a_small_window_in_order() {
    let (dialled, accepted) = connected().await;
    let (done, _) = watch::channel(0);
    let (mut up, mut down) = (Flood::new(&done), Flood::new(&done));
    let counters = dialled.counters();
    let wake = Notify::new();

    tokio::join!(dialled.run(&mut up, &wake, both(&done)), accepted.run(&mut down, &wake, both(&done)));

    assert_eq!((up.received, down.received), (FRAMES, FRAMES));
    assert_eq!(counters.frames_out(), FRAMES);
    assert!(counters.frames_in() >= FRAMES);
    assert!(counters.bytes_in() > FRAMES * 22 && counters.bytes_out() > FRAMES * 22);
}

#[tokio::test]
async fn an_endpoint_that_is_woken_sends_at_once() {
    let (dialled, accepted) = connected().await;
    let (done, _) = watch::channel(0);
    let wake = Arc::new(Notify::new());
    let (mut sender, mut receiver) = (Flood::new(&done), Flood::new(&done));
    (sender.next, receiver.next) = (FRAMES - 1, FRAMES);
    receiver.received = FRAMES - 1;
    let one = async { done.subscribe().wait_for(|done| *done == 1).await.map(|_| ()).unwrap() };
    let quiet = Notify::new();

    wake.notify_one();
    let reason = tokio::select! {
        reason = dialled.run(&mut sender, &wake, pending()) => reason,
        reason = accepted.run(&mut receiver, &quiet, one) => reason,
    };

    assert!(matches!(reason, Reason::Shutdown), "{reason:?}");
    assert_eq!(receiver.received, FRAMES);
}

#[tokio::test]
async fn a_peer_that_shuts_down_says_goodbye_and_closes() {
    let (dialled, accepted) = connected().await;
    let (mut quiet, mut away) = (Quiet::default(), Quiet::default());
    let wake = Notify::new();

    let (reason, _) = tokio::join!(dialled.run(&mut quiet, &wake, pending()), accepted.run(&mut away, &wake, async {}));

    assert!(matches!(reason, Reason::Link(Error::Closed)), "{reason:?}");
    assert!(matches!(quiet.frames.last(), Some(Frame::GoAway(_))), "{:?}", quiet.frames);
}

#[tokio::test]
async fn both_sides_of_a_refused_handshake_hear_why() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stranger = Config { secrets: secrets(&["another secret of length"]), ..edge() };
    let accepting = async {
        let (stream, _) = listener.accept().await.unwrap();
        accept(stream, origin().into(), opening(2)).await
    };
    let patience = Duration::from_secs(5);

    let (dialled, accepted) =
        tokio::join!(dial(address, patience, stranger.into(), "origin-0".into(), opening(1)), accepting);

    let refused = dialled.unwrap_err();
    assert!(matches!(refused, Error::Link(link::Error::RefusedByPeer(Refusal::Proof))), "{refused:?}");
    let refused = accepted.unwrap_err();
    assert!(matches!(refused, Error::Link(link::Error::PeerRefused(Refusal::Proof))), "{refused:?}");
}

#[tokio::test]
async fn an_endpoint_that_refuses_a_frame_ends_the_link() {
    let (dialled, accepted) = connected().await;
    let mut sender = Quiet { send: vec![Frame::Media(support::media(0, &[]))], ..Quiet::default() };
    let mut strict = Quiet { refuses: true, ..Quiet::default() };
    let wake = Notify::new();

    let (_, reason) =
        tokio::join!(dialled.run(&mut sender, &wake, pending()), accepted.run(&mut strict, &wake, pending()));

    assert!(matches!(reason, Reason::Endpoint("refused")), "{reason:?}");
}

#[tokio::test]
async fn a_frame_that_has_no_place_is_not_sent_and_ends_the_link() {
    let (dialled, accepted) = connected().await;
    let have = Have { channel: Channel(1), next: 1 };
    let mut wrong = Quiet { send: vec![Frame::Have(have)], ..Quiet::default() };
    let mut other = Quiet::default();
    let wake = Notify::new();

    let (reason, _) =
        tokio::join!(dialled.run(&mut wrong, &wake, pending()), accepted.run(&mut other, &wake, pending()));

    assert!(matches!(reason, Reason::Link(Error::Link(link::Error::Misplaced { kind: 0x15 }))), "{reason:?}");
    assert!(other.frames.iter().all(|frame| matches!(frame, Frame::Heartbeat(_))));
}

/// Sends numbered frames until all are sent, and checks those that come.
struct Flood {
    next: u64,
    received: u64,
    done: watch::Sender<u32>,
}

impl Flood {
    fn new(done: &watch::Sender<u32>) -> Self {
        Self { next: 0, received: 0, done: done.clone() }
    }
}

impl Endpoint for Flood {
    type Error = Infallible;

    fn handle_frame(&mut self, frame: Frame, _now: Instant) -> Result<(), Infallible> {
        if let Frame::Media(media) = frame {
            assert_eq!(media, numbered(self.received));
            self.received += 1;
            if self.received == FRAMES {
                self.done.send_modify(|done| *done += 1);
            }
        }
        Ok(())
    }

    fn poll_frame(&mut self, _now: Instant) -> Option<Frame> {
        let sequence = self.next;
        (sequence < FRAMES).then(|| {
            self.next += 1;
            Frame::Media(numbered(sequence))
        })
    }

    fn generation(&self) -> u64 {
        1
    }
}

#[derive(Default)]
struct Quiet {
    send: Vec<Frame>,
    frames: Vec<Frame>,
    refuses: bool,
}

impl Endpoint for Quiet {
    type Error = &'static str;

    fn handle_frame(&mut self, frame: Frame, _now: Instant) -> Result<(), &'static str> {
        let refused = self.refuses && matches!(frame, Frame::Media(_));
        self.frames.push(frame);
        if refused { Err("refused") } else { Ok(()) }
    }

    fn poll_frame(&mut self, _now: Instant) -> Option<Frame> {
        self.send.pop()
    }

    fn generation(&self) -> u64 {
        1
    }
}

/// Sizes from 0 to 2 kB, contents by number.
fn numbered(sequence: u64) -> Media {
    let byte = u8::try_from(sequence % 251).unwrap();
    let length = usize::try_from(sequence * 37 % 2000).unwrap();
    Media { id: 1, sequence, timestamp: 40, kind: 9, payload: Bytes::from(vec![byte; length]) }
}

async fn both(done: &watch::Sender<u32>) {
    done.subscribe().wait_for(|done| *done == 2).await.unwrap();
}

/// A link over loopback with small windows.
async fn connected() -> (Connection, Connection) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 * 1024).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 * 1024).unwrap();
    let connecting = socket.connect(listener.local_addr().unwrap());
    let (dialled, accepted) = tokio::join!(connecting, listener.accept());
    let (dialled, accepted) = tokio::join!(
        Connection::dial(dialled.unwrap(), edge().into(), "origin-0".into(), opening(1)),
        accept(accepted.unwrap().0, origin().into(), opening(2)),
    );
    (dialled.unwrap(), accepted.unwrap())
}
