//! An origin's links over real sockets.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::time::Duration;

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Awaiting, Cause, Probe, Revoked, Stable};
use livecluster_mrtmp::id::Channel;
use livecluster_mrtmp::io::{Error, Reason};
use livecluster_mrtmp::link::{self, Refusal};
use support::edge::{Edge, GROUP, media};
use support::{Origin, SECRET, document};
use tokio::time;

#[tokio::test]
async fn an_edge_with_two_viewers_gets_one_copy_of_what_another_publishes() {
    let origin = Origin::start().await;
    let mut publisher = origin.edge("edge-a", 1).await;
    let mut viewers = origin.edge("edge-b", 1).await;
    publisher.published("live/alice").await;

    viewers.play("live/alice", 1);
    viewers.play("live/alice", 2);
    viewers.watch("live/alice");
    publisher.enter_subscriber().await;
    (0..3).for_each(|sequence| publisher.media(sequence));

    for _ in 0..2 {
        let joined = viewers.next().await;
        assert!(matches!(joined, Some(Frame::Join(_))), "{joined:?}");
    }
    // Its publisher has sent nothing yet when they come.
    let waiting = viewers.next().await;
    assert_eq!(waiting, Some(Frame::Awaiting(Awaiting { group: GROUP, held: false })));
    let Some(Frame::From(from)) = viewers.next().await else {
        panic!("nothing is shown");
    };
    let shown = (from.group, from.next, from.cause);
    assert_eq!(shown, (GROUP, 0, Cause::Continue));
    for sequence in 0..3 {
        let copy = Frame::Media(media(GROUP.0, sequence));
        assert_eq!(viewers.next().await, Some(copy));
    }
    publisher.media(3);
    let fourth = Frame::Media(media(GROUP.0, 3));
    assert_eq!(viewers.next().await, Some(fourth));
}

#[tokio::test]
async fn an_edge_is_shown_nothing_that_the_publishers_edge_does_not_keep_for_it() {
    let origin = Origin::start().await;
    let mut publisher = origin.edge("edge-a", 1).await;
    let mut viewers = origin.edge("edge-b", 1).await;
    publisher.published("live/alice").await;
    (0..3).for_each(|sequence| publisher.media(sequence));
    publisher.stable(3).await;

    viewers.watch("live/alice");
    // It asks for the latest start, which is 2.
    publisher.enter_subscriber_from(3).await;

    let Some(Frame::From(from)) = viewers.next().await else {
        panic!("nothing is shown");
    };
    assert_eq!(from.next, 3);
}

#[tokio::test]
async fn an_edge_that_leaves_and_comes_back_at_once_has_left_before_it_comes() {
    let origin = Origin::start().await;
    let mut publisher = origin.edge("edge-a", 1).await;
    let viewers = origin.edge("edge-b", 1).await;
    publisher.published("live/alice").await;
    viewers.watch("live/alice");
    publisher.enter_subscriber().await;

    viewers.unwatch();
    viewers.watch("live/alice");

    let before = publisher.enter_subscriber_from(0).await;
    assert_eq!(leavers(&before), ["edge-b"]);
    publisher.media(0);
    let after = publisher.stable(1).await;
    assert_eq!(leavers(&after), [""; 0]);
}

#[tokio::test]
async fn a_publication_that_has_ended_does_not_keep_a_later_one_from_its_stream() {
    let origin = Origin::start().await;
    let mut edge = origin.edge("edge-a", 1).await;
    edge.resume("live/alice", 1, 3, None);
    assert!(matches!(edge.next().await, Some(Frame::Nothing(_))));
    edge.resume("live/alice", 1, 3, Some(3));
    assert!(matches!(edge.next().await, Some(Frame::Nothing(_))));

    edge.resume("live/alice", 2, 0, None);

    let revoked = edge.next().await;
    let first = Channel(2);
    assert_eq!(revoked, Some(Frame::Revoked(Revoked { channel: first, last: 3 })));
    assert!(matches!(edge.next().await, Some(Frame::Nothing(_))));
}

#[tokio::test]
async fn a_publication_that_nobody_feeds_makes_room_for_a_provisional_one_until_it_resumes() {
    let origin = Origin::start().await;
    let mut older = origin.edge("edge-a", 1).await;
    let mut newer = origin.edge("edge-b", 1).await;
    older.resume_firmly("live/alice", 1, 3).await;
    let mut again = origin.edge("edge-a", 2).await;
    while older.next().await.is_some() {}

    newer.resume("live/alice", 2, 5, None);
    assert!(matches!(newer.next().await, Some(Frame::Nothing(_))), "it is not revoked");
    again.resume_firmly("live/alice", 1, 3).await;

    assert_eq!(newer.next().await, Some(Frame::Revoked(Revoked { channel: Channel(1), last: 0 })));
}

