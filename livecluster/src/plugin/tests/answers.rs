//! What people are told who lack something.

use livecluster_operator::resource::LiveCluster;
use livecluster_test_api::Server;

use super::*;

#[tokio::test]
async fn namespace_without_a_cluster_or_with_several_is_told() {
    let server = Server::default();
    let at = |client| Kubernetes::of(client, "media");
    let told = shown(&at(server.connect("media").0), "kubectl livecluster status").await;
    assert_eq!(told, "livecluster: no LiveCluster in namespace media: name another namespace with -n");

    let api = kube::Api::<LiveCluster>::default_namespaced(server.connect("media").0);
    for name in ["one", "two"] {
        let cluster = LiveCluster::new(name, Default::default());
        api.create(&Default::default(), &cluster).await.expect("made");
    }
    let told = shown(&at(server.connect("media").0), "kubectl livecluster where live/alice").await;
    assert_eq!(told, "livecluster: namespace media has 2 LiveClusters: say with --livecluster which one of one, two");
    let told = shown(&at(server.connect("media").0), "kubectl livecluster where live/alice --livecluster three").await;
    assert!(told.starts_with("livecluster: no LiveCluster three in namespace media"), "{told}");
}

#[tokio::test]
async fn cluster_that_nobody_serves_is_shown_with_what_is_missing() {
    let server = Server::default();
    let api = kube::Api::<LiveCluster>::default_namespaced(server.connect("media").0);
    api.create(&Default::default(), &LiveCluster::new("one", Default::default())).await.expect("made");
    let at = Kubernetes::of(server.connect("media").0, "media");

    let status = shown(&at, "kubectl livecluster status").await;
    let place = shown(&at, "kubectl livecluster where live/alice").await;
    let doctor = print(&at, "kubectl livecluster doctor").await.expect("an answer");

    assert!(status.contains("none has looked at it yet"), "{status}");
    assert!(status.contains("Not shown: no routes yet: nothing in ConfigMap one-routes."), "{status}");
    assert_eq!(place, "livecluster: no routes yet: nothing in ConfigMap one-routes");
    assert!(!doctor.is_well && doctor.text.contains("no operator has looked at it yet"), "{}", doctor.text);
}
