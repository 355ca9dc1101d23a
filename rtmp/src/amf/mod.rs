//! What both versions of the Action Message Format share: strings, limits and errors. See [`crate::amf0`] and [`crate::amf3`].

#![deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod input;
mod text;

pub(crate) use input::Input;
pub use text::Text;
#[cfg(test)]
pub(crate) use text::tests::any_text;

/// What a peer may make a decoder build, of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Values inside each other, the outermost and the innermost counted.
    pub depth: usize,
    /// Values in all, those inside others counted, and the names of AMF3 classes' members.
    pub values: usize,
    /// Bytes of one string.
    pub string: usize,
}

impl Default for Limits {
    /// 32 levels, 4096 values, strings of 64 KiB.
    fn default() -> Self {
        Self { depth: 32, values: 4096, string: 64 << 10 }
    }
}

/// Why bytes are no value, or a value cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes end inside of a value.
    #[error("{what} needs {needed} bytes, {left} are left")]
    Truncated {
        /// The part of the value that is not whole.
        what: &'static str,
        /// Its length in bytes.
        needed: usize,
        /// The bytes that are there.
        left: usize,
    },
    /// A type that does not exist, or that the specification reserves.
    #[error("marker {0:#04x} is not that of a type")]
    Marker(u8),
    /// More than [`Limits::depth`].
    #[error("values inside each other exceed the limit of {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// More than [`Limits::values`].
    #[error("values exceed the limit of {limit}")]
    TooManyValues {
        /// The limit.
        limit: usize,
    },
    /// A string above [`Limits::string`] when read, or above what its length field holds when written.
    #[error("{what} of length {length} exceeds the limit of {limit}")]
    TooLong {
        /// The part of the value that is too long.
        what: &'static str,
        /// Its length, in bytes or in elements.
        length: usize,
        /// The limit in the same unit.
        limit: usize,
    },
    /// A string that is not UTF-8.
    #[error("string is not utf-8 from byte {valid} on")]
    NotUtf8 {
        /// The length in bytes of the part that is.
        valid: usize,
    },
    /// An AMF3 reference to something that has not been sent.
    #[error("reference to {what} {index}, of which there are {count}")]
    Reference {
        /// What is referred to.
        what: &'static str,
        /// The index that was sent.
        index: u32,
        /// How many there are.
        count: usize,
    },
    /// An AMF3 object in a format that only its class knows (AMF3 3.12).
    #[error("externalizable class {0:?} cannot be read")]
    Externalizable(Text),
    /// An AMF3 member without a name: the empty name ends the members (AMF3 3.11, 3.12).
    #[error("member without a name")]
    EmptyName,
}
