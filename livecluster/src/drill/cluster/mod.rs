//! The cluster under test, as anyone can see it from outside: pages, processes and the route document.

mod admin;
mod http;
mod process;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use livecluster_mrtmp::route::{File, State};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::time::sleep;

use process::Process;
pub use process::Setting;

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    process: Process,
    /// Where it is changed.
    admin: SocketAddr,
    /// The edges, by their number.
    pub edges: Vec<Part>,
    /// The origins, by their number.
    pub origins: Vec<Part>,
}

/// A process of it.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Where clients come; only at edges.
    pub rtmp: Option<SocketAddr>,
    http: SocketAddr,
}

/// A process that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running(Pid);

/// What a cluster counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Bytes that edges sent again after a resume.
    pub resent: u64,
    /// How often a stream went from one origin to another.
    pub moves: u64,
}

impl Figures {
    /// What came on top of earlier ones. An edge that started anew has counted from 0.
    pub fn since(self, before: Self) -> Self {
        Self { resent: self.resent.saturating_sub(before.resent), moves: self.moves.saturating_sub(before.moves) }
    }
}

impl Cluster {
    /// Starts one.
    pub async fn start(setting: Setting) -> anyhow::Result<Self> {
        let (process, report) = Process::start(setting).await?;
        let parts = |role: &str| {
            let list = report.get(role).and_then(Value::as_array).context("what the cluster says of itself")?;
            list.iter().map(part).collect::<anyhow::Result<Vec<_>>>()
        };
        let admin = report.get("admin").and_then(Value::as_str).context("a cluster that can't be changed")?.parse()?;
        Ok(Self { edges: parts("edges")?, origins: parts("origins")?, admin, process })
    }

    /// Ends it.
    pub async fn stop(self) {
        self.process.stop().await;
    }

    /// Leaves its log behind, and says where.
    pub fn keep_log(&mut self) -> PathBuf {
        self.process.keep_log()
    }

    /// The owner of each stream, by the stream's key, as the edges of its publishers have it.
    pub async fn owners(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let mut owners = BTreeMap::new();
        for edge in &self.edges {
            let status = edge.status().await?;
            let streams = status["streams"].as_array().into_iter().flatten();
            for stream in streams.filter(|stream| stream["role"] == "publish") {
                if let (Some(key), Some(origin)) = (stream["key"].as_str(), stream["origin"].as_str()) {
                    owners.insert(key.to_owned(), origin.to_owned());
                }
            }
        }
        Ok(owners)
    }

    /// Waits until an origin takes streams again: another process than `before`, if that is given.
    pub async fn until_active(&self, origin: &Part, before: Option<Running>) -> anyhow::Result<()> {
        within(&format!("{} takes streams again", origin.name), async || {
            let (is_listed, generation) = self.listed(origin)?;
            let status = origin.status().await?;
            let has_read = status["generation"].as_u64() >= Some(generation);
            Ok(is_listed && has_read && Some(running(&status)?) != before)
        })
        .await
    }

    /// Waits until no edge has a link to an origin, and the document does without it.
    pub async fn until_given_up(&self, origin: &Part) -> anyhow::Result<()> {
        within(&format!("{} is given up", origin.name), async || {
            for edge in &self.edges {
                if edge.is_linked(origin).await? {
                    return Ok(false);
                }
            }
            Ok(!self.listed(origin)?.0)
        })
        .await
    }

    /// Waits until an edge has a link to an origin.
    pub async fn until_linked(&self, edge: &Part, origin: &Part) -> anyhow::Result<()> {
        within(&format!("{} has a link to {}", edge.name, origin.name), async || edge.is_linked(origin).await).await
    }

    /// Waits until a part is another process than before.
    pub async fn until_running(&self, part: &Part, before: Running) -> anyhow::Result<()> {
        within(&format!("{} runs again", part.name), async || Ok(part.running().await? != before)).await
    }

    /// What edges have counted since they started.
    pub async fn figures(&self) -> Figures {
        let resent = sum(&self.edges, "livecluster_replayed_bytes_total").await.unwrap_or_default();
        let moves = sum(&self.edges, "livecluster_stream_owner_changes_total").await.unwrap_or_default();
        Figures { resent: resent as u64, moves: moves as u64 }
    }

    /// The sum of a metric over all origins; `None` if there is no such metric, or one does not answer.
    pub async fn origins_metric(&self, name: &str) -> Option<f64> {
        sum(&self.origins, name).await
    }

    /// Whether the route document has an origin as active, and the document's generation.
    fn listed(&self, origin: &Part) -> anyhow::Result<(bool, u64)> {
        let text = std::fs::read_to_string(self.process.routes()).context("the route document")?;
        let document = File::parse(&text).context("the route document")?.document;
        let is_active = document.origin(&origin.name).is_some_and(|origin| origin.state == State::Active);
        Ok((is_active, document.generation))
    }
}

impl Part {
    /// The process that it is just now.
    pub async fn running(&self) -> anyhow::Result<Running> {
        running(&self.status().await?)
    }

    /// Whether this edge has a link to an origin.
    async fn is_linked(&self, origin: &Self) -> anyhow::Result<bool> {
        let status = self.status().await?;
        Ok(status["links"].as_array().into_iter().flatten().any(|link| link["peer"] == *origin.name))
    }

    async fn status(&self) -> anyhow::Result<Value> {
        let text = http::get(self.http, "/status").await?;
        serde_json::from_str(&text).with_context(|| format!("the status of {}", self.name))
    }
}

impl Running {
    /// Sends it a signal.
    pub fn signal(self, signal: Signal) -> anyhow::Result<()> {
        kill_process(self.0, signal).context("a part of the cluster does not run")
    }
}

fn running(status: &Value) -> anyhow::Result<Running> {
    let pid = status["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
    Ok(Running(pid.context("a part does not tell its process id")?))
}

fn part(report: &Value) -> anyhow::Result<Part> {
    let text = |name: &str| report.get(name).and_then(Value::as_str);
    Ok(Part {
        name: text("name").context("a part without a name")?.to_owned(),
        rtmp: text("rtmp").map(str::parse).transpose()?,
        http: text("http").context("a part without pages")?.parse()?,
    })
}

async fn sum(parts: &[Part], name: &str) -> Option<f64> {
    let mut sum = None;
    for part in parts {
        let page = http::get(part.http, "/metrics").await.ok()?;
        sum = Some(sum.unwrap_or(0.0) + http::metric(&page, name)?);
    }
    sum
}

/// Waits until it is so. What can't be seen just now is not so.
pub async fn within(what: &str, is_so: impl AsyncFn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let start = Instant::now();
    loop {
        let seen = is_so().await;
        match seen {
            Ok(true) => return Ok(()),
            _ if start.elapsed() < LIMIT => sleep(INTERVAL).await,
            Ok(false) => bail!("not within {LIMIT:?}: {what}"),
            Err(error) => return Err(error.context(format!("not within {LIMIT:?}: {what}"))),
        }
    }
}

/// How long a cluster may take for anything.
const LIMIT: Duration = Duration::from_secs(60);

/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(25);
