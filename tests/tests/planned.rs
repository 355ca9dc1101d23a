//! Streams that go to another origin because somebody wants it: no one who publishes or watches notices.

use livecluster_tests::local::{Cluster, LIMIT, Part, SAMPLE, nobody_notices, within};
use rustix::process::Signal;

fn other<'a>(cluster: &'a Cluster, origin: &Part) -> &'a Part {
    cluster.origins.iter().find(|other| other.name != origin.name).expect("two origins")
}

/// Waits until both edges take the stream from this origin, and the others have forgotten it.
async fn until_only_at(cluster: &Cluster, origin: &str) {
    for edge in &cluster.edges {
        within(LIMIT, "the edge follows", async || {
            let stream = edge.stream(SAMPLE).await?;
            (stream["origin"] == *origin).then_some(())
        })
        .await;
    }
    within(LIMIT, "the others have nothing", async || {
        let status = cluster.status().await;
        let mut others = status["origins"].as_array()?.iter().filter(|one| one["name"] != *origin);
        others.all(|one| one["streams"] == 0 || one["streams"].is_null()).then_some(())
    })
    .await;
}

async fn move_there_and_back(cluster: &Cluster, origin: &Part) {
    for to in [other(cluster, origin), origin] {
        let said = cluster.change(&["move", SAMPLE, &to.name]).await;
        assert!(said.contains(&format!(" to {} in ", to.name)), "{said}");
        until_only_at(cluster, &to.name).await;
    }
}

async fn drain(cluster: &Cluster, origin: &Part) {
    let said = cluster.change(&["drain", &origin.name]).await;
    assert!(said.starts_with(&format!("{}: draining after ", origin.name)), "{said}");
    until_only_at(cluster, &other(cluster, origin).name).await;
}

async fn restart(cluster: &Cluster, origin: &Part) {
    cluster.change(&["restart", &origin.name]).await;
    until_only_at(cluster, &other(cluster, origin).name).await;
    assert!(cluster.states().await.iter().all(|(_, state)| state == "active"));
}

async fn scale_in(cluster: &Cluster, _: &Part) {
    cluster.change(&["move", SAMPLE, "origin-1"]).await;
    cluster.change(&["scale", "origins", "1"]).await;
    assert_eq!(cluster.states().await, [("origin-0".to_owned(), "active".to_owned())]);
    until_only_at(cluster, "origin-0").await;
}

/// The stream stays where it is, whatever its default is now.
async fn scale_out(cluster: &Cluster, origin: &Part) {
    cluster.change(&["scale", "origins", "4"]).await;
    assert_eq!(cluster.states().await.len(), 4);
    assert_eq!(cluster.origin_of(SAMPLE).await.as_deref(), Some(&*origin.name));
    cluster.change(&["move", SAMPLE, "origin-3"]).await;
    until_only_at(cluster, "origin-3").await;
}

/// As an operator's pods get it, or a person sends it.
async fn terminate(cluster: &Cluster, origin: &Part) {
    origin.signal(Signal::TERM);
    until_only_at(cluster, &other(cluster, origin).name).await;
    within(LIMIT, "another process takes streams", async || {
        let status = cluster.status().await;
        let mut origins = status["origins"].as_array()?.iter();
        let mine = origins.find(|one| one["name"] == *origin.name)?;
        (mine["state"] == "active" && mine["pid"] != origin.pid).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stream_that_is_moved_by_hand_loses_no_frame() {
    nobody_notices(2, move_there_and_back).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stream_of_an_origin_that_is_drained_loses_no_frame() {
    nobody_notices(2, drain).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stream_of_an_origin_that_is_restarted_in_good_order_loses_no_frame() {
    nobody_notices(2, restart).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stream_of_an_origin_that_is_scaled_away_loses_no_frame() {
    nobody_notices(2, scale_in).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stream_stays_when_origins_are_added_and_goes_to_a_new_one_when_it_is_moved() {
    nobody_notices(2, scale_out).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stream_of_an_origin_that_is_asked_to_end_loses_no_frame() {
    nobody_notices(2, terminate).await;
}
