//! The commands that look at a running local cluster and change it. Each asks the cluster's parent over HTTP and waits
//! until that is done.

mod http;
mod table;

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::value_parser;
use livecluster_mrtmp::route::Key;
use serde_json::{Value, json};

use crate::local::{ADMIN, Role};
pub use http::{Failed, post};

/// What to ask for.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Show the origins and edges of a running local cluster
    Status {
        #[command(flatten)]
        cluster: Cluster,
        /// Print one JSON line, for programs
        #[arg(long)]
        json: bool,
    },
    /// Move a live stream to another origin of a running local cluster: nobody notices
    ///
    /// Waits until the new origin has it. Exit code 1 if it can not be moved.
    Move {
        #[command(flatten)]
        cluster: Cluster,
        /// Application and name, such as live/alice
        #[arg(value_parser = |text: &str| Key::parse(text))]
        stream: Key,
        /// Where to
        origin: String,
    },
    /// Start or end origins or edges of a running local cluster
    ///
    /// Waits until it is done: those with the highest numbers end, origins after their streams have moved to others,
    /// edges after their clients have left.
    Scale {
        #[command(flatten)]
        cluster: Cluster,
        /// What
        role: Role,
        /// How many of them there shall be, 1 to 64
        #[arg(value_parser = value_parser!(u16).range(1..=64))]
        count: u16,
    },
    /// Move all streams away from an origin of a running local cluster, which gets no new ones
    Drain {
        #[command(flatten)]
        cluster: Cluster,
        /// Which
        origin: String,
        /// Let it take streams again
        #[arg(long)]
        undo: bool,
    },
    /// Let a drained origin of a running local cluster take streams again
    Undrain {
        #[command(flatten)]
        cluster: Cluster,
        /// Which
        origin: String,
    },
    /// Drain an origin of a running local cluster, replace its process, and let it take streams again
    Restart {
        #[command(flatten)]
        cluster: Cluster,
        /// Which
        origin: String,
    },
    /// Let a running local cluster go on as if nobody decided on routes, or let it decide again
    #[command(hide = true)]
    Decisions {
        #[command(flatten)]
        cluster: Cluster,
        /// Which
        whether: Whether,
    },
}

/// Which cluster.
#[derive(Debug, Clone, clap::Args)]
pub struct Cluster {
    /// Where the cluster is reached: what `livecluster local` prints
    #[arg(long, env = "LIVECLUSTER_ADMIN", value_name = "ADDRESS", default_value_t = ADMIN)]
    admin: SocketAddr,
}

/// Whether the cluster decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Whether {
    /// It decides again
    Start,
    /// It decides and writes nothing
    Stop,
}

/// Asks, waits, and prints what was done. Exit code 1: it was not.
pub fn run(command: Command) -> ExitCode {
    match ask(command) {
        Ok(text) => print(&mut std::io::stdout(), &text),
        Err(failed) => {
            let _ = print(&mut std::io::stderr(), &format!("livecluster: {failed}"));
            ExitCode::FAILURE
        }
    }
}

fn ask(command: Command) -> Result<String, Failed> {
    match command {
        Command::Status { cluster, json } => cluster.status(json),
        Command::Move { cluster, stream, origin } => {
            let asked = json!({"stream": stream.as_str(), "origin": origin});
            let done = cluster.post("/move", &asked)?;
            Ok(format!("{stream}: from {} to {} in {} ms", word(&done, "from"), word(&done, "to"), took(&done)))
        }
        Command::Scale { cluster, role, count } => {
            let done = cluster.post("/scale", &json!({"role": role, "count": count}))?;
            Ok(format!("started: {}; ended: {}; {} ms", list(&done, "started"), list(&done, "ended"), took(&done)))
        }
        Command::Drain { cluster, origin, undo: false } => cluster.change("/drain", &origin),
        Command::Drain { cluster, origin, undo: true } | Command::Undrain { cluster, origin } => {
            cluster.change("/undrain", &origin)
        }
        Command::Restart { cluster, origin } => cluster.change("/restart", &origin),
        Command::Decisions { cluster, whether } => {
            let done = cluster.post("/decisions", &json!({"run": whether == Whether::Start}))?;
            Ok(format!("decisions: {}", done["decisions"]))
        }
    }
}

impl Cluster {
    /// With how many clients each edge has, as that edge says.
    fn status(&self, as_json: bool) -> Result<String, Failed> {
        let mut status = http::get(self.admin, "/status")?;
        for edge in status["edges"].as_array_mut().into_iter().flatten() {
            let address = edge["http"].as_str().and_then(|address| address.parse().ok());
            let page = address.and_then(|address| http::get(address, "/status").ok());
            edge["connections"] = page.map_or(Value::Null, |page| page["connections"].clone());
        }
        Ok(if as_json { status.to_string() } else { table::of(&status) })
    }

    fn change(&self, path: &str, origin: &str) -> Result<String, Failed> {
        let done = self.post(path, &json!({"origin": origin}))?;
        let state = done["state"].as_str().unwrap_or("not in the routes");
        Ok(format!("{origin}: {state} after {} ms", took(&done)))
    }

    fn post(&self, path: &str, asked: &Value) -> Result<Value, Failed> {
        post(self.admin, path, asked)
    }
}

fn took(done: &Value) -> u64 {
    done["milliseconds"].as_u64().unwrap_or_default()
}

fn word<'a>(done: &'a Value, name: &str) -> &'a str {
    done[name].as_str().unwrap_or_default()
}

fn list(done: &Value, name: &str) -> String {
    let words: Vec<_> = done[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

fn print(output: &mut impl Write, text: &str) -> ExitCode {
    match writeln!(output, "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
