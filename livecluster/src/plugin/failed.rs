//! Why a command did not do what it was asked: each is one sentence, and says what to do.

use std::io;

use kube::core::Status;

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// Nothing tells where the Kubernetes API is, or what tells it can't be understood.
    #[error(
        "no Kubernetes cluster to ask: {0}; name one with KUBECONFIG or --kubeconfig, and --context if it has several"
    )]
    NoKubernetes(String),
    /// The person lacks a right.
    #[error("you may not {what}: {why}; ask for that right (docs/kubectl.md lists what each command needs)")]
    Forbidden {
        /// What was tried.
        what: String,
        /// What the API says.
        why: String,
    },
    /// The API does not know the kind.
    #[error("this Kubernetes cluster knows no LiveClusters: install the chart, or apply what `livecluster crd` prints")]
    NoDefinition,
    /// There is none at all.
    #[error("no LiveCluster in namespace {0}: name another namespace with -n")]
    Empty(String),
    /// There is none of this name.
    #[error("no LiveCluster {name} in namespace {namespace}: `kubectl get livecluster -A` lists all")]
    NoCluster {
        /// Where.
        namespace: String,
        /// Which.
        name: String,
    },
    /// Nobody said which one.
    #[error("namespace {namespace} has {} LiveClusters: say with --livecluster which one of {}", names.len(), names.join(", "))]
    Several {
        /// Where.
        namespace: String,
        /// Their names.
        names: Vec<String>,
    },
    /// The routes of a cluster can't be had.
    #[error("{0}")]
    NoRoutes(String),
    /// The API gave no answer, or refused.
    #[error("could not {what}: {why}")]
    Api {
        /// What was tried.
        what: String,
        /// What came of it.
        why: String,
    },
    /// The machine refused something.
    #[error("this machine: {0}")]
    System(io::Error),
    /// What is shown can't be written in this form.
    #[error("could not write the answer: {0}")]
    Form(String),
}

impl Failed {
    /// For what was tried, such as `list pods in namespace media`.
    pub fn api(what: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let what = what.into();
        move |error| match error {
            kube::Error::Api(status) => Self::status(what, &status),
            error => Self::Api { what, why: chain(&error) },
        }
    }

    fn status(what: String, status: &Status) -> Self {
        let why = status.message.clone();
        match status.code {
            403 => Self::Forbidden { what, why },
            401 => Self::Api {
                what,
                why: format!("the API does not know you ({why}); log in again, or use another --context"),
            },
            // The name of an object that is missing comes with a reason.
            404 if status.reason != "NotFound" || why.contains("could not find the requested resource") => {
                Self::NoDefinition
            }
            _ => Self::Api { what, why },
        }
    }
}

/// An error and what caused it, each once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(code: u16, reason: &str, message: &str) -> String {
        let status = Status { code, reason: reason.to_owned(), message: message.to_owned(), ..Status::default() };
        Failed::api("list pods in namespace media")(kube::Error::Api(Box::new(status))).to_string()
    }

    #[test]
    fn lack_of_a_right_is_a_sentence_that_says_where_rights_are_listed() {
        assert_eq!(
            told(403, "Forbidden", "User \"eve\" cannot list resource \"pods\""),
            "you may not list pods in namespace media: User \"eve\" cannot list resource \"pods\"; ask for that right \
             (docs/kubectl.md lists what each command needs)"
        );
    }

    #[test]
    fn missing_definition_is_told_from_a_missing_object() {
        assert!(told(404, "", "404 page not found").contains("install the chart"));
        assert_eq!(told(404, "NotFound", "no demo"), "could not list pods in namespace media: no demo");
    }
}
