//! The process: what it listens on, one boot after another, and its end.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use livecluster_mrtmp::link::Role;
use livecluster_mrtmp::route::File;
use livecluster_node::routes::Routes;
use livecluster_node::{Error, Identity, fault, http};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time;

use crate::Config;
use crate::boot::{Boot, Over};
use crate::drain::Drain;
use crate::link::Incoming;
use crate::pages::OriginPages;

/// Where an origin can be reached.
#[derive(Debug, Clone)]
pub struct Bound {
    /// Its name.
    pub name: String,
    /// For edges and operators.
    pub link: SocketAddr,
    /// For metrics, health and status.
    pub http: SocketAddr,
}

/// An origin whose sockets are bound.
struct Origin {
    config: Arc<Config>,
    identity: Identity,
    routes: Routes,
    link: TcpListener,
    http: TcpListener,
}

/// Runs an origin until `shutdown`; then every peer is told, and it serves until its streams have left or the grace period
/// is nearly over. `ready` is told where it listens.
pub async fn run(config: Config, ready: impl FnOnce(Bound), shutdown: impl Future<Output = ()>) -> Result<(), Error> {
    let (origin, bound) = Origin::bind(config).await?;
    ready(bound);
    origin.serve(shutdown).await
}

impl Origin {
    async fn bind(config: Config) -> Result<(Self, Bound), Error> {
        let node = &config.node;
        let identity = Identity::new(node, Role::Origin)?;
        let routes = Routes::watch(&node.routes, &node.cluster)?;
        let (link, link_address) = http::listen("--link-listen", node.link_listen).await?;
        let (http, http_address) = http::listen("--http-listen", node.http_listen).await?;
        let bound = Bound { name: node.name.clone(), link: link_address, http: http_address };
        let config = Arc::new(config);
        let origin = Self { config, identity, routes, link, http };
        Ok((origin, bound))
    }

    async fn serve(self, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
        let mut links = Links {
            handshakes: Arc::new(Semaphore::new(self.config.max_handshakes.into())),
            listener: self.link,
            documents: self.routes.subscribe(),
            closing: watch::Sender::new(false),
        };
        let grace = Duration::from_secs(self.config.grace_seconds);
        let stream_metrics = self.config.stream_metrics.into();
        let boots = watch::Sender::new(Arc::new(Boot::first(self.config, self.identity, self.routes.lag())));
        let pages = Arc::new(OriginPages::new(boots.subscribe(), self.routes.figures(), stream_metrics));
        let mut closing = links.closing.subscribe();
        let mut background = JoinSet::new();
        background.spawn(self.routes.run());
        background.spawn(http::serve(self.http, pages, async move {
            let _ = closing.wait_for(|closing| *closing).await;
        }));
        let drain = Drain::new(boots.subscribe(), grace);
        let mut drained = pin!(async {
            shutdown.await;
            drain.run().await;
        });
        loop {
            let boot = Arc::clone(&boots.borrow());
            let over = tokio::select! {
                biased;
                fault = fault::of_any(&mut background) => return Err(fault),
                over = links.serve(&boot, drained.as_mut()) => over,
            };
            let Some(over) = over else {
                return Ok(());
            };
            tracing::warn!(reason = %over, "links closed, going on with another boot");
            boots.send_replace(Arc::new(boot.next()?));
        }
    }
}

/// The links of a process, boot after boot.
struct Links {
    listener: TcpListener,
    handshakes: Arc<Semaphore>,
    documents: watch::Receiver<Option<Arc<File>>>,
    /// True from when the process is to end.
    closing: watch::Sender<bool>,
}

impl Links {
    /// Until the boot is over; all its links are closed then. `None`: shut down.
    async fn serve(&mut self, boot: &Arc<Boot>, mut shutdown: Pin<&mut impl Future<Output = ()>>) -> Option<Over> {
        let mut tasks = JoinSet::new();
        let mut over = pin!(boot.keep_time());
        self.documents.mark_changed();
        loop {
            tokio::select! {
                over = &mut over => return Some(over),
                Ok(()) = self.documents.changed() => follow(&mut self.documents, boot),
                incoming = accept(&self.listener, &self.handshakes) => {
                    tasks.spawn(incoming.run(Arc::clone(boot), self.closing.subscribe()));
                }
                Some(ended) = tasks.join_next() => log_fault(ended),
                () = &mut shutdown => break,
            }
        }
        self.closing.send_replace(true);
        while let Some(ended) = tasks.join_next().await {
            log_fault(ended);
        }
        None
    }
}

fn follow(documents: &mut watch::Receiver<Option<Arc<File>>>, boot: &Boot) {
    if let Some(file) = documents.borrow_and_update().as_deref() {
        boot.set_document(file);
    }
}

/// The next connection, once there may be one more handshake. Cancel-safe.
async fn accept(listener: &TcpListener, handshakes: &Arc<Semaphore>) -> Incoming {
    // The semaphore is never closed.
    let permit = Arc::clone(handshakes).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                return Incoming { stream, address, permit };
            }
            Err(error) => {
                tracing::warn!(%error, "no link accepted");
                time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn log_fault(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::warn!(%error, "a link's task failed");
    }
}

/// How long a process that can't accept, for want of file descriptors perhaps, waits before it tries again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
