//! What people, or the controller on their behalf, want of the origins.

use std::collections::BTreeMap;

use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::Key;

/// What is wanted. An origin of the document that is not listed is wanted [`Wish::Gone`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Desired {
    /// The cluster's uid.
    pub cluster: String,
    /// The origins.
    pub origins: BTreeMap<Name, DesiredOrigin>,
    /// Streams that somebody wants on another origin. In force while that origin is active; the request ends by being
    /// taken out, when the stream is there.
    pub moves: BTreeMap<Key, Name>,
}

/// What is wanted of one origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredOrigin {
    /// Where edges shall dial it: `host:port`.
    pub address: String,
    /// What it shall do.
    pub wish: Wish,
}

/// What an origin shall do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Take streams.
    Active,
    /// Keep what it has.
    Draining,
    /// Keep what it has, and not come back once its process is gone.
    Gone,
}
