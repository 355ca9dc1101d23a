//! The cluster that the drill starts: `livecluster local` of this very program.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// What the cluster is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// How many origins.
    pub origins: u16,
    /// How many edges.
    pub edges: u16,
    /// How long edges may gather what they write to a viewer, in milliseconds.
    pub latency_ms: u64,
    /// Whether links from edges to origins can be cut.
    pub relays_links: bool,
}

/// A running `livecluster local`. Dropped, it is killed, and its parts end with it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    directory: PathBuf,
    /// Removed at the end unless somebody wants to read its log.
    keep: bool,
}

impl Process {
    /// Starts it in a fresh directory, and returns what it says about its parts.
    pub async fn start(setting: Setting) -> anyhow::Result<(Self, Value)> {
        let directory = std::env::temp_dir().join(format!("livecluster-drill-{}", random()?));
        DirBuilder::new().mode(0o700).create(&directory).with_context(|| directory.display().to_string())?;
        let child = command(setting, &directory)?.spawn().context("can't start the cluster")?;
        let mut process = Self { child, directory, keep: false };
        let said = timeout(START_LIMIT, process.first_line()).await.context("the cluster does not start")??;
        let Ok(report) = serde_json::from_str(&said) else {
            bail!("the cluster does not start: {}", process.last_words());
        };
        Ok((process, report))
    }

    /// The file with the route document.
    pub fn routes(&self) -> PathBuf {
        self.directory.join("routes.json")
    }

    /// Leaves the cluster's log behind, and says where.
    pub fn keep_log(&mut self) -> PathBuf {
        self.keep = true;
        self.directory.join(LOG)
    }

    /// Asks it to end, and waits until it has.
    pub async fn stop(mut self) {
        if let Some(pid) = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        if timeout(STOP_LIMIT, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }

    async fn first_line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        if let Some(stdout) = self.child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).await?;
        }
        Ok(line)
    }

    fn last_words(&self) -> String {
        let log = fs::read_to_string(self.directory.join(LOG)).unwrap_or_default();
        log.lines().last().unwrap_or_default().trim_start_matches("livecluster: ").to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.keep {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

fn command(setting: Setting, directory: &Path) -> anyhow::Result<Command> {
    let log = File::create(directory.join(LOG)).context("the cluster's log")?;
    let mut command = Command::new(std::env::current_exe().context("this program's own path")?);
    command.args(["local", "--json", "--exit-with-parent", "--rtmp-listen", ANY, "--http-listen", ANY]);
    command.arg("--origins").arg(setting.origins.to_string()).arg("--edges").arg(setting.edges.to_string());
    command.arg("--latency-ms").arg(setting.latency_ms.to_string()).arg("--dir").arg(directory);
    if setting.relays_links {
        command.arg("--relay-links");
    }
    // What the people who run the drill have set for a cluster of their own is not meant for this one.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LIVECLUSTER_")) {
        command.env_remove(name);
    }
    command.env("LIVECLUSTER_LOG", "info");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
    // Ctrl-C is for the drill, which then ends its cluster.
    command.process_group(0).kill_on_drop(true);
    Ok(command)
}

fn random() -> anyhow::Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("random numbers: {error}"))?;
    Ok(bytes.map(|byte| format!("{byte:02x}")).concat())
}

/// Free ports.
const ANY: &str = "127.0.0.1:0";

/// What the cluster logs.
const LOG: &str = "log";

/// How long a cluster may take to start.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long a cluster that was asked to end may take.
const STOP_LIMIT: Duration = Duration::from_secs(10);
