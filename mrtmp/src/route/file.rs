//! The document as a file, for a cluster without Kubernetes: the routes, and beside them the applications' policy.

use serde::Deserialize;

use super::applications::ApplicationsError;
use super::{Applications, Document, DocumentError};

/// The route document with one member more, `applications`; without it every application name is open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct File {
    /// The routes.
    pub document: Document,
    /// The policy.
    pub applications: Applications,
}

impl File {
    /// Reads and checks both.
    pub fn parse(json: &str) -> Result<Self, FileError> {
        let document = Document::parse(json)?;
        let Beside { applications } = serde_json::from_str(json).map_err(ApplicationsError::Json)?;
        Ok(Self { document, applications: applications.unwrap_or_default().checked()? })
    }

    /// The file's text: the same content always gives the same text.
    pub fn to_json(&self) -> String {
        match &self.applications {
            Applications::Open => self.document.to_json(),
            Applications::Listed { names } => {
                let policy = serde_json::json!({"policy": "listed", "names": names});
                format!("{{\n{},\n  \"applications\": {policy}\n}}\n", self.document)
            }
        }
    }
}

/// Why a file was refused.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// For its routes.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// For its policy.
    #[error(transparent)]
    Applications(#[from] ApplicationsError),
}

#[derive(Deserialize)]
struct Beside {
    applications: Option<Applications>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_without_applications_is_a_document() {
        let json = Document::default().to_json();

        assert_eq!(File::parse(&json).expect("valid"), File::default());
        assert_eq!(File::default().to_json(), json);
    }

    #[test]
    fn file_reads_the_applications_that_it_wrote() {
        let applications = Applications::Listed { names: ["live".to_owned(), "vod".to_owned()].into() };
        let file = File { applications, ..File::default() };

        assert_eq!(File::parse(&file.to_json()).expect("valid"), file);
    }
}
