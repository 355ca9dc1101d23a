//! A Kubernetes API server in memory, for tests of those who talk to one: objects of any namespaced kind, with resource
//! versions, conflicts and watches as a real one has them. There is no socket in between, so that it also works for a
//! test that has stopped the clock.

mod line;
mod objects;
mod request;
mod watch;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::http::Response;
use futures::StreamExt;
use kube::Client;
use serde_json::Value;
use tokio::sync::watch::Sender;

pub use line::{Line, State};
use objects::Objects;
pub use objects::Snapshot;
use request::{Request, Verb};

/// The server. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Server {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    objects: Mutex<Objects>,
    /// Counts the changes.
    changes: Sender<u64>,
    lists_in_pages_only: Mutex<bool>,
}

impl Server {
    /// A server as those of old releases are: a watch does not begin with what there is.
    pub fn without_streaming_lists() -> Self {
        let server = Self::default();
        *lock(&server.shared.lists_in_pages_only) = true;
        server
    }

    /// A client of this namespace, and the line to it, which a test may cut.
    pub fn connect(&self, namespace: &str) -> (Client, Line) {
        let line = Line::default();
        let (server, way) = (self.clone(), line.clone());
        let service = tower::service_fn(move |request: axum::http::Request<kube::client::Body>| {
            let (server, line) = (server.clone(), way.clone());
            async move { server.serve(request, line).await }
        });
        (Client::new(service, namespace), line)
    }

    /// All that is stored, as a backup.
    pub fn back_up(&self) -> Snapshot {
        self.objects().back_up()
    }

    /// Puts an earlier state back. Watches that have seen later versions get nothing until those are passed, as after the
    /// restore of an etcd.
    pub fn restore(&self, backup: Snapshot) {
        self.objects().restore(backup);
        self.note_change();
    }

    async fn serve(
        &self,
        request: axum::http::Request<kube::client::Body>,
        line: Line,
    ) -> Result<Response<Body>, std::io::Error> {
        let request = Request::read(request).await.map_err(std::io::Error::other)?;
        line.note(&request.shown);
        line.until_passable().await?;
        let answer = self.answer(request, &line);
        line.carry_answer().await?;
        Ok(answer)
    }

    fn answer(&self, request: Request, line: &Line) -> Response<Body> {
        let Request { target, verb, .. } = request;
        let done = match verb {
            Verb::Watch(wish) if wish.initial && *lock(&self.shared.lists_in_pages_only) => {
                return failure(422, "Invalid", "sendInitialEvents: Forbidden");
            }
            Verb::Watch(wish) => {
                let events = watch::events(self.clone(), target, wish);
                return Response::new(Body::from_stream(line.clone().carry(events.boxed())));
            }
            Verb::List => Ok(self.objects().list(&target)),
            Verb::Get => self.objects().get(&target),
            Verb::Create(object) => self.objects().create(&target, object),
            Verb::Replace(object) => self.objects().replace(&target, object),
            Verb::Delete(uid) => self.objects().delete(&target, uid.as_deref()),
            Verb::Patch { patch, applied } => self.objects().patch(&target, patch, applied),
            Verb::Other(method) => return failure(405, "MethodNotAllowed", &method),
        };
        self.note_change();
        match done {
            Ok(object) => Response::new(Body::from(object.to_string())),
            Err(refused) => failure(refused.code(), refused.reason(), &target.path),
        }
    }

    fn objects(&self) -> MutexGuard<'_, Objects> {
        lock(&self.shared.objects)
    }

    fn note_change(&self) {
        self.shared.changes.send_modify(|count| *count += 1);
    }
}

fn failure(code: u16, reason: &str, message: &str) -> Response<Body> {
    let status = serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message,
    });
    let mut response = Response::new(Body::from(Value::to_string(&status)));
    *response.status_mut() = axum::http::StatusCode::from_u16(code).unwrap_or_default();
    response
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
