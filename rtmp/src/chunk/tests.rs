//! The reader and the writer against hand-made bytes, each other and another implementation.
#![allow(clippy::arithmetic_side_effects)]

mod limits;
mod oracle;
mod reader;
mod writer;

use super::*;
use crate::Message;
use bytes::Bytes;

fn message(kind: Kind, timestamp: u32, payload: impl Into<Bytes>) -> Message {
    Message { kind, timestamp, stream_id: 1, payload: payload.into() }
}

fn payload(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 251) as u8).collect()
}

/// Limits that refuse nothing that the protocol allows.
fn unlimited() -> Limits {
    Limits { message: MAX_MESSAGE_LEN, partials: usize::MAX, chunk_streams: usize::MAX }
}

fn read_all(reader: &mut Reader, mut input: &[u8]) -> Result<Vec<Message>, Error> {
    let mut messages = Vec::new();
    while let Some(message) = reader.read(&mut input)? {
        messages.push(message);
    }
    assert!(input.is_empty());
    Ok(messages)
}

fn read_split(reader: &mut Reader, input: &[u8], step: usize) -> Result<Vec<Message>, Error> {
    let mut messages = Vec::new();
    for piece in input.chunks(step) {
        messages.extend(read_all(reader, piece)?);
    }
    Ok(messages)
}

fn set_chunk_size(size: u32) -> Vec<u8> {
    let mut wire = Vec::new();
    Chunked::new(2, &control::Control::SetChunkSize(size).encode(), INITIAL_CHUNK_SIZE).write(&mut wire);
    wire
}

/// A type 0 header on message stream 1, with an extended timestamp where the time needs it.
fn type_0(csid: u8, time: u32, length: usize, kind: Kind) -> Vec<u8> {
    let mut wire = vec![csid];
    wire.extend_from_slice(&time.min(0xFF_FFFF).to_be_bytes()[1..]);
    wire.extend_from_slice(&(length as u32).to_be_bytes()[1..]);
    wire.extend_from_slice(&[kind.0, 1, 0, 0, 0]);
    if time >= 0xFF_FFFF {
        wire.extend_from_slice(&time.to_be_bytes());
    }
    wire
}

fn type_1(csid: u8, delta: u32, length: usize, kind: Kind) -> Vec<u8> {
    let mut wire = type_0(csid | 0x40, delta, length, kind);
    wire.drain(8..12);
    wire
}

fn type_2(csid: u8, delta: u32) -> Vec<u8> {
    let mut wire = type_0(csid | 0x80, delta, 0, Kind::VIDEO);
    wire.drain(4..12);
    wire
}

fn type_3(csid: u8) -> Vec<u8> {
    vec![csid | 0xC0]
}

/// Reads `parts`, in one piece and byte by byte: both must give the same.
fn read(parts: &[&[u8]]) -> Result<Vec<Message>, Error> {
    let wire = parts.concat();
    let whole = read_all(&mut Reader::new(Limits::default()), &wire);
    for step in [1, 3] {
        assert_eq!(read_split(&mut Reader::new(Limits::default()), &wire, step), whole, "in pieces of {step}");
    }
    whole
}
