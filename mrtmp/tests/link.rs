//! Links that are up: heartbeats, silence, frames and their direction.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::time::Duration;

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::limit::MIN_PAYLOAD;
use livecluster_mrtmp::frame::{self, GoAway, Heartbeat, Kind, Limits, Streams, Trim};
use livecluster_mrtmp::id::*;
use livecluster_mrtmp::link::{Config, Error, Event};
use support::media;
use support::pair::{Pair, edge, operator, origin, output};

#[test]
fn frames_arrive_in_the_order_sent() {
    let mut pair = Pair::up();
    let frames = [trim(1), Frame::Media(media(5, b"payload")), trim(2)];

    frames.iter().for_each(|frame| pair.dialler.send(frame).unwrap());
    pair.settle();

    assert_eq!(pair.listener_frames(), frames);
}

#[test]
fn a_heartbeat_overtakes_frames_that_wait() {
    let mut pair = Pair::up();
    pair.dialler.send(&trim(1)).unwrap();
    pair.pass(300);
    pair.dialler.handle_timeout(pair.now).unwrap();

    let bytes = output(&mut pair.dialler, pair.now);

    assert_eq!(bytes[4], Kind::Heartbeat.number());
    assert!(bytes.ends_with(&support::encoded(&trim(1))));
}

#[test]
fn heartbeats_that_nobody_writes_do_not_pile_up() {
    let mut pair = Pair::up();
    for _ in 0..3 {
        pair.pass(300);
        pair.dialler.handle_timeout(pair.now).unwrap();
    }

    let beat = Frame::Heartbeat(Heartbeat::default());
    assert_eq!(output(&mut pair.dialler, pair.now).len(), support::encoded(&beat).len());
}

#[test]
fn silence_is_found_after_1200_ms_and_not_before() {
    let mut pair = Pair::up();
    let mut heartbeats = 0;
    let silent = loop {
        pair.now = pair.dialler.deadline().unwrap();
        match pair.dialler.handle_timeout(pair.now) {
            Ok(()) => heartbeats += 1,
            Err(error) => break error,
        }
    };

    assert_eq!(silent, Error::Silent(Duration::from_millis(1200)));
    assert_eq!(heartbeats, 3);
    assert_eq!(pair.dialler.deadline(), None);
}

#[test]
fn any_byte_counts_as_life() {
    let mut pair = Pair::up();
    pair.listener.send(&Frame::Media(media(1, &[0; 999]))).unwrap();
    let bytes = output(&mut pair.listener, pair.now);

    for byte in &bytes[..5] {
        pair.pass(299);
        pair.dialler.handle_input(&[*byte], pair.now).unwrap();
        pair.pass(1);
        pair.dialler.handle_timeout(pair.now).unwrap();
    }
}

#[test]
fn a_process_that_did_not_run_does_not_blame_its_peer() {
    let mut pair = Pair::up();
    pair.pass(300 + 1201);

    let frozen = Error::Frozen(Duration::from_millis(1201));
    assert_eq!(pair.dialler.handle_timeout(pair.now), Err(frozen.clone()));
    // Nor does it look at what came meanwhile.
    assert_eq!(pair.listener.handle_input(&[0, 0, 0, 0], pair.now), Err(frozen));
}

#[test]
fn a_timer_that_is_a_little_late_gives_the_peer_that_time() {
    let mut pair = Pair::up();
    pair.pass(300 + 1100);

    assert_eq!(pair.dialler.handle_timeout(pair.now), Ok(()));
}

#[test]
fn the_round_trip_is_measured_without_the_time_that_the_peer_waited() {
    let mut pair = Pair::up();
    for _ in 0..40 {
        pair.pass(290);
        let up = output(&mut pair.dialler, pair.now);
        pair.pass(10);
        pair.listener.handle_timeout(pair.now).unwrap();
        pair.listener.handle_input(&up, pair.now).unwrap();
        let down = output(&mut pair.listener, pair.now);
        pair.pass(10);
        pair.dialler.handle_input(&down, pair.now).unwrap();
        pair.dialler.handle_timeout(pair.now).unwrap();
    }

    let rtt = pair.dialler.rtt().unwrap();
    assert!(rtt > Duration::from_millis(15) && rtt < Duration::from_millis(25), "{rtt:?}");
}

#[test]
fn an_echo_from_the_future_says_nothing() {
    let mut pair = Pair::up();
    let before = pair.dialler.rtt();
    let heartbeat = Heartbeat { sent: 1, echo: u64::MAX, generation: 0 };

    let bytes = support::encoded(&Frame::Heartbeat(heartbeat));
    pair.dialler.handle_input(&bytes, pair.now).unwrap();

    assert_eq!(pair.dialler.rtt(), before);
}

#[test]
fn heartbeats_carry_the_route_generation() {
    let mut pair = Pair::up();
    assert_eq!(pair.listener.peer_generation(), 100);
    pair.dialler.set_generation(200);
    pair.pass(300);
    pair.dialler.handle_timeout(pair.now).unwrap();
    pair.settle();

    assert_eq!(pair.listener.peer_generation(), 200);
    let Some(Event::Frame(Frame::Heartbeat(heartbeat))) = pair.listener.poll_event() else { panic!("no heartbeat") };
    assert_eq!(heartbeat.generation, 200);
}

#[test]
fn a_frame_in_the_wrong_direction_is_neither_sent_nor_taken() {
    let mut pair = Pair::up();
    let misplaced = Error::Misplaced { kind: Kind::Trim.number() };

    assert_eq!(pair.listener.send(&trim(1)), Err(misplaced.clone()));
    let bytes = support::encoded(&trim(1));
    assert_eq!(pair.dialler.handle_input(&bytes, pair.now), Err(misplaced));
    assert_eq!(pair.dialler.send(&trim(1)), Err(Error::NotUp));
}

#[test]
fn an_operator_is_told_and_tells_nothing() {
    let mut pair = Pair::expecting("origin-0", operator(), origin());
    pair.settle();
    pair.dialler_frames();
    let streams = Frame::Streams(Streams { complete: true, generation: 1, streams: Vec::new() });

    assert_eq!(pair.dialler.send(&streams), Err(Error::Misplaced { kind: 0x40 }));
    assert_eq!(pair.dialler.send(&trim(1)), Err(Error::Misplaced { kind: 0x1b }));
    pair.listener.send(&streams).unwrap();
    pair.settle();
    assert_eq!(pair.dialler_frames(), [streams]);
}

#[test]
fn a_payload_that_the_peer_does_not_take_is_not_sent() {
    let limits = Limits { payload: MIN_PAYLOAD, ..Limits::default() };
    let mut pair = Pair::new(edge(), Config { limits, ..origin() });
    pair.settle();
    let large = media(1, &[0; 65_537]);
    let refused = Err(Error::Frame(frame::Error::PayloadTooLong { length: 65_537, limit: 65_536 }));

    assert_eq!(pair.dialler.framing(Kind::Media, &large).map(|_| ()), refused);
    assert_eq!(pair.dialler.send(&Frame::Media(large.clone())), refused);
    assert!(pair.listener.framing(Kind::Media, &large).is_ok());
    assert!(pair.dialler.send(&trim(1)).is_ok());
}

#[test]
fn going_away_is_announced() {
    let mut pair = Pair::up();
    let away = Frame::GoAway(GoAway { reason: "draining".into() });

    pair.listener.send(&away).unwrap();
    pair.settle();

    assert_eq!(pair.dialler_frames(), [away]);
}

fn trim(oldest: u64) -> Frame {
    Frame::Trim(Trim { channel: Channel(1), oldest })
}
