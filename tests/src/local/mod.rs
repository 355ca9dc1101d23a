//! A cluster of real processes for one test, and clients for it: in this process, ffmpeg and rtmpdump.

mod admin;
mod bench;
mod binary;
mod client;
mod frames;
mod http;
mod media;
mod part;
mod player;
mod prometheus;
mod publisher;
pub mod raw;
mod run;
mod unnoticed;
mod viewer;
mod wait;
mod watched;

pub use bench::Bench;
pub use client::{Client, Event};
pub use frames::{Frame, Pace, Shown};
pub use media::{Frames, sample};
pub use part::{Part, Process};
pub use player::{Program, Recording};
pub use prometheus::Prometheus;
pub use publisher::Publisher;
pub use run::Run;
pub use unnoticed::{SAMPLE, nobody_notices};
pub use viewer::{Seen, Viewer};
pub use wait::{LIMIT, within};
pub use watched::Watched;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// What a cluster is made of.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// How many origins.
    pub origins: u16,
    /// How many edges.
    pub edges: u16,
    /// More arguments of `livecluster local`.
    pub arguments: &'a [&'a str],
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { origins: 1, edges: 2, arguments: &[] }
    }
}

/// `livecluster local` on free ports. Dropped, it is killed, and its parts end with it.
#[derive(Debug)]
pub struct Cluster {
    parent: Child,
    /// The edges, in order.
    pub edges: Vec<Part>,
    /// The origins, in order.
    pub origins: Vec<Part>,
    /// Where it is changed.
    admin: SocketAddr,
    directory: TempDir,
}

impl Cluster {
    /// Starts a cluster and waits until clients can use each edge.
    pub async fn start(options: Options<'_>) -> Self {
        let program = binary::livecluster();
        let directory = TempDir::new().expect("a temporary directory");
        let log = File::create(directory.path().join(LOG)).expect("a log");
        let mut parent = command(&program, &options, directory.path())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("livecluster starts");
        let mut line = String::new();
        let stdout = parent.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let report: Value = serde_json::from_str(&line).expect("a report");
        let admin = admin::address(&report);
        let (edges, origins) = (parts(&report["edges"]), parts(&report["origins"]));
        let cluster = Self { parent, edges, origins, admin, directory };
        for part in cluster.edges.iter().chain(&cluster.origins) {
            part.until_ready().await;
        }
        cluster
    }

    /// Starts one more edge, which is a child of this process.
    pub async fn start_edge(&self, arguments: &[&str]) -> Process {
        let routes = self.path("routes.json");
        let document: Value = serde_json::from_str(&self.read_routes()).expect("JSON");
        let mut command = Command::new(binary::livecluster());
        command
            .args(["edge", "--exit-with-parent", "--name", "edge-more"])
            .args(["--rtmp-listen", ANY, "--link-listen", ANY])
            .args(["--http-listen", ANY, "--routes", &format!("file:{routes}")])
            .args(["--secret-file", &self.path("secret")])
            .args(["--cluster", document["cluster"].as_str().expect("a uid")])
            .args(arguments);
        Process::start(command).await
    }

    /// The origin that owns a stream, as an edge that has it says.
    pub async fn owner(&self, edge: &Part, key: &str) -> &Part {
        let owner = within(LIMIT, "the stream has an origin", async || {
            Some(edge.stream(key).await?["origin"].as_str()?.to_owned())
        });
        let owner = owner.await;
        let mut origins = self.origins.iter();
        origins.find(|origin| origin.name == owner).expect("an origin")
    }

    /// Sends a signal to the parent: while it is stopped, nobody decides, and no part that ends is started again.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.parent), signal).expect("it runs");
    }

    /// Waits until no edge has a link to an origin.
    pub async fn until_unlinked(&self, origin: &Part) {
        for edge in &self.edges {
            within(LIMIT, "the link is given up", async || {
                let status = edge.status().await;
                let mut links = status["links"].as_array()?.iter();
                let is_up = links.any(|link| link["peer"] == *origin.name);
                (!is_up).then_some(())
            })
            .await;
        }
    }

    /// Puts something else in place of the route document.
    pub fn write_routes(&self, text: &str) {
        let next = self.path("routes.mine");
        std::fs::write(&next, text).expect("written");
        std::fs::rename(&next, self.path("routes.json")).expect("replaced");
    }

    /// Takes the route document away.
    pub fn remove_routes(&self) {
        std::fs::remove_file(self.path("routes.json")).expect("a document");
    }

    /// The text of the route document.
    pub fn read_routes(&self) -> String {
        std::fs::read_to_string(self.path("routes.json")).expect("a document")
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.parent.kill();
        let _ = self.parent.wait();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.path(LOG)).unwrap_or_default();
            eprintln!("the cluster's log:\n{log}");
        }
    }
}

fn command(program: &Path, options: &Options<'_>, directory: &Path) -> Command {
    let Options { origins, edges, arguments } = options;
    let mut command = Command::new(program);
    command
        .args(["local", "--json", "--rtmp-listen", ANY])
        .args(["--http-listen", ANY, "--edge-arg=--workers=2"])
        .args(["--origins", &origins.to_string()])
        .args(["--edges", &edges.to_string()])
        .args(arguments.iter())
        .arg("--dir")
        .arg(directory);
    command
}

fn parts(list: &Value) -> Vec<Part> {
    let list = list.as_array().expect("a list");
    list.iter().map(Part::of_report).collect()
}

/// A free port.
const ANY: &str = "127.0.0.1:0";

/// What the parts log.
const LOG: &str = "log";
