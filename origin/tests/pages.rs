//! What an origin reads from its route document and shows over HTTP.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use livecluster_mrtmp::Frame;
use serde_json::{Value, json};
use support::edge::{Edge, GROUP, media};
use support::{GENERATION, Origin, document};

#[tokio::test]
async fn status_shows_a_stream_and_the_links() {
    let origin = Origin::start().await;
    let (publisher, _viewers) = watched(&origin).await;

    let (code, body) = origin.page("/status").await;

    let mut status: Value = serde_json::from_str(&body).unwrap();
    let mut stream = status["streams"][0].take();
    let links = status["links"].as_array().unwrap();
    assert_eq!(code, 200);
    assert_eq!(status["name"], "origin-0");
    assert_eq!(status["boot"], format!("{:016x}", publisher.origin.boot.0));
    assert_eq!(status["generation"], GENERATION);
    assert_eq!(stream["term"].take()[0], GENERATION);
    assert!(stream["log_bytes"].take().as_u64() > Some(100));
    let shown = json!({
        "key": "live/alice",
        "publication": "0000000000000001-1",
        "term": null,
        "publisher_edge": "edge-a",
        "edges": 1,
        "viewers": 1,
        "held": false,
        "bytes": 100,
        "log_bytes": null,
        "next": 1,
    });
    assert_eq!(stream, shown);
    assert_eq!(links.len(), 2);
    for link in links {
        assert_eq!(link["role"], "edge");
        assert!(link["bytes_in"].as_u64() > Some(100), "{link}");
    }
}

#[tokio::test]
async fn metrics_count_streams_viewers_and_links() {
    let origin = Origin::start().await;
    let (_publisher, _viewers) = watched(&origin).await;

    for (name, value) in [
        ("livecluster_streams", 1.0),
        ("livecluster_streams_held", 0.0),
        ("livecluster_viewers", 1.0),
        (r#"livecluster_mrtmp_links{role="edge"}"#, 2.0),
        (r#"livecluster_mrtmp_links{role="operator"}"#, 0.0),
        ("livecluster_route_generation", 7.0),
        ("livecluster_route_lag_seconds", 0.0),
        ("livecluster_boots_total", 1.0),
    ] {
        assert_eq!(origin.metric(name).await, value, "{name}");
    }
}

#[tokio::test]
async fn totals_keep_what_links_that_have_ended_carried() {
    let origin = Origin::start().await;
    let (_publisher, _viewers) = watched(&origin).await;
    let before = origin.metric("livecluster_mrtmp_bytes_in_total").await;

    let mut newer = origin.edge("edge-a", 2).await;
    newer.published("live/bob").await;

    assert!(origin.metric("livecluster_mrtmp_bytes_in_total").await > before);
    assert_eq!(origin.metric("livecluster_streams_held").await, 1.0);
}

#[tokio::test]
async fn an_origin_is_ready_once_a_route_document_is_in_force() {
    let origin = Origin::start_with(None, &[]).await;
    let unready = origin.page("/readyz").await;
    assert_eq!(unready, (503, "no route document is in force\n".to_owned()));
    let mut edge = origin.edge("edge-a", 1).await;

    origin.write(&document(""));
    edge.hear_of(GENERATION).await;

    assert_eq!(origin.page("/readyz").await.0, 200);
    edge.published("live/alice").await;
}

#[tokio::test]
async fn a_document_that_is_refused_is_counted_and_the_last_good_one_stays() {
    let origin = Origin::start().await;
    let older = document("").replace(&format!("\"generation\": {GENERATION}"), "\"generation\": 1");

    origin.write(&older);

    let refused = r#"livecluster_route_document_refused_total{reason="older"}"#;
    while origin.metric(refused).await < 1.0 {}
    assert_eq!(origin.metric("livecluster_route_generation").await, 7.0);
    assert_eq!(origin.page("/readyz").await.0, 200);
}

#[tokio::test]
async fn an_application_that_the_document_does_not_list_is_refused() {
    let listed = document(r#", "applications": {"policy": "listed", "names": ["live"]}"#);
    let origin = Origin::start_with(Some(&listed), &[]).await;
    let mut edge = origin.edge("edge-a", 1).await;

    edge.publish("vod/alice");

    let Some(Frame::Refused(refused)) = edge.next().await else {
        panic!("not refused");
    };
    assert_eq!(refused.code, "NetStream.Publish.Denied");
    assert_eq!(origin.metric("livecluster_refusals_total").await, 1.0);
}

/// Two edges; what the first publishes has come to the second, which has one viewer.
async fn watched(origin: &Origin) -> (Edge, Edge) {
    let mut publisher = origin.edge("edge-a", 1).await;
    let mut viewers = origin.edge("edge-b", 1).await;
    publisher.published("live/alice").await;
    viewers.play("live/alice", 1);
    viewers.watch("live/alice");
    publisher.enter_subscriber().await;
    publisher.media(0);
    let last = Frame::Media(media(GROUP.0, 0));
    while viewers.next().await.unwrap() != last {}
    (publisher, viewers)
}
