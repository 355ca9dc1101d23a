//! One process of a cluster, as its pages and the kernel show it.

use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::http;
use super::wait::{LIMIT, within};

/// An edge or an origin.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its process, as it was at the start.
    pub pid: u32,
    /// Where clients connect; only at edges.
    pub rtmp: Option<SocketAddr>,
    /// Where its pages are.
    pub http: SocketAddr,
}

impl Part {
    /// As `livecluster local --json` reports it.
    pub(super) fn of_report(report: &Value) -> Self {
        let pid = report["pid"].as_u64().and_then(|pid| pid.try_into().ok());
        Self::of_line(report, pid.expect("a process id"))
    }

    fn of_line(line: &Value, pid: u32) -> Self {
        let address = |name: &str| line[name].as_str().and_then(|text| text.parse().ok());
        Self {
            name: line["name"].as_str().expect("a name").to_owned(),
            pid,
            rtmp: address("rtmp"),
            http: address("http").expect("an address"),
        }
    }

    /// The URL of a stream of application `live`.
    pub fn url(&self, name: &str) -> String {
        format!("rtmp://{}/live/{name}", self.rtmp.expect("an edge"))
    }

    /// Waits until the part wants clients.
    pub async fn until_ready(&self) {
        within(LIMIT, "the part is ready", async || self.is_ready().await.then_some(())).await;
    }

    /// Whether the part wants clients.
    pub async fn is_ready(&self) -> bool {
        matches!(http::get(self.http, "/readyz").await, Ok((200, _)))
    }

    /// The status page.
    pub async fn status(&self) -> Value {
        let (_, body) = http::get(self.http, "/status").await.expect("a page");
        serde_json::from_str(&body).expect("JSON")
    }

    /// What the status page says of a stream; none if the part is not up or does not know the stream.
    pub async fn stream(&self, key: &str) -> Option<Value> {
        let (_, body) = http::get(self.http, "/status").await.ok()?;
        let status: Value = serde_json::from_str(&body).ok()?;
        let streams = status["streams"].as_array()?;
        streams.iter().find(|stream| stream["key"] == key).cloned()
    }

    /// Waits until a stream has come as far as message `next` here.
    pub async fn until_next(&self, key: &str, next: u64) {
        let what = format!("{key} comes to message {next} at {}", self.name);
        within(LIMIT, &what, async || {
            let now = self.stream(key).await?["next"].as_u64()?;
            (now >= next).then_some(())
        })
        .await;
    }

    /// The page of metrics.
    pub async fn metrics(&self) -> String {
        http::get(self.http, "/metrics").await.expect("a page").1
    }

    /// A metric, without the prefix of all of them; 0 if there is no such series. `labels` is as in `reason="left"`,
    /// empty if there are none.
    pub async fn metric(&self, name: &str, labels: &str) -> f64 {
        let body = self.metrics().await;
        let series = match labels {
            "" => format!("livecluster_{name} "),
            labels => format!("livecluster_{name}{{{labels}}} "),
        };
        let mut lines = body.lines();
        let value = lines.find_map(|line| line.strip_prefix(&series));
        value.map_or(0.0, |value| value.parse().expect("a number"))
    }

    /// Clients closed for a reason.
    pub async fn disconnects(&self, reason: &str) -> f64 {
        let labels = format!("reason=\"{reason}\"");
        self.metric("disconnects_total", &labels).await
    }

    /// Bytes of memory in use.
    pub fn memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.pid);
        let status = std::fs::read_to_string(path).expect("the process runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        kilobytes.expect("a size").parse::<u64>().expect("a number") * 1024
    }

    /// Sends a signal to the process that it was at the start.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process id"), signal).expect("it runs");
    }
}

/// A part that is a child of the test. Dropped, it is killed.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// How to reach it.
    pub part: Part,
}

impl Process {
    pub(super) async fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().expect("it starts");
        let stdout = child.stdout.take().expect("a pipe");
        let stdout = tokio::process::ChildStdout::from_std(stdout).expect("a pipe");
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line).await;
        read.expect("a line");
        let line = serde_json::from_str(&line).expect("JSON");
        let part = Part::of_line(&line, child.id());
        let process = Self { child, part };
        process.part.until_ready().await;
        process
    }

    /// Waits until it has ended.
    pub async fn exit(&mut self, limit: Duration) -> ExitStatus {
        within(limit, "the process ends", async || self.child.try_wait().expect("a child")).await
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
