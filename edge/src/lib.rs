//! The edge: it terminates clients, forwards their publications to origins, and fans streams out to viewers.

mod config;
pub mod core;
mod error;
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
use livecluster_node::metrics::Description;
use livecluster_node::routes::{self, Routes};
use livecluster_node::{Identity, fault, http};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use config::Config;
pub use error::Error;
use links::Links;
use listener::{Listener, Workers};
use metrics::Metrics;
use pages::EdgePages;
use shared::Shared;

/// What the metrics of an edge are.
pub fn metrics() -> Vec<Description> {
    let mut all = Metrics::descriptions();
    all.extend(routes::descriptions());
    all
}

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
pub async fn run(config: Config, ready: impl FnOnce(Bound), shutdown: impl Future<Output = ()>) -> Result<(), Error> {
    let (edge, bound) = Edge::bind(config).await?;
    ready(bound);
    edge.serve(shutdown).await
}

/// How long the links stay after the last client has left, for what it sent just before.
const FAREWELL: Duration = Duration::from_secs(5);
/// How soon operators learn of another number of clients.
const REPORT_EVERY: Duration = Duration::from_secs(5);
/// How often it is looked whether all that clients sent is where it belongs.
const FAREWELL_TICK: Duration = Duration::from_millis(20);

impl Edge {
    async fn bind(config: Config) -> Result<(Self, Bound), Error> {
        let identity = Identity::new(&config.node, Role::Edge)?;
        let routes = Routes::watch(&config.node.routes, &config.node.cluster)?;
        let (rtmp, rtmp_address) = http::listen("--rtmp-listen", config.rtmp_listen).await?;
        let (link, link_address) = http::listen("--link-listen", config.node.link_listen).await?;
        let (http, http_address) = http::listen("--http-listen", config.node.http_listen).await?;
        let bound =
            Bound { name: config.node.name.clone(), rtmp: rtmp_address, link: link_address, http: http_address };
        let budget = config.budget();
        let hold = Duration::from_secs(config.hold_seconds);
        let core = core::Config { boot: identity.boot(), hold, log: config.log(&budget) };
        let core = core::Core::new(core, &config.node.cluster, shared::now());
        let mailboxes: Vec<_> = (0..config.worker_count()).map(|_| worker::Mailbox::default()).collect();
        let metrics = Metrics::new(config.max_connections);
        let shared = Arc::new(Shared::new(config, metrics, budget, core, mailboxes.clone()));
        let workers = Workers::start(&shared, mailboxes)?;
        Ok((Self { shared, identity, routes, rtmp, link, http, workers }, bound))
    }

    async fn serve(self, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
        let (stop, stopped) = watch::channel(false);
        let figures = self.routes.figures();
        let pages = Arc::new(EdgePages::new(Arc::clone(&self.shared), self.identity.clone(), figures));
        let links = Links::new(Arc::clone(&self.shared), self.identity, self.routes.lag(), stopped.clone());
        let mut tasks = JoinSet::new();
        let mut ended = stopped;
        tasks.spawn(http::serve(self.http, Arc::<EdgePages>::clone(&pages), async move {
            let _ = ended.wait_for(|over| *over).await;
        }));
        tasks.spawn(follow_routes(Arc::clone(&self.shared), self.routes.subscribe()));
        tasks.spawn(self.routes.run());
        tasks.spawn(report_connections(Arc::clone(&self.shared)));
        let timed = Arc::clone(&self.shared);
        tasks.spawn(async move { timed.keep_time().await });
        tasks.spawn(links.clone().accept_operators(self.link));
        tasks.spawn(links.dial_wanted());
        let listener = Listener::new(Arc::clone(&self.shared), self.rtmp, self.workers);
        tokio::select! {
            biased;
            fault = self.shared.fault() => return Err(fault),
            fault = fault::of_any(&mut tasks) => return Err(fault.into()),
            served = listener.serve_until(shutdown, |step| pages.say(step)) => served?,
        }
        let _ = tokio::time::timeout(FAREWELL, until_published(&self.shared)).await;
        stop.send_replace(true);
        tasks.shutdown().await;
        Ok(())
    }
}

/// Waits until everyone has all that publishers sent who have left.
async fn until_published(shared: &Shared) {
    while shared.with(|core, _| core.has_publications()) {
        tokio::time::sleep(FAREWELL_TICK).await;
    }
}

/// Operators learn how many clients there are.
async fn report_connections(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(REPORT_EVERY);
    loop {
        ticks.tick().await;
        let connections = shared.metrics.connections();
        shared.with(|core, _| core.set_connections(connections));
    }
}

/// Each route document comes into force as it is read.
async fn follow_routes(shared: Arc<Shared>, mut routes: watch::Receiver<Option<Arc<livecluster_mrtmp::route::File>>>) {
    routes.mark_changed();
    while routes.changed().await.is_ok() {
        let file = routes.borrow_and_update().clone();
        if let Some(file) = file {
            let table = Table::from(file.document.clone());
            shared.with(|core, now| core.set_routes(table, now));
        }
    }
}
