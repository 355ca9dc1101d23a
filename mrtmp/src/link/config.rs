//! What a part brings to its links.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::Secrets;
use crate::frame::Limits;
use crate::id::{BootId, Name};

/// What a part brings to each of its links. Make a new one when the secrets change; links that are up stay up.
#[derive(Debug, Clone)]
pub struct Config {
    /// The cluster's uid: parts of another cluster are refused.
    pub cluster: String,
    /// This part's name.
    pub name: Name,
    /// This part's role.
    pub role: Role,
    /// This start of this part.
    pub boot: BootId,
    /// The cluster's secrets.
    pub secrets: Secrets,
    /// What this part takes; clamped to what the protocol allows.
    pub limits: Limits,
    /// The versions that this part speaks.
    pub versions: RangeInclusive<u16>,
    /// How long a handshake may take.
    pub handshake: Duration,
}

impl Config {
    /// With the highest limits, every version and the usual deadline.
    pub fn new(cluster: String, name: Name, role: Role, boot: BootId, secrets: Secrets) -> Self {
        Self {
            cluster,
            name,
            role,
            boot,
            secrets,
            limits: Limits::default(),
            versions: LOWEST_VERSION..=VERSION,
            handshake: HANDSHAKE_LIMIT,
        }
    }
}

/// What is new with each link. Not `Clone`: a nonce that is used twice lets an old proof pass.
#[derive(Debug)]
pub struct Opening {
    /// Random bytes, drawn for this link alone.
    pub nonce: [u8; 32],
    /// Counts the dialling part's links to this peer, upwards within one boot. A listener gives 0.
    pub number: u64,
    /// The highest route generation that this part has read.
    pub generation: u64,
}

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Holds clients; dials origins.
    Edge,
    /// Holds streams; dials nobody.
    Origin,
    /// Watches; dials both.
    Operator,
}

impl Role {
    /// Whether there are links from this role to that one.
    pub fn may_dial(self, listener: Self) -> bool {
        matches!((self, listener), (Self::Edge | Self::Operator, Self::Origin) | (Self::Operator, Self::Edge))
    }

    /// The number on the wire.
    pub fn number(self) -> u8 {
        match self {
            Self::Edge => 1,
            Self::Origin => 2,
            Self::Operator => 3,
        }
    }

    /// The role with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Edge),
            2 => Some(Self::Origin),
            3 => Some(Self::Operator),
            _ => None,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Edge => "edge",
            Self::Origin => "origin",
            Self::Operator => "operator",
        })
    }
}

/// Who is at the other end, as it proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its name.
    pub name: Name,
    /// Its role.
    pub role: Role,
    /// Its boot: another one than last time means that it has lost its memory.
    pub boot: BootId,
    /// The number of this link, if the peer dialled it; else 0.
    pub number: u64,
    /// The version that both go on with.
    pub version: u16,
    /// The route generation that it had read when it said hello.
    pub generation: u64,
    /// What it takes.
    pub limits: Limits,
}

impl Peer {
    /// Whether this link takes the place of that one. A listener asks for each new link, closes what is replaced, and
    /// closes the new one if it is the older: within one boot numbers decide; another boot is always the newer, since
    /// it has just answered a nonce.
    pub fn replaces(&self, older: &Self) -> bool {
        let same = self.name == older.name && self.role == older.role;
        same && (self.boot != older.boot || self.number > older.number)
    }
}

/// The highest version that this crate speaks.
pub const VERSION: u16 = 1;
/// The lowest: version N talks to N-1.
pub const LOWEST_VERSION: u16 = 1;
/// How long a handshake may take, if [`Config`] says nothing else.
pub const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);
