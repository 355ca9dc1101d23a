//! The server of `custom.metrics.k8s.io`: TLS, who asks, whether they may, and the answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::body::{Body, Bytes};
use axum::http::{Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use kube::Client;
use rustls_pki_types::{CertificateDer, UnixTime};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::access::Access;
use super::answer::{Answer, Asked};
use super::certificates::Certificates;
use super::escape;
use super::identity::Front;
use super::samples::Samples;
use super::tls;

/// What answers.
#[derive(Clone)]
pub struct Service {
    /// To ask who may.
    pub client: Client,
    /// What is answered.
    pub samples: Arc<Samples>,
    /// Whom the API server may be.
    pub front: Front,
    /// What the API server said of others.
    pub access: Arc<Access>,
}

/// Serves with what `certificates` shows at the time. Never ends.
pub async fn serve(listener: TcpListener, service: Service, certificates: watch::Receiver<Option<Certificates>>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    // They end with this function.
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let (socket, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "no connection is accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let acceptor = acceptor(&certificates);
        let service = service.clone();
        connections.spawn(async move {
            let Some(acceptor) = acceptor else { return };
            if let Err(error) = service.converse(socket, acceptor).await {
                tracing::debug!(%peer, %error, "a connection for metrics ended");
            }
            drop(place);
        });
    }
}

/// None as long as there is nothing to show.
fn acceptor(certificates: &watch::Receiver<Option<Certificates>>) -> Option<TlsAcceptor> {
    let certificates = certificates.borrow();
    let shown = certificates.as_ref()?.shown(SystemTime::now());
    match tls::server(shown) {
        Ok(config) => Some(TlsAcceptor::from(Arc::new(config))),
        Err(error) => {
            tracing::warn!(%error, "the certificate for metrics is of no use");
            None
        }
    }
}

impl Service {
    async fn converse(self, socket: TcpStream, acceptor: TlsAcceptor) -> Result<(), Failed> {
        let stream = timeout(HANDSHAKE, acceptor.accept(socket)).await.map_err(|_| Failed::Slow)??;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let chain: Arc<[CertificateDer<'static>]> = chain.iter().map(|one| one.clone().into_owned()).collect();
        let answer = service_fn(move |request: Request<Incoming>| {
            let (service, chain) = (self.clone(), Arc::clone(&chain));
            async move { Ok::<_, Infallible>(response(service.answer(&request, &chain).await)) }
        });
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(IDLE).max_buf_size(MAX_HEAD).max_headers(MAX_HEADERS);
        Ok(timeout(LONGEST, http.serve_connection(TokioIo::new(stream), answer)).await.map_err(|_| Failed::Slow)??)
    }

    /// For each request anew: whom the API server may be changes.
    async fn answer(&self, request: &Request<Incoming>, chain: &[CertificateDer<'static>]) -> Answer {
        if request.method() != Method::GET {
            return Answer::failure(405, "MethodNotAllowed", "only GET is served");
        }
        let path = request.uri().path();
        let (asked, now) = (Asked::of(path), Instant::now());
        if asked == Asked::Health {
            return asked.answer("", &self.samples, now);
        }
        let user = match self.front.identify(chain, request.headers(), UnixTime::now()) {
            Ok(user) => user,
            Err(unknown) => return Answer::failure(401, "Unauthorized", &unknown.to_string()),
        };
        // What there is to be asked for is no secret, and the API server, which asks that for itself, must hear what is not served.
        if !matches!(asked, Asked::Metric { .. }) {
            return asked.answer("", &self.samples, now);
        }
        match self.access.may(&self.client, &user, &asked, path).await {
            Ok(true) => {}
            Ok(false) => {
                let message = format!("{:?} may not read {path}", user.name);
                return Answer::failure(403, "Forbidden", &message);
            }
            Err(error) => {
                let message = format!("nobody says whether {:?} may: {error}", user.name);
                return Answer::failure(503, "ServiceUnavailable", &message);
            }
        }
        match label_selector(request.uri().query().unwrap_or_default()) {
            Some(selector) => asked.answer(&selector, &self.samples, now),
            None => Answer::failure(400, "BadRequest", "labelSelector is not escaped as in a URL"),
        }
    }
}

/// Without one, all. None if it can't be read.
fn label_selector(query: &str) -> Option<String> {
    let named = query.split('&').find_map(|pair| pair.strip_prefix("labelSelector="));
    let Some(text) = named else { return Some(String::new()) };
    escape::read(&text.replace('+', " "))
}

fn response(answer: Answer) -> Response<Body> {
    let mut response = Response::new(Body::from(Bytes::from(answer.body.to_string())));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("it took too long")]
    Slow,
    #[error(transparent)]
    Socket(#[from] std::io::Error),
    #[error(transparent)]
    Http(#[from] hyper::Error),
}

/// The API servers and the probes of a cluster need some; beyond that, others wait.
const MAX_CONNECTIONS: usize = 128;

const HANDSHAKE: Duration = Duration::from_secs(5);

/// Until a request's head is there; so long a connection may be idle, too.
const IDLE: Duration = Duration::from_secs(60);

/// A connection is closed then, whatever goes on: new ones begin with new certificates.
const LONGEST: Duration = Duration::from_secs(3600);

const MAX_HEAD: usize = 64 * 1024;

const MAX_HEADERS: usize = 100;

const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selector_of_a_query_is_read() {
        assert_eq!(label_selector("a=b&labelSelector=app%3Dlive%2Cx+in+%28y%29").as_deref(), Some("app=live,x in (y)"));
        assert_eq!(label_selector("a=b").as_deref(), Some(""));
        assert_eq!(label_selector("labelSelector=%zz"), None);
        assert_eq!(label_selector("labelSelector=%2"), None);
    }
}
