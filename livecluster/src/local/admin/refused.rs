//! Why a request was not done. Each is one line for the person who made it.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::{Key, State};

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("the cluster is ending")]
    Ending,
    #[error("nobody decides: decisions are stopped")]
    NotDeciding,
    #[error("{0:#}")]
    Failed(anyhow::Error),
    #[error("no stream {0} is live")]
    NoStream(Key),
    #[error("no origin {name}: there {}", present(known))]
    NoOrigin { name: Name, known: Vec<Name> },
    #[error("no edge {0}")]
    NoEdge(Name),
    #[error("links do not go through the parent: start the cluster with --relay-links")]
    NotRelaying,
    #[error("{origin} is {}: it takes no streams", state.map_or_else(|| "not in the routes".to_owned(), |state| state.to_string()))]
    NotActive { origin: Name, state: Option<State> },
    #[error("{0} is the last active origin: its streams could go nowhere")]
    LastActive(Name),
    #[error("{0} has ended")]
    Ended(Key),
    #[error("{part}: {why}")]
    NotStarted { part: Name, why: String },
    #[error("{what}: not within {limit:?}")]
    Late { what: String, limit: Duration },
}

impl Refused {
    fn code(&self) -> StatusCode {
        match self {
            Self::NoStream(_) | Self::NoOrigin { .. } | Self::NoEdge(_) => StatusCode::NOT_FOUND,
            Self::NotDeciding | Self::NotRelaying | Self::NotActive { .. } | Self::LastActive(_) | Self::Ended(_) => {
                StatusCode::CONFLICT
            }
            Self::Late { .. } => StatusCode::GATEWAY_TIMEOUT,
            Self::Ending | Self::Failed(_) | Self::NotStarted { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.code(), Json(serde_json::json!({"error": self.to_string()}))).into_response()
    }
}

fn present(known: &[Name]) -> String {
    let names = known.iter().map(|name| &**name).collect::<Vec<_>>().join(", ");
    if known.len() == 1 { format!("is {names}") } else { format!("are {names}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_origin_is_answered_with_the_known_ones() {
        let refused = |known: &[&str]| {
            let known = known.iter().map(|name| (*name).into()).collect();
            Refused::NoOrigin { name: "origin-7".into(), known }.to_string()
        };

        assert_eq!(refused(&["origin-0", "origin-1"]), "no origin origin-7: there are origin-0, origin-1");
        assert_eq!(refused(&["origin-0"]), "no origin origin-7: there is origin-0");
    }
}
