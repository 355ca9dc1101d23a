//! Placement `rendezvous-1`: every reader finds the same default origin for a key, and a change of the origins moves
//! only the keys that it must.

use std::cmp::Reverse;

use xxhash_rust::xxh3::xxh3_64;

use super::Key;

/// How much an origin wants a key; the greatest gets it. Equal weights: the name that is lower in byte order is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank<'a> {
    /// XXH3-64 with seed 0 over: the key's UTF-8 bytes, one byte 0, the origin's name in UTF-8. Neither of the two can
    /// contain a byte 0.
    pub weight: u64,
    /// The origin's name.
    pub name: Reverse<&'a str>,
}

impl<'a> Rank<'a> {
    /// The rank of the origin called `name` for `key`.
    pub fn of(key: &Key, name: &'a str) -> Self {
        let mut bytes = Vec::with_capacity(key.as_str().len() + 1 + name.len());
        bytes.extend_from_slice(key.as_str().as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(name.as_bytes());
        Self { weight: xxh3_64(&bytes), name: Reverse(name) }
    }
}

/// The placement's name in the document.
pub const PLACEMENT: &str = "rendezvous-1";
