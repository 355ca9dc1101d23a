//! Faults of edges.

use anyhow::{Context, bail, ensure};
use rustix::process::Signal;

use crate::drill::cluster::within;
use crate::drill::stage::Stage;

/// `kill -9`: its clients are gone and come back, nobody else notices, and origins forget what they had of it.
pub async fn kill(stage: &mut Stage) -> anyhow::Result<()> {
    let number = stage.any_edge();
    let edge = stage.cluster.edges.get(number).cloned().context("no edge")?;
    let (running, kept) = (edge.running().await?, stage.cluster.origins_metric(LOGS).await);
    let is_home = |stream: u32| stage.home(stream) == Some(number);
    let own = stage.load.audience().find(|_, at| at == number);
    let watching = stage.load.audience().find(|stream, at| at != number && is_home(stream));
    let others = stage.load.audience().find(|stream, at| at != number && !is_home(stream));
    let encoders = stage.encoders_at(number);

    stage.begin(others);
    running.signal(Signal::KILL)?;
    stage.cluster.until_running(&edge, running).await?;
    stage.until_watching(&[&own[..], &watching].concat()).await?;
    forgive(stage, &own, &watching, &encoders);
    let Some(kept) = kept else {
        bail!("origins do not tell how much they keep");
    };
    until_forgotten(stage, kept).await
}

/// SIGTERM: its clients go to another edge before it ends. Those who watch what was published there are told of an end and
/// of a beginning, and miss nothing in between.
pub async fn leave(stage: &mut Stage) -> anyhow::Result<()> {
    let number = stage.any_edge_in_use().context("no edge has clients")?;
    let edge = stage.cluster.edges.get(number).cloned().context("no edge")?;
    let running = edge.running().await?;
    let encoders = stage.encoders_at(number);
    let concerned = stage.load.audience().find(|stream, at| at == number || encoders.contains(&(stream as usize)));

    stage.begin(concerned.clone());
    running.signal(Signal::TERM)?;
    stage.cluster.until_running(&edge, running).await?;
    stage.until_watching(&concerned).await?;
    stage.load.audience().forgive_ends(&concerned);
    let stayed = stage.load.audience().find(|_, at| at == number).len() + stage.encoders_at(number).len();
    ensure!(stayed == 0, "{stayed} clients of {} have not moved", edge.name);
    Ok(())
}

/// Its clients had to go, and the end of its streams may have been told.
fn forgive(stage: &Stage, own: &[usize], watching: &[usize], encoders: &[usize]) {
    let mut audience = stage.load.audience();
    audience.forgive(own);
    audience.forgive_ends(watching);
    encoders.iter().for_each(|encoder| audience.forgive_encoder(*encoder));
}

async fn until_forgotten(stage: &Stage, before: f64) -> anyhow::Result<()> {
    let limit = before * 1.25 + 4e6;
    within(&format!("origins keep no more than {limit:.0} bytes of media, as before"), async || {
        let kept = stage.cluster.origins_metric(LOGS).await;
        Ok(kept.is_some_and(|kept| kept <= limit))
    })
    .await
}

/// What origins keep of streams.
const LOGS: &str = "livecluster_log_bytes";
