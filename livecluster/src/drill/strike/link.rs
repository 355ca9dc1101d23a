//! Faults of links.

use std::time::Duration;

use anyhow::Context;
use tokio::time::sleep;

use crate::drill::cluster::Part;
use crate::drill::stage::Stage;
use crate::local::Ways;

/// Between an edge and an origin nothing comes through for a while, in both ways or one; all others reach that origin.
pub async fn cut(stage: &mut Stage) -> anyhow::Result<()> {
    let ways = WAYS.into_iter().cycle().nth(stage.cuts).context("no way")?;
    stage.cuts += 1;
    let (number, origin) = (stage.any_edge(), stage.any_origin().await?);
    let edge = stage.cluster.edges.get(number).cloned().context("no edge")?;
    let concerned = between(stage, number, &origin).await?;
    stage.begin(concerned);
    stage.cluster.cut(&edge, &origin, ways).await?;
    sleep(CUT).await;
    stage.cluster.mend(&edge, &origin).await?;
    stage.cluster.until_linked(&edge, &origin).await
}

/// The viewers whose streams come over this link: from the edge to viewers of others, or from others to its own.
async fn between(stage: &Stage, edge: usize, origin: &Part) -> anyhow::Result<Vec<usize>> {
    let over = stage.viewers_over(std::slice::from_ref(origin)).await?;
    let uses = stage.load.audience().find(|stream, at| (stage.home(stream) == Some(edge)) != (at == edge));
    Ok(over.into_iter().filter(|viewer| uses.contains(viewer)).collect())
}

/// In turn.
const WAYS: [Ways; 3] = [Ways::Both, Ways::Up, Ways::Down];

/// For how long.
const CUT: Duration = Duration::from_secs(5);
