//! Faults of clients.

use anyhow::Context;

use crate::drill::forwarder::Forwarder;
use crate::drill::load::Post;
use crate::drill::stage::Stage;

/// An encoder's connection is cut without a word, and it publishes again through another edge: the cluster sees a
/// newcomer while the old connection still stands.
pub async fn silence(stage: &mut Stage) -> anyhow::Result<()> {
    let encoder = stage.any_encoder();
    let edge = stage.load.post(encoder).context("no encoder")?.edge;
    let line = Forwarder::start(stage.address(edge)?, None).await?;
    stage.load.send(encoder, Post { edge, address: line.address });
    stage.calm().await?;

    let other = stage.another_edge(edge);
    let concerned = stage.load.audience().find(|stream, _| stream as usize == encoder);
    stage.begin(concerned);
    line.cut();
    stage.load.send(encoder, Post { edge: other, address: stage.address(other)? });
    let recovered = stage.recover().await;
    // It may be turned away while the old one is not known to be silent.
    stage.load.audience().forgive_encoder(encoder);
    recovered
}
