//! What people do to a running cluster. Nobody shall notice.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rustix::process::Signal;

use crate::drill::stage::Stage;

/// An origin gives its streams to the others, and takes streams again.
pub async fn drain(stage: &mut Stage) -> anyhow::Result<()> {
    let origin = stage.any_origin().await?;
    let concerned = stage.viewers_over(std::slice::from_ref(&origin)).await?;
    stage.begin(concerned);
    stage.cluster.drain(&origin).await?;
    stage.cluster.undrain(&origin).await
}

/// One stream goes to another origin, or the one that did the last time comes back.
pub async fn move_one(stage: &mut Stage) -> anyhow::Result<()> {
    let (stream, to) = match stage.moved.take() {
        Some(back) => back,
        None => {
            let (stream, from) = stage.any_stream().await?;
            stage.moved = Some((stream, from.clone()));
            (stream, stage.another_origin(&from).context("no other origin")?)
        }
    };
    let concerned = stage.viewers_of(&[stream].into());
    stage.begin(concerned);
    stage.cluster.move_stream(&stage.key(stream), &to).await
}

/// SIGTERM: an origin gives its streams to the others and ends, and another process takes its place.
pub async fn stop(stage: &mut Stage) -> anyhow::Result<()> {
    let origin = stage.any_origin().await?;
    let running = origin.running().await?;
    let concerned = stage.viewers_over(std::slice::from_ref(&origin)).await?;
    stage.begin(concerned);
    running.signal(Signal::TERM)?;
    let asked = Instant::now();
    stage.cluster.until_active(&origin, Some(running)).await?;
    ensure!(asked.elapsed() < PROMPT, "{} kept what had left it until its grace was over", origin.name);
    Ok(())
}

/// The same by the command for it.
pub async fn roll_out(stage: &mut Stage) -> anyhow::Result<()> {
    let origin = stage.any_origin().await?;
    let running = origin.running().await?;
    let concerned = stage.viewers_over(std::slice::from_ref(&origin)).await?;
    stage.begin(concerned);
    stage.cluster.restart(&origin).await?;
    ensure!(origin.running().await? != running, "{} is the same process as before", origin.name);
    Ok(())
}

/// One more origin gets some streams by hand, and gives them to the others when it ends.
pub async fn scale(stage: &mut Stage) -> anyhow::Result<()> {
    let count = stage.cluster.origins.len();
    let mut streams = BTreeSet::new();
    for _ in 0..SCALED {
        streams.insert(stage.any_stream().await?.0);
    }
    let concerned = stage.viewers_of(&streams);
    stage.begin(concerned);
    stage.cluster.scale(count + 1).await?;
    for stream in streams {
        stage.cluster.move_stream(&stage.key(stream), &format!("origin-{count}")).await?;
    }
    stage.cluster.scale(count).await
}

/// How soon an origin that was asked to end and its successor do without the grace period.
const PROMPT: Duration = Duration::from_secs(40);

/// How many streams a new origin gets, at most.
const SCALED: usize = 5;
