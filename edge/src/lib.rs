//! The edge: it terminates clients, forwards their publications to origins, and fans streams out to viewers.

mod config;
pub mod core;
mod links;
mod listener;
mod metrics;
mod pages;
mod shared;
mod worker;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use livecluster_mrtmp::link::Role;
use livecluster_mrtmp::route::Table;
use livecluster_node::routes::Routes;
use livecluster_node::{Error, Identity, http};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use config::Config;
use links::Links;
use listener::{Listener, Workers};
use metrics::Metrics;
use pages::EdgePages;
use shared::Shared;

/// Where an edge can be reached.
#[derive(Debug, Clone)]
pub struct Bound {
    /// Its name.
    pub name: String,
    /// For clients.
    pub rtmp: SocketAddr,
    /// For operators.
    pub link: SocketAddr,
    /// For metrics, health and status.
    pub http: SocketAddr,
}

/// An edge whose sockets are bound.
struct Edge {
    shared: Arc<Shared>,
    identity: Identity,
    routes: Routes,
    rtmp: TcpListener,
    link: TcpListener,
    http: TcpListener,
    workers: Workers,
}

/// Runs an edge until `shutdown`, and until its clients have left or the time for that is over. `ready` is told where it
/// listens.
pub async fn run(
    config: Config,
    ready: impl FnOnce(Bound),
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let (edge, bound) = Edge::bind(config).await?;
    ready(bound);
    edge.serve(shutdown).await;
    Ok(())
}

impl Edge {
    async fn bind(config: Config) -> Result<(Self, Bound), Error> {
        let identity = Identity::new(&config.node, Role::Edge)?;
        let routes = Routes::watch(&config.node.routes, &config.node.cluster)?;
        let (rtmp, rtmp_address) = http::listen("--rtmp-listen", config.rtmp_listen).await?;
        let (link, link_address) = http::listen("--link-listen", config.node.link_listen).await?;
        let (http, http_address) = http::listen("--http-listen", config.node.http_listen).await?;
        let bound = Bound {
            name: config.node.name.clone(),
            rtmp: rtmp_address,
            link: link_address,
            http: http_address,
        };
        let core = core::Config {
            boot: identity.boot(),
            hold: Duration::from_secs(config.hold_seconds),
            log: config.log(),
        };
        let core = core::Core::new(core, &config.node.cluster, shared::now());
        let mailboxes: Vec<_> = (0..config.worker_count())
            .map(|_| worker::Mailbox::default())
            .collect();
        let metrics = Metrics::new(config.max_connections);
        let shared = Arc::new(Shared::new(config, metrics, core, mailboxes.clone()));
        let workers = Workers::start(&shared, mailboxes)?;
        Ok((
            Self {
                shared,
                identity,
                routes,
                rtmp,
                link,
                http,
                workers,
            },
            bound,
        ))
    }

    async fn serve(self, shutdown: impl Future<Output = ()>) {
        let (stop, stopped) = watch::channel(false);
        let pages = Arc::new(EdgePages::new(
            Arc::clone(&self.shared),
            self.identity.clone(),
        ));
        let links = Links::new(Arc::clone(&self.shared), self.identity, stopped.clone());
        let mut tasks = JoinSet::new();
        let mut ended = stopped;
        tasks.spawn(http::serve(
            self.http,
            Arc::<EdgePages>::clone(&pages),
            async move {
                let _ = ended.wait_for(|over| *over).await;
            },
        ));
        tasks.spawn(follow_routes(
            Arc::clone(&self.shared),
            self.routes.subscribe(),
        ));
        tasks.spawn(self.routes.run());
        let timed = Arc::clone(&self.shared);
        tasks.spawn(async move { timed.keep_time().await });
        tasks.spawn(links.clone().accept_operators(self.link));
        tasks.spawn(links.dial_wanted());
        let listener = Listener::new(self.shared, self.rtmp, self.workers);
        listener.serve_until(shutdown, || pages.begin_drain()).await;
        stop.send_replace(true);
        tasks.shutdown().await;
    }
}

/// Each route document comes into force as it is read.
async fn follow_routes(
    shared: Arc<Shared>,
    mut routes: watch::Receiver<Option<Arc<livecluster_mrtmp::route::File>>>,
) {
    routes.mark_changed();
    while routes.changed().await.is_ok() {
        let file = routes.borrow_and_update().clone();
        if let Some(file) = file {
            let table = Table::from(file.document.clone());
            shared.with(|core, now| core.set_routes(table, now));
        }
    }
}
