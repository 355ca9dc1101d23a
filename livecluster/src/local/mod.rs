//! `livecluster local`: a whole cluster on one machine. Each part is a process, started as a pod would start it; this
//! one is their parent, and leads the cluster with the operator's decisions.

mod args;
mod backoff;
mod child;
mod cluster;
mod directory;
mod launch;
mod process;
mod random;
mod ready;
mod report;
mod routes;
mod watch;

use tokio::runtime::Builder;

pub use args::Args;
use cluster::Cluster;

use crate::log;
use crate::signals::Signals;

/// Runs until a signal ends it. An error: it could not be started, and nothing is left running.
pub fn run(args: Args, log: &log::Args) -> anyhow::Result<()> {
    args.check_addresses()?;
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
