//! `kubectl livecluster`: what a LiveCluster does, for people who have kubectl. It acts with the person's own rights, and what
//! it can't see for want of one it says.

mod doctor;
mod failed;
mod form;
mod grid;
mod overview;
mod place;
mod reach;
mod seen;

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use k8s_openapi::jiff::Timestamp;
use livecluster_mrtmp::route::Key;

use doctor::{Facts, Findings};
use failed::Failed;
use form::{Form, Output};
use overview::Overview;
use place::Place;
use reach::{Kubernetes, Reach, Which};
use seen::Seen;

/// The plugin, as kubectl calls it.
#[derive(Debug, Parser)]
#[command(name = "kubectl livecluster", version, about = "See what a LiveCluster does")]
pub struct Plugin {
    #[command(flatten)]
    args: Args,
}

/// What to show or to do, and where.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    form: Form,
    #[command(subcommand)]
    command: Command,
}

/// What to show or to do.
#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show on one screen how a LiveCluster is: conditions, origins, edges, streams, and what happened last
    Status {
        #[command(flatten)]
        which: Which,
        /// Those of all namespaces
        #[arg(short = 'A', long)]
        all_namespaces: bool,
    },
    /// Say to which origin a stream belongs, and why, whether it is live or not
    Where {
        /// Application and name, such as live/alice
        #[arg(value_parser = |text: &str| Key::parse(text))]
        stream: Key,
        #[command(flatten)]
        which: Which,
    },
    /// Check everything that a LiveCluster needs, and say what to do about what is wrong
    ///
    /// Exit code 1 if a check fails.
    Doctor {
        #[command(flatten)]
        which: Which,
    },
}

/// What is printed, and whether all is well.
struct Answer {
    text: String,
    is_well: bool,
}

/// Whether this process was called as the plugin: by a link or a copy of that name.
pub fn is_called(program: Option<&OsStr>) -> bool {
    let name = program.and_then(|program| Path::new(program).file_stem());
    name.is_some_and(|name| name == PROGRAM)
}

/// Does what is asked, and prints what came of it. Exit code 1: it was not done.
pub fn run(args: Args) -> ExitCode {
    match args.answer() {
        Ok(Answer { text, is_well }) => {
            let printed = print(&mut std::io::stdout(), &text);
            if is_well { printed } else { ExitCode::FAILURE }
        }
        Err(failed) => {
            let _ = print(&mut std::io::stderr(), &format!("livecluster: {failed}"));
            ExitCode::FAILURE
        }
    }
}

impl Plugin {
    /// What to show or to do, and where.
    pub fn into_args(self) -> Args {
        self.args
    }
}

impl Args {
    fn answer(self) -> Result<Answer, Failed> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failed::System)?;
        runtime.block_on(async {
            let at = self.reach.connect().await?;
            self.command.answer(&at, self.form.output(), Timestamp::now()).await
        })
    }
}

impl Command {
    async fn answer(self, at: &Kubernetes, output: Output, now: Timestamp) -> Result<Answer, Failed> {
        let text = match self {
            Self::Status { all_namespaces: true, .. } => all(at, output, now).await,
            Self::Status { which, .. } => output.write(&Overview::of(&at.see(&which).await?, now)),
            Self::Where { stream, which } => output.write(&Place::of(&at.see(&which).await?, &stream)?),
            Self::Doctor { which } => {
                let facts = Facts::of(at.client(), at.see(&which).await?, now).await;
                let findings = Findings::of(&facts);
                return Ok(Answer { text: output.write(&findings)?, is_well: findings.is_well() });
            }
        };
        Ok(Answer { text: text?, is_well: true })
    }
}

/// The clusters of all namespaces, one after the other.
async fn all(at: &Kubernetes, output: Output, now: Timestamp) -> Result<String, Failed> {
    let mut overviews = Vec::new();
    for cluster in at.all().await? {
        overviews.push(Overview::of(&Seen::of(at.client(), cluster).await, now));
    }
    output.write_all(&overviews)
}

fn print(output: &mut impl Write, text: &str) -> ExitCode {
    match writeln!(output, "{}", text.trim_end()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// As kubectl finds it: a program of this name in a folder of PATH.
const PROGRAM: &str = "kubectl-livecluster";

#[cfg(test)]
mod tests;
