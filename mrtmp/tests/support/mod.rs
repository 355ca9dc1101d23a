//! What the tests of frames and links share: any frame there can be, and bytes as people write them.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "only tests call it")]

pub mod any;
pub mod examples;
pub mod pair;
mod parts;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use livecluster_mrtmp::frame::{Frame, Media};
use livecluster_mrtmp::route::Key;
use sha2::Sha256;

pub fn encoded(frame: &Frame) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame.encode(&mut bytes).unwrap();
    bytes
}

pub fn media(sequence: u64, payload: &[u8]) -> Media {
    Media { id: 7, sequence, timestamp: 40, kind: 9, payload: Bytes::copy_from_slice(payload) }
}

pub fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

/// Hexadecimal digits; white space and what follows `;` on a line is for the reader.
pub fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .lines()
        .flat_map(|line| line.split(';').next().unwrap().chars())
        .filter(|digit| !digit.is_whitespace())
        .map(|digit| digit.to_digit(16).unwrap())
        .collect();
    assert!(digits.len().is_multiple_of(2), "half a byte in {text:?}");
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

/// HMAC-SHA256.
pub fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}
