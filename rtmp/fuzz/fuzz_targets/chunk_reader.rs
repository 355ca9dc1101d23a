//! The chunk reader gives the same messages in one piece and in two, and does not panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use livecluster_rtmp::Message;
use livecluster_rtmp::chunk::{Error, Limits, Reader};

fuzz_target!(|input: (u16, &[u8])| {
    let (split, bytes) = input;
    let (first, second) = bytes.split_at(usize::from(split).min(bytes.len()));
    assert_eq!(read(&[first, second]), read(&[bytes]));
});

fn read(pieces: &[&[u8]]) -> (Vec<Message>, Option<Error>) {
    let (mut reader, mut messages) = (Reader::new(Limits::default()), Vec::new());
    for mut piece in pieces.iter().copied() {
        loop {
            match reader.read(&mut piece) {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    (messages, None)
}
