//! What a real Prometheus tells of a real cluster.

use std::path::Path;

use livecluster_tests::local::{Cluster, LIMIT, Options, Prometheus, Watched, within};
use livecluster_tests::metrics;
use rustix::process::Signal;
use serde_json::Value;

fn read(name: &str) -> String {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/livecluster/files");
    std::fs::read_to_string(files.join(name)).expect("it is there")
}

/// Waits until an alert fires, or does not.
async fn until(prometheus: &Prometheus, alert: &str, fires: bool) {
    let what = format!("{alert} fires: {fires}");
    within(LIMIT, &what, async || (prometheus.firing().await.contains(alert) == fires).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_origin_is_told_of_until_it_is_back() {
    let cluster = Cluster::start(Options { origins: 2, ..Options::default() }).await;
    let [lost, _] = &cluster.origins[..] else {
        panic!("two origins");
    };
    let stream = Watched::start(&cluster, &cluster.name_at(lost)).await;
    stream.goes_on().await;
    let prometheus = Prometheus::start(&cluster, &read("rules.yaml")).await;

    // A local cluster has no operator, and that is told too.
    until(&prometheus, "LiveClusterNoLeader", true).await;
    within(LIMIT, "all parts are scraped", async || (prometheus.query("up == 1").await.len() == 4).then_some(())).await;
    let firing = prometheus.firing().await;
    assert!(!firing.contains("LiveClusterOriginLost") && !firing.contains("LiveClusterClientsHeld"), "{firing:?}");

    cluster.signal(Signal::STOP);
    lost.signal(Signal::KILL);
    until(&prometheus, "LiveClusterOriginLost", true).await;
    until(&prometheus, "LiveClusterClientsHeld", true).await;

    cluster.signal(Signal::CONT);
    until(&prometheus, "LiveClusterOriginLost", false).await;
    until(&prometheus, "LiveClusterClientsHeld", false).await;
    stream.goes_on().await;
    stream.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dashboard_shows_a_cluster() {
    let cluster = Cluster::start(Options::default()).await;
    Watched::start(&cluster, "alice").await.goes_on().await;
    let prometheus = Prometheus::start(&cluster, &read("rules.yaml")).await;
    let dashboard: Value = serde_json::from_str(&read("dashboard.json")).expect("JSON");

    let queries = metrics::expressions(&dashboard);
    assert!(queries.len() > 20, "{queries:?}");
    for query in queries {
        let asked =
            query.replace("$__rate_interval", "5s").replace("$namespace", "media").replace("$livecluster", "demo");
        if asked.contains("livecluster_operator_") {
            assert_eq!(prometheus.query(&asked).await, Vec::<Value>::new(), "a local cluster has no operator");
            continue;
        }
        within(LIMIT, &asked, async || (!prometheus.query(&asked).await.is_empty()).then_some(())).await;
    }
}