#[tokio::test]
async fn a_publishers_edge_that_goes_on_on_another_channel_is_asked_again_whether_it_is_silent() {
    let origin = Origin::start().await;
    let mut publisher = origin.edge("edge-a", 1).await;
    let mut newcomer = origin.edge("edge-b", 1).await;
    publisher.resume("live/alice", 7, 0, None);
    assert!(matches!(publisher.next().await, Some(Frame::Nothing(_))));
    newcomer.publish("live/alice");
    assert_eq!(publisher.next().await, Some(Frame::Probe(Probe { channel: Channel(1) })));

    publisher.resume("live/alice", 7, 0, None);

    assert!(matches!(publisher.next().await, Some(Frame::Nothing(_))));
    assert_eq!(publisher.next().await, Some(Frame::Probe(Probe { channel: Channel(2) })));
}

/// The edges that have left, as a publisher's edge was told.
fn leavers(told: &[Stable]) -> Vec<&str> {
    let left = told.iter().flat_map(|stable| &stable.edges).filter(|(_, next)| next.is_none());
    left.map(|(edge, _)| &**edge).collect()
}

#[tokio::test]
async fn a_part_with_another_secret_is_refused() {
    let origin = Origin::start().await;

    let refused = origin.dial("edge-a", 1, "another secret of length").await;

    let Err(Error::Link(refused)) = refused else {
        panic!("not refused: {refused:?}");
    };
    assert_eq!(refused, link::Error::RefusedByPeer(Refusal::Proof));
}

#[tokio::test]
async fn a_newer_link_of_a_peer_replaces_the_older_one() {
    let origin = Origin::start().await;
    let mut older = origin.edge("edge-a", 1).await;
    older.published("live/alice").await;

    let mut newer = origin.edge("edge-a", 2).await;

    let goodbye = older.next().await;
    assert!(matches!(goodbye, Some(Frame::GoAway(_))), "{goodbye:?}");
    assert_eq!(older.next().await, None);
    newer.published("live/alice").await;
    let links = origin.metric(r#"livecluster_mrtmp_links{role="edge"}"#);
    assert_eq!(links.await, 1.0);
}

#[tokio::test]
async fn a_link_that_comes_late_does_not_replace_a_newer_one() {
    let origin = Origin::start().await;
    let mut newer = origin.edge("edge-a", 2).await;
    newer.published("live/alice").await;

    let late = turned_away(&origin, "edge-a", 1).await;

    assert!(is_closed(&late), "{late:?}");
    newer.published("live/bob").await;
}

#[tokio::test]
async fn a_link_above_the_limit_is_closed() {
    let origin = Origin::start_with(Some(&document("")), &["--max-links=1"]).await;
    let mut first = origin.edge("edge-a", 1).await;
    first.published("live/alice").await;

    let second = turned_away(&origin, "edge-b", 1).await;

    assert!(is_closed(&second), "{second:?}");
    first.published("live/bob").await;
}

#[tokio::test]
async fn peers_are_told_that_an_origin_shuts_down() {
    let origin = Origin::start_with(Some(&document("")), &["--grace-seconds=5"]).await;
    let mut edge = origin.edge("edge-a", 1).await;
    edge.published("live/alice").await;

    origin.stop().await.unwrap();

    let goodbye = edge.next().await;
    assert!(matches!(goodbye, Some(Frame::GoAway(_))), "{goodbye:?}");
    let ended = edge.ended().await;
    assert!(matches!(ended, Reason::Link(Error::Closed)), "{ended:?}");
}

#[tokio::test]
async fn an_origin_that_was_frozen_goes_on_as_another_boot_without_memory() {
    let origin = Origin::start().await;
    let mut edge = origin.edge("edge-a", 1).await;
    let before = edge.origin.boot;
    edge.published("live/alice").await;

    time::pause();
    time::advance(Duration::from_secs(2)).await;
    time::resume();
    edge.ended().await;

    let again = origin.dial("edge-a", 2, SECRET).await.unwrap();
    assert_ne!(again.peer().boot, before);
    assert_eq!(origin.metric("livecluster_boots_total").await, 2.0);
    assert_eq!(origin.metric("livecluster_streams").await, 0.0);
    assert_eq!(origin.page("/readyz").await.0, 200);
}

/// Why a link that is not taken ends: before this side knows that it was up, or after.
async fn turned_away(origin: &Origin, name: &str, number: u64) -> Error {
    let connection = match origin.dial(name, number, SECRET).await {
        Ok(connection) => connection,
        Err(error) => return error,
    };
    match Edge::new(connection).ended().await {
        Reason::Link(error) => error,
        other => panic!("{other:?}"),
    }
}

fn is_closed(error: &Error) -> bool {
    matches!(error, Error::Closed | Error::Io(_))
}
