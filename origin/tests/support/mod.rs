//! An origin over loopback sockets, and edges that a test drives by hand.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "only tests call it")]

pub mod edge;

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use clap::Parser;
use livecluster_mrtmp::id::BootId;
use livecluster_mrtmp::io;
use livecluster_mrtmp::link::{self, Opening, Role, Secrets};
use livecluster_node::Error;
use livecluster_origin::{Bound, Config, run};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time;

use edge::Edge;

pub const SECRET: &str = "the secret of these tests";
pub const GENERATION: u64 = 7;

/// An origin that runs, alone in its cluster.
pub struct Origin {
    pub bound: Bound,
    directory: TempDir,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), Error>>,
}

impl Origin {
    /// With a route document that makes it active.
    pub async fn start() -> Self {
        Self::start_with(Some(&document("")), &[]).await
    }

    pub async fn start_with(document: Option<&str>, arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        if let Some(document) = document {
            write(directory.path(), document);
        }
        let (ready, bound) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let task =
            tokio::spawn(run(config(directory.path(), arguments), |bound| ready.send(bound).unwrap(), async move {
                drop(stopped.await)
            }));
        Self { bound: soon(bound).await.unwrap(), directory, stop: Some(stop), task }
    }

    pub fn write(&self, document: &str) {
        write(self.directory.path(), document);
    }

    /// An edge with a link to it; a higher number is a newer link.
    pub async fn edge(&self, name: &str, number: u64) -> Edge {
        Edge::new(self.dial(name, number, SECRET).await.unwrap())
    }

    pub async fn dial(&self, name: &str, number: u64, secret: &str) -> Result<io::Connection, io::Error> {
        let secrets = Secrets::new(vec![secret.as_bytes().to_vec()]).unwrap();
        let config = link::Config::new("local".to_owned(), name.into(), Role::Edge, BootId(1), secrets);
        let opening = Opening { nonce: [u8::try_from(number).unwrap(); 32], number, generation: GENERATION };
        let (address, origin) = (self.bound.link, self.bound.name.as_str().into());
        soon(io::dial(address, PATIENCE, config.into(), origin, opening)).await
    }

    /// A page's code and body.
    pub async fn page(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.bound.http).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: origin\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        soon(stream.read_to_string(&mut answer)).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    /// A metric's value.
    pub async fn metric(&self, name: &str) -> f64 {
        let (_, page) = self.page("/metrics").await;
        let wanted = format!("{name} ");
        let value = page.lines().find_map(|line| line.strip_prefix(&wanted));
        value.unwrap_or_else(|| panic!("no {name} in {page}")).parse().unwrap()
    }

    /// Asks it to end, and waits until it has.
    pub async fn stop(mut self) -> Result<(), Error> {
        self.ask_to_end();
        self.ended().await
    }

    pub fn ask_to_end(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub async fn ended(self) -> Result<(), Error> {
        soon(self.task).await.unwrap()
    }
}

/// A document with one active origin; `more` are members beside.
pub fn document(more: &str) -> String {
    format!(
        r#"{{"version": 1, "cluster": "local", "generation": {GENERATION}, "placement": "rendezvous-1",
            "origins": [{{"name": "origin-0", "address": "127.0.0.1:1", "state": "active"}}], "streams": {{}}{more}}}"#
    )
}

/// What must happen; a test that waits for it in vain fails.
pub async fn soon<F: Future>(future: F) -> F::Output {
    time::timeout(PATIENCE, future).await.expect("it did not happen")
}

fn config(directory: &Path, more: &[&str]) -> Config {
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        config: Config,
    }
    let routes = format!("--routes=file:{}/routes.json", directory.display());
    let secret = format!("--secret={SECRET}");
    let fixed = [
        "origin",
        "--name=origin-0",
        "--link-listen=127.0.0.1:0",
        "--http-listen=127.0.0.1:0",
        "--adoption-ms=0",
        &routes,
        &secret,
    ];
    Line::parse_from(fixed.iter().chain(more)).config
}

fn write(directory: &Path, document: &str) {
    let next = directory.join("routes.next");
    std::fs::write(&next, document).unwrap();
    std::fs::rename(next, directory.join("routes.json")).unwrap();
}

const PATIENCE: Duration = Duration::from_secs(10);
