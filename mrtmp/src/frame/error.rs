//! Why bytes are not a frame, or a frame can't be written.

/// The peer broke the format, or, when encoding, the caller gave what the format can't hold. After an error of a
/// [`super::Reader`] frame boundaries are lost: close the link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A length of 0 leaves no room for the type.
    #[error("frame of length 0 has no type")]
    NoType,
    /// A type below 0x80 that this version does not know.
    #[error("unknown frame type {0:#04x}")]
    UnknownType(u8),
    /// The announced length exceeds the limit of this type.
    #[error("frame of type {kind:#04x} with {length} bytes exceeds the limit of {limit}")]
    FrameTooLong {
        /// The frame's type.
        kind: u8,
        /// As announced.
        length: u32,
        /// The limit in force.
        limit: u32,
    },
    /// The payload of a media frame exceeds the limit.
    #[error("media payload of {length} bytes exceeds the limit of {limit}")]
    PayloadTooLong {
        /// The payload's length.
        length: u32,
        /// The limit in force.
        limit: u32,
    },
    /// The frame ends before its last field does.
    #[error("frame of type {kind:#04x} ends inside a field")]
    Truncated {
        /// The frame's type.
        kind: u8,
    },
    /// A string, byte string or list is longer than its limit.
    #[error("{field} of length {length} exceeds the limit of {limit}")]
    FieldTooLong {
        /// The field.
        field: &'static str,
        /// Bytes or entries.
        length: usize,
        /// The limit of this field.
        limit: usize,
    },
    /// A string is not UTF-8.
    #[error("{field} is not UTF-8")]
    NotUtf8 {
        /// The field.
        field: &'static str,
    },
    /// A field holds a number that has no meaning there.
    #[error("{field} can't be {value}")]
    Value {
        /// The field.
        field: &'static str,
        /// What came.
        value: u64,
    },
    /// A stream key is not in its normal form.
    #[error("stream key {0:?} is not in normal form")]
    Key(String),
}
