//! A route document that is broken, older, or gone: what runs goes on, and new streams are placed.

use livecluster_tests::local::{Cluster, LIMIT, Options, Watched, within};

/// Waits until every part has refused the document for this reason.
async fn until_refused(cluster: &Cluster, reason: &str) {
    let labels = format!("reason=\"{reason}\"");
    for part in cluster.edges.iter().chain(&cluster.origins) {
        within(LIMIT, "the document is refused", async || {
            (part.metric("route_document_refused_total", &labels).await >= 1.0).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_notices_a_bad_route_document() {
    let cluster = Cluster::start(Options { origins: 2, ..Options::default() }).await;
    let name = cluster.name_at(&cluster.origins[0]);
    let other = cluster.name_at(&cluster.origins[1]);
    let stream = Watched::start(&cluster, &name).await;
    let good = cluster.read_routes();
    let generation = good.lines().find(|line| line.contains("generation")).expect("a generation").to_owned();

    cluster.write_routes(&good[..good.len() / 2]);
    until_refused(&cluster, "malformed").await;
    cluster.write_routes(&good.replace(&generation, "  \"generation\": 7,"));
    until_refused(&cluster, "older").await;
    cluster.remove_routes();
    until_refused(&cluster, "missing").await;
    stream.goes_on().await;
    let late = Watched::start(&cluster, &other).await;
    late.goes_on().await;

    cluster.change(&["move", &format!("live/{name}"), "origin-1"]).await;
    stream.goes_on().await;
    stream.assert_whole().await;
    late.assert_whole().await;
}
