//! The applications' policy, for origins: which application names exist.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::key::shown;

/// Which applications exist: `{"policy": "open"}` or `{"policy": "listed", "names": ["live"]}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "policy", rename_all = "lowercase", deny_unknown_fields)]
pub enum Applications {
    /// Every name.
    #[default]
    Open,
    /// These names, and no other. Instances of a listed application are not restricted.
    Listed {
        /// The names: first parts of keys.
        names: BTreeSet<String>,
    },
}

impl Applications {
    /// Reads the document `applications.json`.
    pub fn parse(json: &str) -> Result<Self, ApplicationsError> {
        if json.len() > MAX_APPLICATIONS_LEN {
            return Err(ApplicationsError::TooLarge(json.len()));
        }
        serde_json::from_str::<Self>(json)?.checked()
    }

    /// Whether the application exists. `app` is the first part of a key.
    pub fn allows(&self, app: &str) -> bool {
        match self {
            Self::Open => true,
            Self::Listed { names } => names.contains(app),
        }
    }

    /// A name that no key can have is a slip of the pen, and would lock an application out in silence.
    pub(super) fn checked(self) -> Result<Self, ApplicationsError> {
        let Self::Listed { names } = &self else {
            return Ok(self);
        };
        match names.iter().find(|name| name.is_empty() || name.contains(is_refused)) {
            Some(name) => Err(ApplicationsError::Name(shown(name))),
            None => Ok(self),
        }
    }
}

/// Why a policy was refused.
#[derive(Debug, thiserror::Error)]
pub enum ApplicationsError {
    /// Larger than [`MAX_APPLICATIONS_LEN`].
    #[error("applications of {0} bytes exceed the limit of {MAX_APPLICATIONS_LEN}")]
    TooLarge(usize),
    /// Not JSON, or not of this form.
    #[error("applications: {0}")]
    Json(#[from] serde_json::Error),
    /// A name that no application can have.
    #[error("\"{0}\" is not an application's name")]
    Name(String),
}

fn is_refused(character: char) -> bool {
    character.is_control() || character == '/' || character == '?'
}

/// Bytes of the document, at most.
pub const MAX_APPLICATIONS_LEN: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_policy_allows_every_name() {
        let open = Applications::parse(r#"{"policy": "open"}"#).expect("valid");

        assert!(open.allows("anything"));
    }

    #[test]
    fn listed_policy_allows_only_its_names() {
        let listed = Applications::parse(r#"{"policy": "listed", "names": ["live"]}"#).expect("valid");

        assert!(listed.allows("live"));
        assert!(!listed.allows("vod"));
    }

    #[test]
    fn names_that_no_key_can_have_are_refused() {
        let error = Applications::parse(r#"{"policy": "listed", "names": ["live/a"]}"#).expect_err("an instance");

        assert_eq!(error.to_string(), "\"live/a\" is not an application's name");
    }
}
