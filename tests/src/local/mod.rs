//! A cluster of real processes for one test, and clients for it: in this process, ffmpeg and rtmpdump.

mod binary;
mod client;
mod frames;
mod http;
mod media;
mod part;
mod player;
mod publisher;
pub mod raw;
mod viewer;
mod wait;

pub use client::{Client, Event};
pub use frames::{Frame, Pace, Shown};
pub use media::{Frames, sample};
pub use part::{Part, Process};
pub use player::{Program, Recording};
pub use publisher::Publisher;
pub use viewer::{Seen, Viewer};
pub use wait::{LIMIT, within};

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

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
        Self {
            origins: 1,
            edges: 2,
            arguments: &[],
        }
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
        let mut cluster = Self {
            parent,
            edges: Vec::new(),
            origins: Vec::new(),
            directory,
        };
        let report: Value = serde_json::from_str(&line).expect("a report");
        cluster.edges = parts(&report["edges"]);
        cluster.origins = parts(&report["origins"]);
        for part in cluster.edges.iter().chain(&cluster.origins) {
            part.until_ready().await;
        }
        cluster
    }

    /// Starts one more edge, which is a child of this process.
    pub async fn start_edge(&self, arguments: &[&str]) -> Process {
        let routes = self.path("routes.json");
        let document = std::fs::read_to_string(&routes).expect("a route document");
        let document: Value = serde_json::from_str(&document).expect("JSON");
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
        origins
            .find(|origin| origin.name == owner)
            .expect("an origin")
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
    let Options {
        origins,
        edges,
        arguments,
    } = options;
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
