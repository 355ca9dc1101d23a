//! The document that the operator writes and every edge and origin reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::key::shown;
use super::rendezvous::PLACEMENT;
use super::{Entry, KeyError};
use crate::id::Name;

/// Who the origins are, and which streams are away from their default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// The cluster's uid; a reader refuses another cluster's document.
    pub cluster: String,
    /// Grows whenever a route, a state or an address changes; a reader refuses a lower one.
    pub generation: u64,
    /// The origins; the order means nothing, names are unique.
    pub origins: Vec<Origin>,
    /// Streams bound to an origin. An entry counts only while its origin is active or draining: one that names an
    /// origin in another state, or none of the document's, is as if it were not there.
    pub streams: BTreeMap<Entry, Name>,
}

impl Document {
    /// Reads and checks a document. Fields that are not known are skipped.
    pub fn parse(json: &str) -> Result<Self, DocumentError> {
        if json.len() > MAX_DOCUMENT_LEN {
            return Err(DocumentError::TooLarge(json.len()));
        }
        // Alone first: another version may have another form.
        let Versioned { version } = serde_json::from_str(json)?;
        if version != VERSION {
            return Err(DocumentError::Version(version));
        }
        serde_json::from_str::<Raw>(json)?.checked()
    }

    /// The document as JSON, one origin or stream a line: the same document always gives the same text.
    pub fn to_json(&self) -> String {
        format!("{{\n{self}\n}}\n")
    }

    /// The origin called `name`.
    pub fn origin(&self, name: &str) -> Option<&Origin> {
        self.origins.iter().find(|origin| &*origin.name == name)
    }
}

/// The members, without the braces.
impl fmt::Display for Document {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origins = self.origins.iter().map(ToString::to_string);
        let streams = self.streams.iter().map(|(entry, origin)| format!("{}: {}", text(entry), text(origin)));
        writeln!(formatter, "  \"version\": {VERSION},")?;
        writeln!(formatter, "  \"cluster\": {},", text(&self.cluster))?;
        writeln!(formatter, "  \"generation\": {},", self.generation)?;
        writeln!(formatter, "  \"placement\": {},", text(PLACEMENT))?;
        writeln!(formatter, "  \"origins\": [{}],", lines(origins))?;
        write!(formatter, "  \"streams\": {{{}}}", lines(streams))
    }
}

/// One origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its name, kept over restarts.
    pub name: Name,
    /// Where edges dial it: `host:port`.
    pub address: String,
    /// What it may take.
    pub state: State,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, address, state } = self;
        write!(formatter, "{{\"name\": {}, \"address\": {}, \"state\": \"{state}\"}}", text(name), text(address))
    }
}

/// What an origin may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing yet.
    Joining,
    /// Every stream whose entry names it, or whose default it is.
    Active,
    /// The streams whose entries name it; no default.
    Draining,
}

impl State {
    /// Whether an entry that names such an origin counts.
    pub const fn serves(self) -> bool {
        matches!(self, Self::Active | Self::Draining)
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Joining => "joining",
            Self::Active => "active",
            Self::Draining => "draining",
        })
    }
}

