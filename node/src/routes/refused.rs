//! Why documents are not taken.

use std::io::ErrorKind;

use livecluster_mrtmp::route::{FileError, NotAccepted};

/// Why a document was not taken; the last good one stays in force.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It was there, and no longer is.
    #[error("{place}: there is no such document any more")]
    Missing {
        /// Where.
        place: String,
    },
    /// It can't be read.
    #[error("{place}: {error}")]
    Unreadable {
        /// Where.
        place: String,
        /// Why.
        error: std::io::Error,
    },
    /// It can't be understood.
    #[error("{place}: {error}")]
    Malformed {
        /// Where.
        place: String,
        /// Why.
        error: FileError,
    },
    /// It is older than what is in force, or another cluster's.
    #[error("{place}: {error}")]
    NotAccepted {
        /// Where.
        place: String,
        /// Why.
        error: NotAccepted,
    },
}

impl Refused {
    /// The cause in a word, for metrics.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "missing",
            Self::Unreadable { error, .. } if error.kind() == ErrorKind::NotFound => "missing",
            Self::Unreadable { .. } => "unreadable",
            Self::Malformed { .. } => "malformed",
            Self::NotAccepted { error: NotAccepted::Older { .. }, .. } => "older",
            Self::NotAccepted { error: NotAccepted::Cluster { .. }, .. } => "cluster",
        }
    }
}

/// Each of [`Refused::reason`].
pub(super) const REASONS: [&str; 5] = ["missing", "unreadable", "malformed", "older", "cluster"];
