//! Any bytes, in two pieces, into a reader of frames: what it finds must come back when written and read again.
#![no_main]

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Limits, Reader};

libfuzzer_sys::fuzz_target!(|input: (u16, &[u8])| {
    let (at, bytes) = input;
    let (first, second) = bytes.split_at(usize::from(at).min(bytes.len()));
    let mut reader = Reader::new(Limits::default());
    for mut piece in [first, second] {
        loop {
            match reader.read(&mut piece) {
                Ok(Some(frame)) => assert_eq!(again(&frame), Some(frame)),
                Ok(None) => break,
                Err(_) => return,
            }
        }
        assert!(piece.is_empty());
    }
});

fn again(frame: &Frame) -> Option<Frame> {
    let mut bytes = Vec::new();
    frame
        .encode(&mut bytes)
        .expect("what was read can be written");
    let read = Reader::new(Limits::default()).read(&mut bytes.as_slice());
    read.expect("what was written can be read")
}