/// Why a document was refused.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Larger than [`MAX_DOCUMENT_LEN`].
    #[error("document of {0} bytes exceeds the limit of {MAX_DOCUMENT_LEN}")]
    TooLarge(usize),
    /// Not JSON, or not of this form.
    #[error("document: {0}")]
    Json(#[from] serde_json::Error),
    /// Written by a later release.
    #[error("document of version {0}; this release reads version {VERSION}")]
    Version(u64),
    /// Written by a later release.
    #[error("placement \"{0}\" is not \"{PLACEMENT}\"")]
    Placement(String),
    /// More than [`MAX_ORIGINS`].
    #[error("{0} origins exceed the limit of {MAX_ORIGINS}")]
    TooManyOrigins(usize),
    /// Not a part's name.
    #[error("\"{0}\" is not a name: 1 to {MAX_NAME_LEN} letters, digits, '-', '.' or '_'")]
    Name(String),
    /// Two origins of one name.
    #[error("two origins are called \"{0}\"")]
    Duplicate(String),
    /// Not `host:port`.
    #[error("\"{0}\" is not an address of the form host:port")]
    Address(String),
    /// An entry for what is no stream.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A document before its checks.
#[derive(Deserialize)]
struct Raw {
    cluster: String,
    generation: u64,
    placement: String,
    origins: Vec<RawOrigin>,
    #[serde(default)]
    streams: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct RawOrigin {
    name: String,
    address: String,
    state: State,
}

#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

impl Raw {
    fn checked(self) -> Result<Document, DocumentError> {
        if self.placement != PLACEMENT {
            return Err(DocumentError::Placement(shown(&self.placement)));
        }
        let origins = checked_origins(self.origins)?;
        let mut known: BTreeSet<Name> = origins.iter().map(|origin| Arc::clone(&origin.name)).collect();
        let mut streams = BTreeMap::new();
        for (entry, origin) in self.streams {
            let entry = Entry::parse(&entry)?;
            streams.insert(entry, interned(&mut known, &origin)?);
        }
        Ok(Document { cluster: self.cluster, generation: self.generation, origins, streams })
    }
}

fn checked_origins(raw: Vec<RawOrigin>) -> Result<Vec<Origin>, DocumentError> {
    if raw.len() > MAX_ORIGINS {
        return Err(DocumentError::TooManyOrigins(raw.len()));
    }
    let mut names = BTreeSet::new();
    raw.into_iter()
        .map(|RawOrigin { name, address, state }| {
            let name = checked_name(&name)?;
            if !names.insert(Arc::clone(&name)) {
                return Err(DocumentError::Duplicate(name.to_string()));
            }
            if !is_address(&address) {
                return Err(DocumentError::Address(shown(&address)));
            }
            Ok(Origin { name, address, state })
        })
        .collect()
}

/// Many entries share one allocation for their origin's name.
fn interned(known: &mut BTreeSet<Name>, name: &str) -> Result<Name, DocumentError> {
    if let Some(name) = known.get(name) {
        return Ok(Arc::clone(name));
    }
    let name = checked_name(name)?;
    known.insert(Arc::clone(&name));
    Ok(name)
}

fn checked_name(name: &str) -> Result<Name, DocumentError> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if name.is_empty() || name.len() > MAX_NAME_LEN || !name.bytes().all(is_allowed) {
        return Err(DocumentError::Name(shown(name)));
    }
    Ok(name.into())
}

fn is_address(address: &str) -> bool {
    let Some((host, port)) = address.rsplit_once(':') else {
        return false;
    };
    let is_host = !host.is_empty() && !host.contains(|character: char| character.is_control() || character == ' ');
    is_host && address.len() <= MAX_ADDRESS_LEN && port.parse().is_ok_and(|port: u16| port > 0)
}

fn text(text: &(impl ToString + ?Sized)) -> Value {
    Value::String(text.to_string())
}

fn lines(items: impl Iterator<Item = String>) -> String {
    let items: Vec<_> = items.map(|item| format!("\n    {item}")).collect();
    if items.is_empty() { String::new() } else { format!("{}\n  ", items.join(",")) }
}

/// The form of the document that this release reads and writes.
pub const VERSION: u64 = 1;

/// Bytes of a document, at most.
pub const MAX_DOCUMENT_LEN: usize = 1024 * 1024;

/// Origins of a document, at most.
pub const MAX_ORIGINS: usize = 1024;

/// Bytes of a part's name, at most: what Kubernetes allows for a pod.
pub const MAX_NAME_LEN: usize = 253;

/// Bytes of an address, at most: a DNS name and a port.
pub const MAX_ADDRESS_LEN: usize = 253 + 6;

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
