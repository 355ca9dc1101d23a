//! The HTTP server. It takes nothing that a web page could send: a POST has to be JSON, which a browser sends to another
//! site only if that site agrees, and the Host header has to name this machine.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use livecluster_mrtmp::route::Key;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use super::{Act, Handle, Refused};
use crate::local::parts::Role;
use crate::local::relay::Ways;

/// Where requests come.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

/// Who answers. Changes of one kind of parts follow one another.
#[derive(Debug, Clone)]
struct Admin {
    handle: Handle,
    origins: Arc<Mutex<()>>,
    edges: Arc<Mutex<()>>,
}

impl Listener {
    /// Listens.
    pub async fn bind(address: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address).await.with_context(|| format!("--admin-listen {address}"))?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until it is dropped.
    pub async fn serve(self, handle: Handle) {
        if let Err(error) = axum::serve(self.listener, router(handle)).await {
            tracing::warn!(%error, "the cluster can't be changed any more");
        }
    }
}

fn router(handle: Handle) -> Router {
    Router::new()
        .route("/status", get(status))
        .route("/move", post(move_stream))
        .route("/drain", post(drain))
        .route("/undrain", post(undrain))
        .route("/restart", post(restart))
        .route("/scale", post(scale))
        .route("/decisions", post(decisions))
        .route("/cut", post(cut))
        .route("/mend", post(mend))
        .layer(DefaultBodyLimit::max(MAX_BODY_LEN))
        .layer(middleware::from_fn(guard))
        .with_state(Admin { handle, origins: Arc::default(), edges: Arc::default() })
}

/// Refuses what a web page may have sent.
async fn guard(request: Request, next: Next) -> Response {
    match suspicion(&request) {
        Some((code, why)) => refuse(code, why),
        None => next.run(request).await,
    }
}

fn suspicion(request: &Request) -> Option<(StatusCode, &'static str)> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !is_this_machine(header(header::HOST)) {
        return Some((StatusCode::FORBIDDEN, "the Host header does not name this machine"));
    }
    let is_reading = request.method() == Method::GET;
    if !is_reading && header(header::CONTENT_TYPE) != "application/json" {
        return Some((StatusCode::UNSUPPORTED_MEDIA_TYPE, "the content type is not application/json"));
    }
    None
}

fn is_this_machine(host: &str) -> bool {
    let by_address = host.parse::<SocketAddr>().is_ok_and(|address| address.ip().is_loopback());
    by_address || host.rsplit_once(':').is_some_and(|(name, _)| name == "localhost")
}

fn refuse(code: StatusCode, why: &str) -> Response {
    (code, Json(json!({"error": why}))).into_response()
}

async fn status(State(admin): State<Admin>) -> Result<Json<Value>, Refused> {
    Ok(Json(admin.handle.look().await?.to_json()))
}

#[derive(Debug, Deserialize)]
struct Move {
    stream: String,
    origin: String,
}

async fn move_stream(State(admin): State<Admin>, Json(asked): Json<Move>) -> Response {
    match Key::parse(&asked.stream) {
        Ok(stream) => done(async move { admin.handle.move_stream(stream, asked.origin.as_str().into()).await }).await,
        Err(error) => refuse(StatusCode::BAD_REQUEST, &format!("{}: {error}", asked.stream)),
    }
}

#[derive(Debug, Deserialize)]
struct Origin {
    origin: String,
}

async fn drain(State(admin): State<Admin>, Json(asked): Json<Origin>) -> Response {
    done(async move {
        let _turn = admin.origins.lock().await;
        admin.handle.drain(asked.origin.as_str().into()).await
    })
    .await
}

async fn undrain(State(admin): State<Admin>, Json(asked): Json<Origin>) -> Response {
    done(async move {
        let _turn = admin.origins.lock().await;
        admin.handle.undrain(asked.origin.as_str().into()).await
    })
    .await
}

async fn restart(State(admin): State<Admin>, Json(asked): Json<Origin>) -> Response {
    done(async move {
        let _turn = admin.origins.lock().await;
        admin.handle.restart(asked.origin.as_str().into()).await
    })
    .await
}

#[derive(Debug, Deserialize)]
struct Scale {
    role: Role,
    count: u16,
}

async fn scale(State(admin): State<Admin>, Json(asked): Json<Scale>) -> Response {
    if !(1..=MAX_PARTS).contains(&asked.count) {
        return refuse(StatusCode::BAD_REQUEST, &format!("{} is not in 1..={MAX_PARTS}", asked.count));
    }
    done(async move {
        let turn = match asked.role {
            Role::Origin => &admin.origins,
            Role::Edge => &admin.edges,
        };
        let _turn = turn.lock().await;
        admin.handle.scale(asked.role, asked.count).await
    })
    .await
}

#[derive(Debug, Deserialize)]
struct Decisions {
    run: bool,
}

async fn decisions(State(admin): State<Admin>, Json(asked): Json<Decisions>) -> Response {
    done(async move {
        admin.handle.act(Act::Decide(asked.run)).await?;
        Ok(json!({"decisions": asked.run}))
    })
    .await
}

#[derive(Debug, Deserialize)]
struct Link {
    edge: String,
    origin: String,
}

#[derive(Debug, Deserialize)]
struct Cut {
    #[serde(flatten)]
    link: Link,
    ways: Ways,
}

async fn cut(State(admin): State<Admin>, Json(asked): Json<Cut>) -> Response {
    set(admin, asked.link, Some(asked.ways)).await
}

async fn mend(State(admin): State<Admin>, Json(asked): Json<Link>) -> Response {
    set(admin, asked, None).await
}

async fn set(admin: Admin, link: Link, cut: Option<Ways>) -> Response {
    done(async move { admin.handle.cut(link.edge.as_str().into(), link.origin.as_str().into(), cut).await }).await
}

/// Does all of it, also if whoever asked does not wait.
async fn done<T: Serialize + Send + 'static>(
    work: impl Future<Output = Result<T, Refused>> + Send + 'static,
) -> Response {
    match tokio::spawn(work).await {
        Ok(Ok(done)) => Json(done).into_response(),
        Ok(Err(refused)) => refused.into_response(),
        Err(error) => refuse(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// A request is some names.
const MAX_BODY_LEN: usize = 16 * 1024;

/// Parts of one kind.
const MAX_PARTS: u16 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_has_to_be_this_machine() {
        for host in ["127.0.0.1:8934", "[::1]:8934", "localhost:8934"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["", "example.com", "example.com:8934", "localhost.example.com:8934", "10.0.0.1:8934"] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
