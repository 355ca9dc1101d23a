//! What a frame costs to write and to read.
#![allow(missing_docs, reason = "criterion's macros make functions without documentation")]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Kind, Limits, Media, Reader, Stable};
use livecluster_mrtmp::id::Channel;

/// Of audio, and of a video frame at some megabits a second.
const PAYLOADS: [usize; 2] = [300, 20_000];
/// What a link reads at once.
const INPUT: usize = 64 * 1024;

fn write(criterion: &mut Criterion) {
    let media = media(20_000);
    criterion.bench_function("framing of media", |bencher| {
        bencher.iter(|| counted(|| black_box(&media).framing(Kind::Media)));
    });

    let stable = stable();
    let mut bytes = Vec::new();
    criterion.bench_function("encode STABLE of 30 edges", |bencher| {
        bencher.iter(|| {
            bytes.clear();
            counted(|| black_box(&stable).encode(&mut bytes))
        });
    });
}

fn read(criterion: &mut Criterion) {
    for payload in PAYLOADS {
        read_stream(criterion, &format!("media of {payload} bytes"), &Frame::Media(media(payload)));
    }
    read_stream(criterion, "STABLE of 30 edges", &stable());
}

/// A megabyte of one frame over and over, as it comes from a socket.
fn read_stream(criterion: &mut Criterion, name: &str, frame: &Frame) {
    let mut stream = Vec::new();
    let mut frames = 0;
    while stream.len() < 1 << 20 {
        frame.encode(&mut stream).expect("the frame is within all limits");
        frames += 1;
    }
    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Elements(frames));
    group.bench_function(format!("{frames} x {name}"), |bencher| bencher.iter(|| counted(|| read_all(&stream))));
    group.finish();
}

fn read_all(stream: &[u8]) -> usize {
    let mut reader = Reader::new(Limits::default());
    let mut frames = 0;
    for mut input in stream.chunks(INPUT) {
        while let Some(frame) = reader.read(&mut input).expect("the stream is sound") {
            black_box(frame);
            frames += 1;
        }
    }
    frames
}

fn media(payload: usize) -> Media {
    Media { id: 1, sequence: 1, timestamp: 40, kind: 9, payload: Bytes::from(vec![7; payload]) }
}

fn stable() -> Frame {
    let edges = (0..30).map(|edge| (format!("demo-edge-{edge}").into(), Some(1000))).collect();
    Frame::Stable(Stable { channel: Channel(1), next: 1000, edges })
}

/// What `instructions` counts.
#[inline(never)]
fn counted<T>(run: impl FnOnce() -> T) -> T {
    black_box(run())
}

criterion_group!(benches, write, read);
criterion_main!(benches);
