//! The handshake of either side does not panic, and consumes all until it is done.
#![no_main]

use libfuzzer_sys::fuzz_target;
use livecluster_rtmp::handshake::Handshake;

fuzz_target!(|input: (bool, u16, &[u8])| {
    let (server, split, bytes) = input;
    let mut side = if server {
        Handshake::server()
    } else {
        Handshake::client()
    };
    let (mut first, mut second) = bytes.split_at(usize::from(split).min(bytes.len()));
    for piece in [&mut first, &mut second] {
        let Ok(done) = side.read(piece, &mut Vec::new()) else {
            return;
        };
        assert!(done || piece.is_empty());
    }
});
