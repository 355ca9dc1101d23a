//! `livecluster drill`: does to a cluster under load what happens to clusters, and checks what it promises.
//!
//! Encoders and viewers are those of the bench. Faults are done from outside: signals to processes, requests to the
//! admin interface, and what the drill does to its own clients.

mod args;
mod audience;
mod chance;
mod cluster;
mod fault;
mod forwarder;
mod load;
mod newcomers;
mod progress;
mod report;
mod rhythm;
mod run;
mod score;
mod seat;
mod stage;
mod strike;
mod timeline;

use std::process::ExitCode;

use tokio::runtime::Builder;

pub use args::Args;
use run::Drill;

use crate::bench;

/// Does all faults and prints what was seen. The exit code is 1 if a promise was broken.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    args.check()?;
    bench::host::allow_connections(args.publishers + args.viewers)?;
    let seed = args.seed.map_or_else(random, Ok)?;
    // One thread: the cluster ends with the thread that started it.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        let mut drill = Drill::new(args, seed);
        tokio::select! {
            done = drill.run() => done?,
            _ = tokio::signal::ctrl_c() => {}
        }
        anyhow::Ok(drill.report())
    })?;
    bench::print(&report, &report.table(), args.json)?;
    Ok(ExitCode::from(u8::from(!report.promises_broken.is_empty())))
}

fn random() -> anyhow::Result<u64> {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("random numbers: {error}"))?;
    Ok(u32::from_le_bytes(bytes).into())
}
