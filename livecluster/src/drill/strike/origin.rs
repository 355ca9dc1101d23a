//! Faults of origins.

use rustix::process::Signal;

use crate::drill::newcomers::{Newcomers, STAY};
use crate::drill::stage::Stage;

/// `kill -9` of so many at once: the cluster starts them again.
pub async fn kill(stage: &mut Stage, count: usize) -> anyhow::Result<()> {
    let origins = stage.any_origins(count).await?;
    let mut victims = Vec::new();
    for origin in &origins {
        victims.push((origin, origin.running().await?));
    }
    let concerned = stage.viewers_over(&origins).await?;
    stage.begin(concerned);
    for (_, running) in &victims {
        running.signal(Signal::KILL)?;
    }
    for (origin, running) in victims {
        stage.cluster.until_active(origin, Some(running)).await?;
    }
    Ok(())
}

/// Nobody decides on routes: the origin stays in them, comes back at its address, and goes on.
pub async fn kill_undecided(stage: &mut Stage) -> anyhow::Result<()> {
    let origin = stage.any_origin().await?;
    let running = origin.running().await?;
    let concerned = stage.viewers_over(std::slice::from_ref(&origin)).await?;
    stage.begin(concerned);
    stage.cluster.decide(false).await?;
    running.signal(Signal::KILL)?;
    let newcomers = Newcomers::come(stage.load.newcomers(NEWCOMERS, STAY).into_iter());
    let returned = stage.cluster.until_active(&origin, Some(running)).await;
    stage.note_end();
    let served = newcomers.until_served().await;
    stage.cluster.decide(true).await?;
    returned.and(served)
}

/// It stands still until its links are given up, and then goes on.
pub async fn freeze(stage: &mut Stage) -> anyhow::Result<()> {
    let origin = stage.any_origin().await?;
    let running = origin.running().await?;
    let concerned = stage.viewers_over(std::slice::from_ref(&origin)).await?;
    stage.begin(concerned);
    running.signal(Signal::STOP)?;
    let given_up = stage.cluster.until_given_up(&origin).await;
    running.signal(Signal::CONT)?;
    given_up?;
    stage.cluster.until_active(&origin, None).await
}

/// So many that some of them belong to the origin that is away.
const NEWCOMERS: u32 = 8;
