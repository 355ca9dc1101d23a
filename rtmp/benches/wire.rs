//! How fast bytes become messages and messages bytes: `cargo bench -p livecluster-rtmp --bench wire`.

use bytes::Bytes;
use criterion::{Criterion, Throughput};
use livecluster_rtmp::Message;
use livecluster_rtmp::amf0::{self, Limits, Value};
use livecluster_rtmp::chunk::{self, Chunked, Reader, control::Control};
use livecluster_rtmp::message::Kind;
use std::hint::black_box;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    read(&mut criterion);
    write(&mut criterion);
    metadata(&mut criterion);
    criterion.final_summary();
}

/// Payload and chunk sizes in bytes.
const SIZES: [(usize, u32); 5] = [(300, 4096), (5000, 128), (20_000, 4096), (20_000, 60_000), (150_000, 4096)];
/// What a socket is read by, in bytes.
const READ_LEN: usize = 64 << 10;

/// Messages as they come in, in blocks of [`READ_LEN`].
fn read(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read");
    for (length, chunk_size) in SIZES {
        let count = READ_LEN.div_ceil(length) * 4;
        let wire = wire(&message(length), chunk_size as usize).repeat(count);
        let mut reader = Reader::new(chunk::Limits { message: 1 << 20, ..chunk::Limits::default() });
        read_all(&mut reader, &set_chunk_size(chunk_size));
        group.throughput(Throughput::Bytes((count * length) as u64));
        group.bench_function(format!("{count} x {length} B, chunk {chunk_size}"), |bencher| {
            bencher.iter(|| {
                let mut blocks = wire.chunks(READ_LEN);
                assert_eq!(counted(|| blocks.by_ref().map(|block| read_all(&mut reader, block)).sum::<usize>()), count);
            });
        });
    }
}

/// Messages as they go out: cut once, and gathered.
fn write(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("write");
    for (length, chunk_size) in SIZES {
        let message = message(length);
        group.bench_function(format!("cut {length} B, chunk {chunk_size}"), |bencher| {
            bencher.iter(|| counted(|| Chunked::new(6, black_box(&message), chunk_size as usize)));
        });
        let chunked = Chunked::new(6, &message, chunk_size as usize);
        group.bench_function(format!("slices of {length} B, chunk {chunk_size}"), |bencher| {
            bencher.iter(|| counted(|| black_box(&chunked).slices(0).map(<[u8]>::len).sum::<usize>()));
        });
        let mut wire = Vec::new();
        group.bench_function(format!("copy {length} B, chunk {chunk_size}"), |bencher| {
            bencher.iter(|| {
                wire.clear();
                counted(|| black_box(&chunked).write(&mut wire));
            });
        });
    }
}

/// The onMetaData of an encoder.
fn metadata(criterion: &mut Criterion) {
    let numbers = ["duration", "fileSize", "width", "height", "videocodecid", "videodatarate", "framerate"];
    let audio = ["audiocodecid", "audiodatarate", "audiosamplerate", "audiosamplesize", "audiochannels"];
    let flags = ["stereo", "2.1", "3.1"].map(|name| (name, Value::from(true)));
    let numbers = numbers.into_iter().chain(audio).map(|name| (name, Value::from(1920.0)));
    let value = Value::ecma_array(numbers.chain(flags).chain([("encoder", "an encoder (version 1)".into())]));
    let mut wire = Vec::new();
    amf0::encode(&value, &mut wire).expect("a small value");
    let bytes = Bytes::from(wire.clone());

    criterion.bench_function("amf0 decode onMetaData", |bencher| {
        bencher.iter(|| counted(|| amf0::Decoder::new(black_box(&bytes), Limits::default()).next_value()));
    });
    criterion.bench_function("amf0 encode onMetaData", |bencher| {
        bencher.iter(|| {
            wire.clear();
            counted(|| amf0::encode(black_box(&value), &mut wire))
        });
    });
}

fn message(length: usize) -> Message {
    Message { kind: Kind::VIDEO, timestamp: 1000, stream_id: 1, payload: vec![7; length].into() }
}

fn read_all(reader: &mut Reader, mut input: &[u8]) -> usize {
    let mut count = 0;
    while let Some(message) = reader.read(&mut input).expect("valid chunks") {
        black_box(message);
        count += 1;
    }
    count
}

/// What a peer with this chunk size sends first.
fn set_chunk_size(size: u32) -> Vec<u8> {
    wire(&Control::SetChunkSize(size).encode(), chunk::INITIAL_CHUNK_SIZE)
}

fn wire(message: &Message, chunk_size: usize) -> Vec<u8> {
    let mut wire = Vec::new();
    Chunked::new(chunk::csid(message.kind), message, chunk_size).write(&mut wire);
    wire
}

/// What `instructions` counts.
#[inline(never)]
fn counted<T>(run: impl FnOnce() -> T) -> T {
    black_box(run())
}
