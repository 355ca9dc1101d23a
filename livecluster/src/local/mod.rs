//! `livecluster local`: a whole cluster on one machine. Each part is a process, started as a pod would start it; this
//! one is their parent, and leads the cluster with the operator's decisions.

mod admin;
mod args;
mod backoff;
mod child;
mod cluster;
mod directory;
mod launch;
mod parts;
mod process;
mod random;
mod ready;
mod relay;
mod report;
mod routes;

use anyhow::Context;
use tokio::runtime::Builder;

pub use args::{ADMIN, Args};
use cluster::Cluster;
pub use parts::Role;
pub use relay::Ways;

use crate::signals::Signals;
use crate::{log, parent};

/// Runs until a signal ends it. An error: it could not be started, and nothing is left running.
pub fn run(args: Args, log: &log::Args) -> anyhow::Result<()> {
    args.check_addresses()?;
    if args.exit_with_parent {
        parent::exit_with_parent().context("--exit-with-parent")?;
    }
    // One thread: children end with the thread that started them.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut signals = Signals::install()?;
        let mut cluster = Cluster::new(args, log)?;
        let ended = cluster.run(&mut signals).await;
        cluster.stop(ended.is_ok(), &mut signals).await;
        ended
    })
}
