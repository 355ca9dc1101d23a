//! The AMF0 decoder does not panic, and the encoder writes again what it read.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use livecluster_rtmp::amf0::{Decoder, Limits, encode};

fuzz_target!(|bytes: &[u8]| {
    let mut decoder = Decoder::new(&Bytes::copy_from_slice(bytes), Limits::default());
    while let Ok(Some(value)) = decoder.next_value() {
        encode(&value, &mut Vec::new()).expect("what was read can be written");
    }
});
