//! Why a link ended.

use std::time::Duration;

use crate::frame;

/// The end of a link. The state machine is closed by then; what [`super::Link::poll_output`] still gives tells the
/// peer why, if it may know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The peer speaks something else.
    #[error("the peer does not speak MRTMP")]
    Magic,
    /// The peer broke the format, or the caller sent what a frame can't hold.
    #[error(transparent)]
    Frame(#[from] frame::Error),
    /// We refuse the peer, and told it.
    #[error("peer refused: {0}")]
    PeerRefused(Refusal),
    /// The peer refuses us.
    #[error("refused by the peer: {0}")]
    RefusedByPeer(Refusal),
    /// A frame that has no place here: during the handshake, or in this direction.
    #[error("a frame of type {kind:#04x} has no place here")]
    Misplaced {
        /// Its type.
        kind: u8,
    },
    /// The handshake took too long.
    #[error("no handshake within {0:?}")]
    Slow(Duration),
    /// Nothing came from the peer for longer than [`super::SILENCE_LIMIT`].
    #[error("the peer was silent for {0:?}")]
    Silent(Duration),
    /// Our own timer ran late by more than [`super::SILENCE_LIMIT`]: others may have taken this process for dead.
    #[error("own timer ran late by {0:?}")]
    Frozen(Duration),
    /// Frames can be sent only while the link is up.
    #[error("the link is not up")]
    NotUp,
}

/// Why one side does not take the other: all that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No version that both speak.
    #[error("no common version")]
    Version,
    /// The peer belongs to another cluster.
    #[error("another cluster")]
    Cluster,
    /// The dialler meant someone else, or reached someone else.
    #[error("another name")]
    Name,
    /// A part of this role has no link to a part of that role.
    #[error("wrong role")]
    Role,
    /// No secret of this side fits the peer's proof.
    #[error("wrong proof")]
    Proof,
    /// No more links just now.
    #[error("busy")]
    Busy,
    /// A reason that a later version added.
    #[error("reason {0}")]
    Other(u8),
}

impl Refusal {
    /// The number on the wire.
    pub fn number(self) -> u8 {
        match self {
            Self::Version => 1,
            Self::Cluster => 2,
            Self::Name => 3,
            Self::Role => 4,
            Self::Proof => 5,
            Self::Busy => 6,
            Self::Other(number) => number,
        }
    }

    /// The refusal with this number.
    pub fn from_number(number: u8) -> Self {
        match number {
            1 => Self::Version,
            2 => Self::Cluster,
            3 => Self::Name,
            4 => Self::Role,
            5 => Self::Proof,
            6 => Self::Busy,
            other => Self::Other(other),
        }
    }
}

/// Why these are no secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Too short to be one.
    #[error("a secret of {0} bytes is shorter than {min}", min = super::MIN_SECRET)]
    Short(usize),
    /// There must be one.
    #[error("no secret")]
    None,
    /// More than a rotation needs.
    #[error("{0} secrets exceed the limit of {max}", max = super::MAX_SECRETS)]
    TooMany(usize),
}
