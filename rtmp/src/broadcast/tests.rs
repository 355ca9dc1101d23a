use bytes::Bytes;

use super::*;
use crate::message::Kind;

const KEY: &[u8] = &[0x17, 1, 0, 0, 0, 9];
const INTER: &[u8] = &[0x27, 1, 0, 0, 0, 9];
const AVC_CONFIG: &[u8] = &[0x17, 0, 0, 0, 0, 1];
const AVC_CONFIG_2: &[u8] = &[0x17, 0, 0, 0, 0, 2];
const AUDIO: &[u8] = &[0xaf, 1, 7];

fn message(kind: Kind, payload: &'static [u8]) -> Message {
    Message { kind, timestamp: 0, stream_id: 1, payload: Bytes::from_static(payload) }
}

fn video(payload: &'static [u8]) -> Message {
    message(Kind::VIDEO, payload)
}

fn log_of(payloads: &[&'static [u8]]) -> Broadcast {
    let mut log = Broadcast::starting_at(0, Limits::default());
    for payload in payloads {
        let kind = if payload[0] == 0xaf { Kind::AUDIO } else { Kind::VIDEO };
        assert_eq!(log.push(message(kind, payload), Instant::now()), Append::Appended);
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

    let Step::Jump { headers, skipped } = cursor.step(&log) else { panic!("a start point is there") };

    assert_eq!((headers.len(), headers[0].sequence, skipped), (1, 0, 0));
    assert_eq!(cursor.next(), 3);
    assert!(matches!(cursor.step(&log), Step::Read));
}

#[test]
fn late_joiner_gets_the_configuration_in_force_at_its_start_and_the_newer_one_in_its_turn() {
    let log = log_of(&[AVC_CONFIG, KEY, AVC_CONFIG_2, INTER]);
    let mut cursor = Cursor::new();

    let Step::Jump { headers, .. } = cursor.step(&log) else { panic!("a start point is there") };

    assert_eq!(headers.iter().map(|header| header.sequence).collect::<Vec<_>>(), [0]);
    assert_eq!(log.range(cursor.next()).map(|entry| entry.sequence).collect::<Vec<_>>(), [1, 2, 3]);
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

    let Step::Jump { headers, skipped } = cursor.step(&log) else { panic!("it fell off the tail") };

    assert_eq!(skipped, 2);
    assert_eq!(headers.iter().map(|header| header.sequence).collect::<Vec<_>>(), [3]);
    assert_eq!(cursor.next(), 4);
}

#[test]
fn a_number_below_the_next_is_dropped_and_one_above_is_a_gap() {
    let mut log = log_of(&[KEY, INTER]);

    assert_eq!(log.append(1, video(INTER), Instant::now()), Append::Duplicate);
    assert_eq!(log.append(3, video(INTER), Instant::now()), Append::Gap);
    assert_eq!(log.append(2, video(INTER), Instant::now()), Append::Appended);
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
    let mut log = Broadcast::starting_at(0, Limits { bytes: 600, ..Limits::default() });
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

    let Step::Jump { headers, .. } = cursor.step(&log) else { panic!("a start point is there") };

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
    let mut log = Broadcast::starting_at(0, Limits { bytes: 1 << 20, ..Limits::default() });
    for _ in 0..40_000 {
        log.push(message(Kind::AUDIO, &[0xaf, 0]), Instant::now());
    }
    log.trim(u64::MAX, later(60));

    assert_eq!(log.newest_headers().len(), 1);
    assert!(log.headers(0, u64::MAX).len() < 2);
}

#[test]
fn reader_of_the_publication_before_misses_no_group_of_pictures() {
    let log = log_of(&[AVC_CONFIG, KEY, INTER, KEY, INTER]);
    let mut cursor = Cursor::following();

    let Step::Jump { headers, .. } = cursor.step(&log) else { panic!("a start point is there") };

    assert_eq!((headers.len(), cursor.next()), (1, 1));
}

fn log_within(budget: &Arc<Budget>) -> Broadcast {
    Broadcast::starting_at(0, Limits { shared: Some(Arc::clone(budget)), ..Limits::default() })
}

fn kilobytes(kind: &[u8], count: usize) -> Message {
    let payload = [kind, &vec![0; (count << 10) - kind.len()]].concat();
    Message { payload: payload.into(), ..video(KEY) }
}

#[test]
fn shared_budget_counts_what_logs_hold_and_no_longer_what_they_dropped() {
    let budget = Arc::new(Budget::new(1 << 20));
    let (mut first, mut second) = (log_within(&budget), log_within(&budget));
    first.push(video(AVC_CONFIG), Instant::now());
    second.preset(3, video(AVC_CONFIG), Instant::now());
    let of_headers = budget.held();
    first.push(kilobytes(KEY, 10), Instant::now());
    assert!((10 << 10..11 << 10).contains(&(budget.held() - of_headers)), "{}", budget.held());
    first.push(video(KEY), Instant::now());

    first.trim(u64::MAX, later(60));
    assert!(budget.held() < 1 << 10, "{}", budget.held());
    drop((first, second));

    assert_eq!(budget.held(), 0);
}

#[test]
fn log_keeps_little_more_than_its_latest_start_point_when_the_shared_budget_is_tight() {
    let budget = Arc::new(Budget::new(100 << 10));
    let (mut log, mut other) = (log_within(&budget), log_within(&budget));
    log.push(kilobytes(KEY, 10), Instant::now());
    log.push(kilobytes(KEY, 10), Instant::now());
    log.push(kilobytes(INTER, 10), Instant::now());
    other.push(kilobytes(KEY, 44), Instant::now());
    log.trim(u64::MAX, later(3));
    assert_eq!(log.oldest(), 0, "there is room for all");

    other.push(kilobytes(INTER, 5), Instant::now());
    assert!(budget.is_tight());
    assert_eq!(budget.check_room(), Ok(()));
    log.trim(u64::MAX, later(1));
    assert_eq!(log.oldest(), 0, "not all viewers may have it");
    log.trim(0, later(3));
    assert_eq!(log.oldest(), 0, "someone lacks it");
    log.trim(u64::MAX, later(3));

    assert_eq!(log.oldest(), 1);
    assert!(!log.is_over_budget());
}

#[test]
fn log_keeps_no_more_than_its_share_when_the_shared_budget_is_exceeded() {
    let budget = Arc::new(Budget::new(400 << 10));
    let (mut greedy, mut modest) = (log_within(&budget), log_within(&budget));
    modest.push(kilobytes(KEY, 80), Instant::now());
    greedy.push(kilobytes(KEY, 100), Instant::now());
    for _ in 0..3 {
        greedy.push(kilobytes(INTER, 100), Instant::now());
    }
    assert!(budget.check_room().is_err());

    modest.trim(u64::MAX, Instant::now());
    assert!(!modest.is_over_budget(), "80 KiB are below its share");
    greedy.trim(0, Instant::now());
    assert!(greedy.is_over_budget(), "400 KiB are not, and someone lacks them");
    greedy.trim(u64::MAX, Instant::now());

    assert_eq!(modest.oldest(), 0);
    assert!(!greedy.is_over_budget());
    assert!(budget.held() <= budget.limit());
}

#[test]
fn logs_keep_some_messages_however_many_share_the_budget() {
    let budget = Arc::new(Budget::new(1 << 10));
    let mut log = log_within(&budget);
    log.push(kilobytes(KEY, 60), Instant::now());

    log.trim(u64::MAX, Instant::now());

    assert_eq!(log.oldest(), 0);
    let full = budget.check_room().unwrap_err().to_string();
    assert!(full.ends_with("bytes, with a limit of 1024"), "{full}");
}
