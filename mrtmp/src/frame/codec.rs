//! Frames to bytes and back: `u32 length, u8 type, body`, the length counting type and body.
#![deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use bytes::{BufMut, Bytes};

use super::limit::Limits;
use super::wire::{Input, Wire};
use super::{Error, Frame};

/// Types from here on are skipped by a reader that does not know them; below, an unknown type is an error.
pub const SKIPPABLE: u8 = 0x80;
/// Bytes of the length field.
pub(crate) const LENGTH_LEN: usize = 4;

/// Where a type of frame may be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Both ways on every link.
    Link,
    /// Both ways between edge and origin.
    Both,
    /// From an edge to an origin.
    Up,
    /// From an origin to an edge.
    Down,
    /// To an operator.
    Report,
}

macro_rules! kinds {
    ($( $(#[$meta:meta])* $variant:ident = $number:literal, $way:ident; )+) => {
        /// The type of a frame, by its number on the wire.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Kind {
            $( #[doc = concat!("See [`Frame::", stringify!($variant), "`].")] $variant = $number, )+
        }

        impl Kind {
            /// Every type that this version knows.
            pub const ALL: &[Self] = &[ $( Self::$variant ),+ ];

            /// The type with this number.
            pub fn from_number(number: u8) -> Option<Self> {
                match number {
                    $( $number => Some(Self::$variant), )+
                    _ => None,
                }
            }

            /// Where it may be seen.
            pub fn way(self) -> Way {
                match self {
                    $( Self::$variant => Way::$way, )+
                }
            }
        }

        impl Frame {
            /// Its type.
            pub fn kind(&self) -> Kind {
                match self {
                    $( Self::$variant(_) => Kind::$variant, )+
                }
            }

            fn put_body(&self, out: &mut Vec<u8>) -> Result<(), Error> {
                match self {
                    $( Self::$variant(body) => body.put(out), )+
                }
            }

            fn take_body(kind: Kind, input: &mut Input) -> Result<Self, Error> {
                match kind {
                    $( Kind::$variant => Wire::take(input).map(Self::$variant), )+
                }
            }
        }
    };
}

kinds! {
    Heartbeat = 0x04, Link;
    GoAway = 0x05, Link;

    Publish = 0x10, Up;
    Accepted = 0x11, Down;
    Refused = 0x12, Down;
    NotOwner = 0x13, Down;
    Resume = 0x14, Up;
    Have = 0x15, Down;
    Nothing = 0x16, Down;
    Revoked = 0x17, Both;
    Withdraw = 0x18, Up;
    Subscriber = 0x19, Both;
    Stable = 0x1a, Down;
    Trim = 0x1b, Up;
    Probe = 0x1c, Down;
    Probed = 0x1d, Up;

    Media = 0x20, Both;
    Header = 0x21, Both;
    End = 0x22, Both;

    Play = 0x30, Up;
    Join = 0x31, Down;
    PlayRefused = 0x32, Down;
    Leave = 0x33, Both;
    Watch = 0x34, Up;
    Unwatch = 0x35, Up;
    From = 0x36, Down;
    Awaiting = 0x37, Down;
    Ack = 0x38, Up;
    Restated = 0x39, Up;

    Streams = 0x40, Report;
    Links = 0x41, Report;
}

impl Kind {
    /// The number on the wire.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Whether it carries a payload behind [`super::MEDIA_FRAMING`] bytes.
    pub fn is_media(self) -> bool {
        matches!(self, Self::Media | Self::Header)
    }

    /// Whether it holds a list that grows with the cluster.
    pub fn is_list(self) -> bool {
        matches!(self, Self::Resume | Self::Stable | Self::Streams | Self::Links)
    }
}

impl Frame {
    /// Appends the frame. On an error `into` is as it was: a field exceeds its limit. Reasons and descriptions are cut
    /// to what fits. Copies the payload of media; where that matters, use [`super::Media::framing`].
    pub fn encode(&self, into: &mut Vec<u8>) -> Result<(), Error> {
        let start = into.len();
        into.put_u32(0);
        into.put_u8(self.kind().number());
        let ended = self.put_body(into).and_then(|()| self.put_length(start, into));
        if ended.is_err() {
            into.truncate(start);
        }
        ended
    }

    /// Reads the body of one frame, which is all of `body`. `None`: a type that this version may skip.
    pub fn decode(kind: u8, body: Bytes) -> Result<Option<Self>, Error> {
        let Some(known) = Kind::from_number(kind) else {
            return if kind < SKIPPABLE { Err(Error::UnknownType(kind)) } else { Ok(None) };
        };
        let mut input = Input::new(kind, body);
        let frame = Self::take_body(known, &mut input)?;
        input.skip_optional()?;
        Ok(Some(frame))
    }

    fn put_length(&self, start: usize, into: &mut [u8]) -> Result<(), Error> {
        let length = into.len().saturating_sub(start).saturating_sub(LENGTH_LEN);
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        Limits::default().check(self.kind(), length)?;
        if let Some(field) = into.get_mut(start..).and_then(|frame| frame.first_chunk_mut()) {
            *field = length.to_be_bytes();
        }
        Ok(())
    }
}
