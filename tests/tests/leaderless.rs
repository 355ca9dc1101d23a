//! What a cluster does while nobody decides on routes.

use livecluster_tests::local::{Client, Cluster, LIMIT, Options, Pace, Part, Watched, within};
use rustix::process::Signal;

async fn two_origins() -> Cluster {
    Cluster::start(Options { origins: 2, ..Options::default() }).await
}

async fn until_held(edge: &Part, key: &str) {
    within(LIMIT, "the stream is held", async || {
        let stream = edge.stream(key).await?;
        (stream["held"] == true).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_of_a_lost_origin_are_held_and_new_ones_placed_until_somebody_decides_again() {
    let cluster = two_origins().await;
    let [lost, other] = &cluster.origins[..] else {
        panic!("two origins");
    };
    let held = cluster.name_at(lost);
    let old = Watched::start(&cluster, &held).await;
    old.goes_on().await;
    cluster.change(&["decisions", "stop"]).await;

    lost.signal(Signal::STOP);
    cluster.until_unlinked(lost).await;
    until_held(&cluster.edges[0], &format!("live/{held}")).await;
    let new = Watched::start(&cluster, &cluster.name_at(other)).await;
    new.goes_on().await;
    assert!(cluster.states().await.iter().all(|(_, state)| state == "active"));

    cluster.change(&["decisions", "start"]).await;
    old.goes_on().await;
    new.goes_on().await;
    cluster.until_listed(&format!("live/{held}"), other).await;
    lost.signal(Signal::CONT);
    within(LIMIT, "the lost one is back", async || {
        cluster.states().await.iter().all(|(_, state)| state == "active").then_some(())
    })
    .await;
    old.goes_on().await;
    old.assert_whole().await;
    new.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn origin_that_is_killed_and_comes_back_takes_its_streams_up_with_nobody_deciding() {
    let cluster = two_origins().await;
    let [killed, other] = &cluster.origins[..] else {
        panic!("two origins");
    };
    let name = cluster.name_at(killed);
    let stream = Watched::start(&cluster, &name).await;
    stream.goes_on().await;
    cluster.change(&["decisions", "stop"]).await;

    killed.signal(Signal::KILL);
    let new = Watched::start(&cluster, &cluster.name_at(other)).await;
    stream.goes_on().await;
    new.goes_on().await;

    cluster.change(&["decisions", "start"]).await;
    cluster.until_listed(&format!("live/{name}"), killed).await;
    let said = cluster.change(&["move", &format!("live/{name}"), &other.name]).await;
    assert!(said.contains(&other.name), "{said}");
    stream.goes_on().await;
    stream.assert_whole().await;
    new.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_without_any_origin_go_on_if_one_comes_back_in_time_and_else_end_with_a_code() {
    let arguments = ["--hold-seconds=8"];
    let cluster = Cluster::start(Options { arguments: &arguments, ..Options::default() }).await;
    let stream = Watched::start(&cluster, "alice").await;
    stream.goes_on().await;

    let origin = &cluster.origins[0];
    origin.signal(Signal::STOP);
    cluster.until_unlinked(origin).await;
    until_held(&cluster.edges[0], "live/alice").await;
    origin.signal(Signal::CONT);
    stream.goes_on().await;
    stream.assert_whole().await;

    let mut publisher = Client::connect(&cluster.edges[0]).await;
    let stream_id = publisher.publish("bob").await;
    let pace = Pace::default();
    pace.headers(stream_id).iter().chain(&pace.frame(stream_id, 0)).for_each(|message| publisher.queue(message));
    publisher.flush().await.expect("it is sent");
    let mut viewer = Client::connect(&cluster.edges[1]).await;
    viewer.play("bob").await;
    origin.signal(Signal::STOP);
    publisher.expect_status("NetStream.Failed").await;
    publisher.until_closed(LIMIT).await;
    viewer.expect_status("NetStream.Play.Failed").await;
    viewer.until_closed(LIMIT).await;
    assert_eq!(cluster.edges[0].disconnects("hold_ended").await, 1.0);
    assert_eq!(cluster.edges[1].disconnects("hold_ended").await, 1.0);
}
