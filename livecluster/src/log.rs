//! The log: to stderr, for people or for programs.

use std::io::{IsTerminal, stderr};

use anyhow::anyhow;
use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

/// How to log.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to log: a level (error, warn, info, debug, trace), or a list such as info,livecluster_edge=debug. Without
    /// it: info; the parts of a local cluster: warn
    #[arg(long = "log", env = LOG, global = true, value_name = "FILTER")]
    pub filter: Option<String>,
    /// In which form
    #[arg(long = "log-format", env = LOG_FORMAT, global = true, default_value = "text")]
    pub format: Format,
}

/// The form of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

impl Args {
    /// Logs from here on.
    pub fn start(&self) -> anyhow::Result<()> {
        let filter = self.filter.as_deref().unwrap_or("info");
        // What that one can't do is told by whoever asked it to; what a person says of it counts.
        let whole = format!("{CLIENT}=off,{filter}");
        let filter = EnvFilter::try_new(whole).map_err(|error| anyhow!("--log {filter}: {error}"))?;
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
        match self.format {
            Format::Text => log.with_ansi(stderr().is_terminal()).init(),
            Format::Json => log.json().init(),
        }
        Ok(())
    }

    /// The same for a child process.
    pub fn environment(&self) -> [(&'static str, &str); 2] {
        let format = match self.format {
            Format::Text => "text",
            Format::Json => "json",
        };
        [(LOG, self.filter.as_deref().unwrap_or("warn")), (LOG_FORMAT, format)]
    }
}

/// The client of the Kubernetes API.
const CLIENT: &str = "kube_client::client";

const LOG: &str = "LIVECLUSTER_LOG";

const LOG_FORMAT: &str = "LIVECLUSTER_LOG_FORMAT";
