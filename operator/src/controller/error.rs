//! Why a cluster is not as it should be.

use crate::watch::NotRandom;

/// Why a cluster is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What is stored can't be read.
    #[error("the LiveCluster can't be understood: {0}")]
    Invalid(String),
    /// Somebody else has an object of a name that is needed.
    #[error("{kind} \"{name}\" belongs to somebody else; it is left alone")]
    Foreign {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
    },
    /// It has to be another one, and will be made when the old one is gone.
    #[error("{kind} \"{name}\" is made anew")]
    MadeAnew {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
    },
    /// The Secret that the resource names is not there.
    #[error("Secret \"{0}\" is missing")]
    SecretMissing(String),
    /// The Secret has nothing that a link takes.
    #[error("Secret \"{name}\" is of no use: {why}")]
    SecretUnusable {
        /// Its name.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// Nobody knows what the Secret holds.
    #[error("{0}")]
    SecretUnread(String),
    /// The API refused, or can't be reached.
    #[error("{what}: {error}")]
    Api {
        /// What was asked for.
        what: String,
        /// What came of it.
        error: kube::Error,
    },
    /// An object can't be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The system gives no random numbers.
    #[error(transparent)]
    NotRandom(#[from] NotRandom),
    /// The API took too long.
    #[error("not done within {0} s")]
    Slow(u64),
}

impl Error {
    /// In one word, for programs.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "Invalid",
            Self::Foreign { .. } => "ForeignObject",
            Self::MadeAnew { .. } => "MadeAnew",
            Self::SecretMissing(_) => "SecretMissing",
            Self::SecretUnusable { .. } => "SecretUnusable",
            Self::SecretUnread(_) => "SecretUnread",
            Self::Api { .. } => "ApiRefused",
            Self::Json(_) | Self::NotRandom(_) => "Internal",
            Self::Slow(_) => "ApiSlow",
        }
    }

    pub(super) fn api(what: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let what = what.into();
        move |error| Self::Api { what, error }
    }
}
