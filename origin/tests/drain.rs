//! An origin that is asked to end.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use livecluster_mrtmp::Frame;
use support::edge::Edge;
use support::{Origin, document};

#[tokio::test]
async fn an_origin_that_is_asked_to_end_says_so_on_every_link_and_serves_until_its_last_stream_has_left() {
    let mut origin = Origin::start().await;
    let mut edge = origin.edge("edge-a", 1).await;
    edge.published("live/alice").await;

    origin.ask_to_end();

    assert!(is_told(&mut edge).await);
    let mut late = origin.edge("edge-b", 1).await;
    assert!(is_told(&mut late).await);
    assert_eq!(origin.page("/readyz").await, (503, "draining\n".to_owned()));
    late.watch("live/bob");
    assert!(matches!(late.next().await, Some(Frame::Awaiting(_))));
    edge.withdraw();
    late.unwatch();
    origin.ended().await.unwrap();
    let goodbye = edge.next().await;
    assert!(matches!(&goodbye, Some(Frame::GoAway(goaway)) if !goaway.is_draining()), "{goodbye:?}");
}

#[tokio::test]
async fn an_origin_ends_before_its_grace_period_is_over_whatever_it_still_has() {
    let mut origin = Origin::start_with(Some(&document("")), &["--grace-seconds=6"]).await;
    let mut edge = origin.edge("edge-a", 1).await;
    edge.published("live/alice").await;

    origin.ask_to_end();

    origin.ended().await.unwrap();
    assert!(is_told(&mut edge).await);
}

async fn is_told(edge: &mut Edge) -> bool {
    matches!(edge.next().await, Some(Frame::GoAway(goaway)) if goaway.is_draining())
}
