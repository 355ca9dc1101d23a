//! What a client asks for.

use std::collections::BTreeMap;

use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use kube::client::Body;
use serde_json::Value;

/// A request, understood.
#[derive(Debug)]
pub(crate) struct Request {
    pub target: Target,
    pub verb: Verb,
    /// For those who ask what was asked: `get /api/v1/namespaces/ns/configmaps/name`.
    pub shown: String,
}

/// What it is about: one object, or all of a collection.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// As it was asked for.
    pub path: String,
    pub namespace: String,
    /// The path of the kind in its namespace.
    pub collection: String,
    /// One object, by the path or by a field selector.
    pub name: Option<String>,
}

#[derive(Debug)]
pub(crate) enum Verb {
    Get,
    List,
    Watch(Watch),
    Create(Value),
    Replace(Value),
    /// With the uid that the object has to have.
    Delete(Option<String>),
    /// Merged into what there is. What is applied is made if there is nothing.
    Patch {
        patch: Value,
        applied: bool,
    },
    Other(String),
}

/// How a watch begins.
#[derive(Debug)]
pub(crate) struct Watch {
    /// With what there is.
    pub initial: bool,
    /// With what came after this version.
    pub since: u64,
}

impl Request {
    pub async fn read(request: axum::http::Request<Body>) -> Result<Self, String> {
        let (parts, body) = request.into_parts();
        let body = body.collect_bytes().await.map_err(|error| error.to_string())?;
        let query = parts.uri.query().unwrap_or_default();
        let query: BTreeMap<_, _> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let target = Target::of(&parts, &query)?;
        let object = || serde_json::from_slice(&body).map_err(|error| error.to_string());
        let verb = match (&parts.method, parts.uri.path().ends_with(target.collection.as_str())) {
            (&Method::GET, true) if query.get("watch") == Some(&"true") => Verb::Watch(Watch::of(&query)),
            (&Method::GET, true) => Verb::List,
            (&Method::GET, false) => Verb::Get,
            (&Method::POST, true) => Verb::Create(object()?),
            (&Method::PUT, false) => Verb::Replace(object()?),
            (&Method::DELETE, false) => Verb::Delete(uid(&body)),
            (&Method::PATCH, false) => Verb::Patch { patch: object()?, applied: is_apply(&parts) },
            (method, _) => Verb::Other(method.to_string()),
        };
        let shown = format!("{} {}", verb.name(), target.path);
        Ok(Self { target, verb, shown })
    }
}

impl Target {
    fn of(parts: &Parts, query: &BTreeMap<&str, &str>) -> Result<Self, String> {
        let path = parts.uri.path().to_owned();
        let after = path.find("/namespaces/").ok_or("only namespaced kinds are served")? + "/namespaces/".len();
        let whole = path.strip_suffix("/status").unwrap_or(&path);
        let mut rest = whole[after..].splitn(3, '/');
        let (namespace, plural, name) = (rest.next().unwrap_or_default(), rest.next().unwrap_or_default(), rest.next());
        let collection = match name {
            Some(name) => whole[..whole.len() - name.len() - 1].to_owned(),
            None => path.clone(),
        };
        if plural.is_empty() {
            return Err(format!("{path} names no kind"));
        }
        let selected = query.get("fieldSelector").and_then(|selector| {
            let name = selector.strip_prefix("metadata.name").unwrap_or_default();
            name.strip_prefix("%3D").or(name.strip_prefix('='))
        });
        let (name, namespace) = (name.or(selected).map(str::to_owned), namespace.to_owned());
        Ok(Self { path, namespace, collection, name })
    }
}

impl Watch {
    fn of(query: &BTreeMap<&str, &str>) -> Self {
        let since = query.get("resourceVersion").and_then(|version| version.parse().ok());
        Self { initial: query.get("sendInitialEvents") == Some(&"true"), since: since.unwrap_or_default() }
    }
}

impl Verb {
    fn name(&self) -> &str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch(_) => "watch",
            Self::Create(_) => "create",
            Self::Replace(_) => "replace",
            Self::Delete(_) => "delete",
            Self::Patch { .. } => "patch",
            Self::Other(method) => method,
        }
    }
}

/// The precondition of a deletion.
fn uid(body: &[u8]) -> Option<String> {
    let options: Value = serde_json::from_slice(body).ok()?;
    options["preconditions"]["uid"].as_str().map(str::to_owned)
}

fn is_apply(parts: &Parts) -> bool {
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/apply-patch"))
}
