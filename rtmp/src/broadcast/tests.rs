use bytes::Bytes;

use super::*;
use crate::message::Kind;

const KEY: &[u8] = &[0x17, 1, 0, 0, 0, 9];
const INTER: &[u8] = &[0x27, 1, 0, 0, 0, 9];
const AVC_CONFIG: &[u8] = &[0x17, 0, 0, 0, 0, 1];
const AVC_CONFIG_2: &[u8] = &[0x17, 0, 0, 0, 0, 2];
const AUDIO: &[u8] = &[0xaf, 1, 7];

fn message(kind: Kind, payload: &'static [u8]) -> Message {
    Message {
        kind,
        timestamp: 0,
        stream_id: 1,
        payload: Bytes::from_static(payload),
    }
}

fn video(payload: &'static [u8]) -> Message {
    message(Kind::VIDEO, payload)
}

fn log_of(payloads: &[&'static [u8]]) -> Broadcast {
    let mut log = Broadcast::starting_at(0, Limits::default());
    for payload in payloads {
        let kind = if payload[0] == 0xaf {
            Kind::AUDIO
        } else {
            Kind::VIDEO
        };
        assert_eq!(
            log.push(message(kind, payload), Instant::now()),
            Append::Appended
        );
    }
    log
}

fn later(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

#[test]
fn late_joiner_gets_the_headers_and_then_the_latest_keyframe() {
    let log = log_of(&[AVC_CONFIG, KEY, INTER, KEY, INTER]);
    let mut cursor = Cursor::new();

    let Step::Jump { headers, skipped } = cursor.step(&log) else {
        panic!("a start point is there")
    };

    assert_eq!((headers.len(), headers[0].sequence, skipped), (1, 0, 0));
    assert_eq!(cursor.next(), 3);
    assert!(matches!(cursor.step(&log), Step::Read));
}

#[test]
fn late_joiner_gets_the_configuration_in_force_at_its_start_and_the_newer_one_in_its_turn() {
    let log = log_of(&[AVC_CONFIG, KEY, AVC_CONFIG_2, INTER]);
    let mut cursor = Cursor::new();

    let Step::Jump { headers, .. } = cursor.step(&log) else {
        panic!("a start point is there")
    };

    assert_eq!(
        headers
            .iter()
            .map(|header| header.sequence)
            .collect::<Vec<_>>(),
        [0]
    );
    assert_eq!(
        log.range(cursor.next())
            .map(|entry| entry.sequence)
            .collect::<Vec<_>>(),
        [1, 2, 3]
    );
}

#[test]
fn joiner_of_a_log_without_a_keyframe_waits_for_the_next() {
    let mut log = log_of(&[AVC_CONFIG, INTER]);
    let mut cursor = Cursor::new();
    assert!(matches!(cursor.step(&log), Step::Wait));

    log.push(video(KEY), Instant::now());

    assert!(matches!(cursor.step(&log), Step::Jump { skipped: 0, .. }));
    assert_eq!(cursor.next(), 2);
}

#[test]
fn stream_without_video_starts_at_its_newest_message() {
    let log = log_of(&[AUDIO, AUDIO, AUDIO]);

    assert_eq!(log.latest_start_point(), Some(2));
}

#[test]
fn lagging_reader_goes_on_at_the_latest_keyframe_with_what_changed_meanwhile() {
    let mut log = log_of(&[AVC_CONFIG, KEY, INTER, AVC_CONFIG_2, KEY, INTER]);
    let mut cursor = Cursor::at(2);
    log.trim(u64::MAX, later(60));
    assert_eq!(log.oldest(), 4);

    let Step::Jump { headers, skipped } = cursor.step(&log) else {
        panic!("it fell off the tail")
    };

    assert_eq!(skipped, 2);
    assert_eq!(
        headers
            .iter()
            .map(|header| header.sequence)
            .collect::<Vec<_>>(),
        [3]
    );
    assert_eq!(cursor.next(), 4);
}

#[test]
fn a_number_below_the_next_is_dropped_and_one_above_is_a_gap() {
    let mut log = log_of(&[KEY, INTER]);

    assert_eq!(
        log.append(1, video(INTER), Instant::now()),
        Append::Duplicate
    );
    assert_eq!(log.append(3, video(INTER), Instant::now()), Append::Gap);
    assert_eq!(
        log.append(2, video(INTER), Instant::now()),
        Append::Appended
    );
    assert_eq!(log.next(), 3);
}

#[test]
fn the_end_has_a_number_of_its_own_and_nothing_follows_it() {
    let mut log = log_of(&[KEY]);
    let mut cursor = Cursor::at(0);

    assert_eq!(log.finish(1), Append::Appended);

    assert_eq!(log.next(), 2);
    assert_eq!(log.push(video(KEY), Instant::now()), Append::Ended);
    assert_eq!(log.finish(1), Append::Duplicate);
    assert!(matches!(cursor.step(&log), Step::Read));
    cursor.advance_to(1);
    assert!(matches!(cursor.step(&log), Step::End));
}

#[test]
fn trimming_keeps_what_is_asked_for_the_latest_start_point_and_the_young() {
    let mut log = log_of(&[KEY, INTER, KEY, INTER, KEY, INTER]);

    log.trim(u64::MAX, Instant::now());
    assert_eq!(log.oldest(), 0, "all is young");
    log.trim(1, later(60));
    assert_eq!(log.oldest(), 1, "number 1 is still needed");
    log.trim(u64::MAX, later(60));
    assert_eq!(log.oldest(), 4, "the latest keyframe stays");
}

#[test]
fn budget_takes_even_the_latest_start_point() {
    let mut log = Broadcast::starting_at(
        0,
        Limits {
            bytes: 600,
            ..Limits::default()
        },
    );
    log.push(video(KEY), Instant::now());
    for _ in 0..8 {
        log.push(video(INTER), Instant::now());
    }

    log.trim(2, Instant::now());
    assert_eq!(log.oldest(), 2, "number 2 is still needed");
    assert!(log.is_over_budget());
    log.trim(u64::MAX, Instant::now());

    assert!(!log.is_over_budget());
    assert_eq!(log.latest_start_point(), None);
}

#[test]
fn headers_outlive_the_messages_they_came_in() {
    let mut log = log_of(&[AVC_CONFIG, KEY, INTER, KEY]);

    log.trim(u64::MAX, later(60));

    assert_eq!(log.oldest(), 3);
    assert_eq!(log.headers(0, 3).len(), 1);
}

#[test]
fn log_that_begins_in_the_middle_shows_its_preset_headers() {
    let mut log = Broadcast::starting_at(7, Limits::default());
    log.preset(2, video(AVC_CONFIG), Instant::now());
    log.append(7, video(KEY), Instant::now());
    let mut cursor = Cursor::new();

    let Step::Jump { headers, .. } = cursor.step(&log) else {
        panic!("a start point is there")
    };

    assert_eq!(headers[0].sequence, 2);
    assert_eq!(cursor.next(), 7);
}

#[test]
fn reader_that_paused_goes_on_at_the_next_keyframe() {
    let mut log = log_of(&[KEY, INTER]);
    let mut cursor = Cursor::at(1);
    cursor.wait_for_start_point(&log);
    log.push(video(INTER), Instant::now());
    assert!(matches!(cursor.step(&log), Step::Wait));

    log.push(video(KEY), Instant::now());

    assert!(matches!(cursor.step(&log), Step::Jump { skipped: 0, .. }));
    assert_eq!(cursor.next(), 3);
}

#[test]
fn headers_take_no_more_than_their_budget_whatever_comes() {
    let mut log = Broadcast::starting_at(
        0,
        Limits {
            bytes: 1 << 20,
            ..Limits::default()
        },
    );
    for _ in 0..40_000 {
        log.push(message(Kind::AUDIO, &[0xaf, 0]), Instant::now());
    }
    log.trim(u64::MAX, later(60));

    assert_eq!(log.newest_headers().len(), 1);
    assert!(log.headers(0, u64::MAX).len() < 2);
}
