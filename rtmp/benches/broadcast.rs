//! What a log costs its writer and its readers: `cargo bench -p livecluster-rtmp --bench broadcast`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput};
use livecluster_rtmp::Message;
use livecluster_rtmp::broadcast::{Append, Broadcast, Budget, Cursor, Limits, Step};
use livecluster_rtmp::message::Kind;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    write(&mut criterion);
    step(&mut criterion);
    criterion.final_summary();
}

/// Messages written at a time: 15 seconds of a stream, so that as many leave the log as come.
const MESSAGES: u64 = 1000;
/// Between two messages of a stream with 25 frames and 43 pieces of audio a second.
const INTERVAL: Duration = Duration::from_millis(15);

/// A publisher's edge numbers; an origin and a viewers' edge take what is numbered.
fn write(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("log");
    group.throughput(Throughput::Elements(MESSAGES));
    group.bench_function(format!("push and trim {MESSAGES}"), |bencher| {
        bencher.iter_batched_ref(
            || log_of(MESSAGES),
            |log| counted(|| write_all(log, |log, message, _, now| log.push(message, now))),
            BatchSize::SmallInput,
        );
    });
    group.bench_function(format!("append and trim {MESSAGES}"), |bencher| {
        bencher.iter_batched_ref(
            || log_of(MESSAGES),
            |log| counted(|| write_all(log, |log, message, number, now| log.append(number, message, now))),
            BatchSize::SmallInput,
        );
    });
}

/// Readers that keep up: each takes what came since its last look, six messages as an edge gathers in 100 ms.
fn step(criterion: &mut Criterion) {
    let log = log_of(MESSAGES);
    let mut group = criterion.benchmark_group("step");
    for count in [1, 1000] {
        let cursors = vec![Cursor::at(MESSAGES - 6); count];
        group.throughput(Throughput::Elements(cursors.len() as u64));
        group.bench_function(format!("{count} cursors"), |bencher| {
            bencher.iter_batched_ref(
                || cursors.clone(),
                |cursors| counted(|| cursors.iter_mut().map(|cursor| read(&log, cursor)).sum::<usize>()),
                BatchSize::SmallInput,
            );
        });
    }
}

fn read(log: &Broadcast, cursor: &mut Cursor) -> usize {
    let mut bytes = 0;
    while let Step::Read = cursor.step(log) {
        for entry in log.range(cursor.next()) {
            bytes += entry.message.payload.len();
        }
        cursor.advance_to(log.next());
    }
    bytes
}

/// A log as a process keeps it that has many.
fn log_of(messages: u64) -> Broadcast {
    let shared = Some(Arc::new(Budget::new(1 << 30)));
    let mut log = Broadcast::starting_at(0, Limits { shared, ..Limits::default() });
    let began = Instant::now();
    for number in 0..messages {
        log.push(message(number), began + INTERVAL * u32::try_from(number).unwrap_or(u32::MAX));
    }
    log
}

fn write_all(log: &mut Broadcast, mut write: impl FnMut(&mut Broadcast, Message, u64, Instant) -> Append) {
    let mut now = log.last().map_or_else(Instant::now, |entry| entry.at);
    let first = log.next();
    for number in first..first + MESSAGES {
        now += INTERVAL;
        assert_eq!(write(log, message(number), number, now), Append::Appended);
        log.trim(u64::MAX, now);
    }
}

/// A keyframe each 2 seconds, and audio between the frames.
fn message(number: u64) -> Message {
    const KEYFRAME: &[u8] = &[0x17; 2800];
    const FRAME: &[u8] = &[0x27; 2800];
    const AUDIO: &[u8] = &[0xaf; 370];
    let (kind, payload) = match number % 136 {
        0 => (Kind::VIDEO, KEYFRAME),
        odd if odd % 2 == 1 => (Kind::AUDIO, AUDIO),
        _ => (Kind::VIDEO, FRAME),
    };
    let timestamp = u32::try_from(number * 15).unwrap_or(u32::MAX);
    Message { kind, timestamp, stream_id: 1, payload: payload.into() }
}

/// What `instructions` counts.
#[inline(never)]
fn counted<T>(run: impl FnOnce() -> T) -> T {
    black_box(run())
}
