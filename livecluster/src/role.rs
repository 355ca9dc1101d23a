//! Running one part of a cluster, as a pod does and as `livecluster local` does.
//!
//! A part reads its settings from flags and the environment, logs to stderr, and once it can be used writes one line
//! to stdout: see [`announce`].

use std::fmt::Display;
use std::io::Write;
use std::net::SocketAddr;

use anyhow::{Context, anyhow};
use tokio::runtime::Builder;
use tokio::sync::oneshot;

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

/// Runs a part until a signal ends it in good order, and a second one at once.
pub fn run<C: clap::Args, R, E>(role: Role<C>, run: impl FnOnce(C, Shutdown) -> R) -> anyhow::Result<()>
where
    R: Future<Output = Result<(), E>>,
    E: Display,
{
    if role.exit_with_parent {
        parent::exit_with_parent().context("--exit-with-parent")?;
    }
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        let mut signals = Signals::install()?;
        let (ask, asked) = oneshot::channel();
        let shutdown = Box::pin(async { drop(asked.await) });
        tokio::select! {
            ended = run(role.config, shutdown) => ended.map_err(|error| anyhow!("{error}")),
            () = two_signals(&mut signals, ask) => Ok(()),
        }
    });
    // What runs still is not waited for.
    runtime.shutdown_background();
    ended
}

/// Passes the first one on, and waits for the second.
async fn two_signals(signals: &mut Signals, first: oneshot::Sender<()>) {
    signals.recv().await;
    // A part that ends already does not listen.
    let _ = first.send(());
    signals.recv().await;
    tracing::info!("a second signal: ended at once");
}

/// Says where a part can be reached: `{"name": ..., "rtmp": ..., "link": ..., "http": ...}`, one line, the addresses as
/// they are bound; only an edge has `rtmp`.
pub fn announce(name: &str, rtmp: Option<SocketAddr>, link: SocketAddr, http: SocketAddr) {
    let mut line = serde_json::json!({"name": name, "link": link, "http": http});
    if let Some(rtmp) = rtmp {
        line["rtmp"] = serde_json::json!(rtmp);
    }
    let mut stdout = std::io::stdout().lock();
    if let Err(error) = writeln!(stdout, "{line}").and_then(|()| stdout.flush()) {
        tracing::warn!(%error, "nobody reads where this part listens");
    }
}
