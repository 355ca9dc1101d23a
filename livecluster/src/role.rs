//! Running one part of a cluster, as a pod does and as `livecluster local` does.
//!
//! An edge's and an origin's crate each have a `Config` (clap arguments) and
//! `async fn run(config: Config, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), Error>`:
//!
//! * `--name --cluster --routes file:PATH --secret-file PATH --link-listen --http-listen`, an edge also `--rtmp-listen`.
//! * Once it can be used, it writes one line to stdout: `{"name": ..., "rtmp": ..., "link": ..., "http": ...}`, with the
//!   addresses that are really bound as `host:port`; only an edge has `rtmp`. It never writes there again.
//! * It returns `Ok` once `shutdown` has resolved and it has drained, and `Err` if it can't start.

use std::fmt::Display;

use anyhow::{Context, anyhow};
use tokio::runtime::Builder;

use crate::parent;
use crate::signals::Signals;

/// The flags of a part.
#[derive(Debug, clap::Args)]
pub struct Role<C: clap::Args> {
    #[command(flatten)]
    config: C,
    /// End when the process that started this one ends; it must hold the other end of stdin
    #[arg(long)]
    exit_with_parent: bool,
}

/// What a part's `run` gets as its second argument: resolves when the part shall end.
pub type Shutdown = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs a part until a signal ends it.
pub fn run<C: clap::Args, R, E>(
    role: Role<C>,
    run: impl FnOnce(C, Shutdown) -> R,
) -> anyhow::Result<()>
where
    R: Future<Output = Result<(), E>>,
    E: Display,
{
    if role.exit_with_parent {
        parent::exit_with_parent().context("--exit-with-parent")?;
    }
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut signals = Signals::install()?;
        let shutdown = Box::pin(async move { signals.recv().await });
        run(role.config, shutdown)
            .await
            .map_err(|error| anyhow!("{error}"))
    })
}
