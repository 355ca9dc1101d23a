//! The pages of every role: `/metrics`, `/livez`, `/readyz`, `/status`.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;

use crate::Error;

/// What a role shows.
pub trait Pages: Send + Sync + 'static {
    /// In Prometheus' text format.
    fn metrics(&self) -> String;
    /// Why it should get no clients, if so.
    fn unready(&self) -> Option<String>;
    /// For people and programs.
    fn status(&self) -> serde_json::Value;
}

/// Listens, and says where.
pub async fn listen(what: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |error| Error::Listen { what, address, error };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Serves the pages until `shutdown`.
pub async fn serve(listener: TcpListener, pages: Arc<dyn Pages>, shutdown: impl Future<Output = ()> + Send + 'static) {
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/status", get(|State(pages): State<Arc<dyn Pages>>| async move { Json(pages.status()) }))
        .with_state(pages);
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(shutdown).await {
        tracing::warn!(%error, "HTTP ended");
    }
}

async fn metrics(State(pages): State<Arc<dyn Pages>>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], pages.metrics()).into_response()
}

async fn readyz(State(pages): State<Arc<dyn Pages>>) -> Response {
    match pages.unready() {
        None => "ok\n".into_response(),
        Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response(),
    }
}
