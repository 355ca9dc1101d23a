//! The operator as a process: it stands for election, shows itself over HTTP, and has a controller work, which acts while
//! this process leads.

mod config;
mod pages;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use kube::{Api, Client};
use livecluster_node::metrics::Metrics;
use livecluster_node::{fault, http};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use crate::controller;
use crate::lease::{Candidate, Ending, Leadership, Lost, Timing};
pub use config::Config;
use pages::OperatorPages;
pub use pages::metrics;

/// Runs an operator that serves LiveClusters, until `shutdown`.
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
    let client = Client::try_default().await.map_err(|error| Error::Kubernetes(Box::new(error)))?;
    let operator = Operator::bind(&config, client.clone()).await?;
    let settings = config.controller();
    operator.run(|acting| controller::run(client, settings, acting), shutdown).await
}

/// An operator whose socket is bound.
#[derive(Debug)]
pub struct Operator {
    candidate: Candidate,
    leadership: Leadership,
    pages: Arc<OperatorPages>,
    http: TcpListener,
    address: SocketAddr,
}

/// Why an operator does not start, or ends on its own.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another one may lead: this process has to end.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// Nothing tells how to reach the Kubernetes API, or it can't be understood.
    #[error("the Kubernetes API: {0}")]
    Kubernetes(Box<kube::Error>),
    /// What every process needs.
    #[error(transparent)]
    Node(#[from] livecluster_node::Error),
}

/// What a controller gets.
#[derive(Debug, Clone)]
pub struct Acting {
    /// To be asked before each act.
    pub leadership: Leadership,
    /// Where its own figures go.
    pub metrics: Metrics,
    stopped: watch::Receiver<bool>,
}

impl Acting {
    /// Waits until the controller is to end. It finishes what it is at; the lease is kept until then. Cancel-safe.
    pub async fn stopped(&mut self) {
        // Without a process there is nothing to act for.
        let _ = self.stopped.wait_for(|stopped| *stopped).await;
    }
}

impl Operator {
    /// Listens. The Lease is in the operator's namespace.
    pub async fn bind(config: &Config, client: Client) -> Result<Self, Error> {
        let identity = config.identity()?;
        let leases = Api::namespaced(client, &config.namespace);
        let (candidate, leadership) = Candidate::new(leases, LEASE, identity, Timing::default());
        let (http, address) = http::listen("--http-listen", config.http_listen).await?;
        let pages = Arc::new(OperatorPages::new(config.name.clone(), leadership.clone()));
        Ok(Self { candidate, leadership, pages, http, address })
    }

    /// Where its pages are.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs until `shutdown`, or until the controller ends. It works from the start, whether this process leads or not; the
    /// lease is given back when it has ended, for the reason that it tells. An error: the lease is lost, or something the process can't do without.
    pub async fn run<F>(
        self,
        controller: impl FnOnce(Acting) -> F,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), Error>
    where
        F: Future<Output = Ending>,
    {
        let (stop, stopped) = watch::channel(false);
        let metrics = self.pages.registry().clone();
        let mut tasks = JoinSet::new();
        let mut ended = stopped.clone();
        tasks.spawn(http::serve(self.http, self.pages, async move {
            let _ = ended.wait_for(|stopped| *stopped).await;
        }));
        let (give_back, given_back) = oneshot::channel();
        let mut election = pin!(self.candidate.run(async { given_back.await.unwrap_or(Ending::Done) }));
        let acting = Acting { leadership: self.leadership, metrics, stopped };
        let mut work = pin!(controller(acting));
        tokio::select! {
            biased;
            lost = &mut election => return lost.map_err(Error::from),
            fault = fault::of_any(&mut tasks) => return Err(fault.into()),
            () = shutdown => stop.send_replace(true),
            ending = &mut work => return resign(give_back, ending, election).await,
        };
        tokio::select! {
            lost = &mut election => lost.map_err(Error::from),
            ending = &mut work => resign(give_back, ending, election).await,
        }
    }
}

/// Nobody acts any more: another one may.
async fn resign(
    give_back: oneshot::Sender<Ending>,
    ending: Ending,
    election: impl Future<Output = Result<(), Lost>>,
) -> Result<(), Error> {
    // An election that has ended needs no word.
    let _ = give_back.send(ending);
    Ok(election.await?)
}

/// The Lease of all operators in a namespace: they serve the same clusters.
pub const LEASE: &str = "livecluster-operator";

#[cfg(test)]
mod tests;
