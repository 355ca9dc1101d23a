//! Prometheus, which scrapes a cluster and evaluates the project's rules.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::wait::{LIMIT, within};
use super::{Cluster, Part, binary, http};

/// A Prometheus that runs. Dropped, it is killed.
#[derive(Debug)]
pub struct Prometheus {
    child: Child,
    address: SocketAddr,
    directory: TempDir,
}

impl Prometheus {
    /// Scrapes all parts of a cluster twice a second. Alerts fire after two seconds, whatever the rules say.
    pub async fn start(cluster: &Cluster, rules: &str) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).expect("written");
        write("prometheus.yml", &configuration(cluster).to_string());
        write("rules.yaml", &hurried(rules));
        let (child, address) = spawn(directory.path());
        let mut prometheus = Self { child, address, directory };
        while !prometheus.comes_up().await {
            (prometheus.child, prometheus.address) = spawn(prometheus.directory.path());
        }
        prometheus
    }

    /// Whether it comes up: somebody else may have taken its port.
    async fn comes_up(&mut self) -> bool {
        within(LIMIT, "Prometheus is ready", async || {
            if self.child.try_wait().expect("a child").is_some() {
                assert!(self.log().contains("address already in use"), "Prometheus ended");
                return Some(false);
            }
            matches!(http::get(self.address, "/-/ready").await, Ok((200, _))).then_some(true)
        })
        .await
    }

    /// The alerts that fire.
    pub async fn firing(&self) -> BTreeSet<String> {
        let alerts = self.asked("/api/v1/alerts").await;
        let alerts = alerts["alerts"].as_array().expect("a list").iter();
        let firing = alerts.filter(|alert| alert["state"] == "firing");
        firing.map(|alert| alert["labels"]["alertname"].as_str().expect("a name").to_owned()).collect()
    }

    /// What a query gives now: a list of series.
    pub async fn query(&self, query: &str) -> Vec<Value> {
        let encoded: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = self.asked(&format!("/api/v1/query?query={encoded}")).await;
        answer["result"].as_array().expect("a list").clone()
    }

    async fn asked(&self, path: &str) -> Value {
        let (code, body) = http::get(self.address, path).await.expect("a page");
        assert_eq!(code, 200, "{path}: {body}");
        let answer: Value = serde_json::from_str(&body).expect("JSON");
        answer["data"].clone()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join(LOG)).unwrap_or_default()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the log of Prometheus:\n{}", self.log());
        }
    }
}

/// With the labels that the chart's PodMonitors give.
fn configuration(cluster: &Cluster) -> Value {
    let target = |component: &str, part: &Part| {
        json!({
            "targets": [part.http.to_string()],
            "labels": {"namespace": "media", "livecluster": "demo", "component": component, "pod": part.name},
        })
    };
    let edges = cluster.edges.iter().map(|edge| target("edge", edge));
    let all: Vec<_> = edges.chain(cluster.origins.iter().map(|origin| target("origin", origin))).collect();
    json!({
        "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"},
        "rule_files": ["rules.yaml"],
        "scrape_configs": [{"job_name": "livecluster", "static_configs": all}],
    })
}

fn hurried(rules: &str) -> String {
    let hurry = |line: &str| match line.split_once("for: ") {
        Some((indent, _)) if indent.trim().is_empty() => format!("{indent}for: 2s\n"),
        _ => format!("{line}\n"),
    };
    rules.lines().map(hurry).collect()
}

/// Prometheus does not tell which port it got: it is told a free one.
fn spawn(directory: &Path) -> (Child, SocketAddr) {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let child = command(directory, address).spawn().expect("Prometheus is installed: ./check tools");
    (child, address)
}

fn command(directory: &Path, address: SocketAddr) -> Command {
    let log = std::fs::File::create(directory.join(LOG)).expect("a log");
    let mut command = Command::new(program());
    command
        .arg(format!("--config.file={}", directory.join("prometheus.yml").display()))
        .arg(format!("--storage.tsdb.path={}", directory.join("series").display()))
        .arg(format!("--web.listen-address={address}"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    command
}

/// Where ./check puts it, or where the system has it.
fn program() -> PathBuf {
    let unpacked = binary::target().join("tools/bin/prometheus");
    if unpacked.exists() { unpacked } else { "prometheus".into() }
}

/// What Prometheus logs.
const LOG: &str = "log";
