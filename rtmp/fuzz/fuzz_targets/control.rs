//! Control messages that are understood survive being written and read again.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use livecluster_rtmp::chunk::control::Control;
use livecluster_rtmp::message::{Kind, Message};

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, bytes) = (Kind(input.0 % 8), Bytes::copy_from_slice(input.1));
    let message = Message {
        kind,
        timestamp: 0,
        stream_id: 0,
        payload: bytes,
    };
    if let Ok(Some(control)) = Control::decode(&message) {
        assert_eq!(Control::decode(&control.encode()), Ok(Some(control)));
    }
});
