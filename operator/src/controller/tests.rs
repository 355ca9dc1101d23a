//! Tests of the whole: an operator that leads, on an API server in memory, and pods that tests make by hand.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use k8s_openapi::api::events::v1::Event;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::runtime::wait::await_condition;
use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{Links, Streams};
use livecluster_mrtmp::id::BootId;
use livecluster_mrtmp::io::{self, Endpoint};
use livecluster_mrtmp::link::{Config, Opening, Role, Secrets};
use livecluster_mrtmp::route::{File, State};
use livecluster_test_api::Server;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use super::*;
use crate::desire::LINK_KEY;
use crate::process::{self, LEASE, Operator};
use crate::store::KEY;

/// An operator that runs, and the cluster that it serves.
struct Running {
    client: Client,
    metrics: Metrics,
    tasks: JoinSet<()>,
    /// The links of origins; one that ends was closed by the operator.
    links: JoinSet<()>,
    _shutdown: oneshot::Sender<()>,
}

impl Running {
    async fn start(server: &Server) -> Self {
        let client = server.connect("ns").0;
        let config = process::Config {
            name: "operator-0".to_owned(),
            http_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            namespace: "ns".to_owned(),
            watch_namespaces: vec!["ns".to_owned()],
            release: "live".to_owned(),
            image: "livecluster:test".to_owned(),
            network_policy: Vec::new(),
        };
        let operator = Operator::bind(&config, client.clone()).await.expect("a free port");
        let (shutdown, shut) = oneshot::channel::<()>();
        let (settings, of_operator) = (config.controller(), client.clone());
        let (tell, told) = oneshot::channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let controller = |acting: Acting| {
                tell.send(acting.metrics.clone()).expect("the test waits");
                run(of_operator, settings, acting)
            };
            let ended = operator.run(controller, async { drop(shut.await) });
            ended.await.expect("the lease is kept");
        });
        let metrics = told.await.expect("it starts");
        Self { client, metrics, tasks, links: JoinSet::new(), _shutdown: shutdown }
    }

    fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), "ns")
    }

    async fn make(&self, spec: Value) {
        let cluster = json!({
            "apiVersion": "livecluster.io/v1alpha1", "kind": "LiveCluster", "metadata": {"name": "demo"}, "spec": spec,
        });
        let cluster: LiveCluster = serde_json::from_value(cluster).expect("a LiveCluster");
        self.api().create(&PostParams::default(), &cluster).await.expect("made");
    }

    async fn until<K>(&self, name: &str, what: impl Fn(&K) -> bool) -> K
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + std::fmt::Debug + Send + 'static,
        K: serde::de::DeserializeOwned,
    {
        let is_so = |object: Option<&K>| object.is_some_and(&what);
        let reached = timeout(Duration::from_secs(20), await_condition(self.api(), name, is_so)).await;
        match reached {
            Ok(Ok(object)) => object.expect("it is there"),
            other => panic!("{name}: {other:?}; there is {:?}", self.api::<K>().get_opt(name).await),
        }
    }

    async fn until_condition(&self, type_: &str, status: &str) -> LiveCluster {
        let is_so = |cluster: &LiveCluster| {
            let mut conditions = cluster.status.iter().flat_map(|status| &status.conditions);
            conditions.any(|condition| condition.type_ == type_ && condition.status == status)
        };
        self.until("demo", is_so).await
    }

    async fn until_active(&self, names: &[&str]) {
        let is_so = |map: &ConfigMap| {
            let text = map.data.as_ref().and_then(|data| data.get(KEY)).expect("a document");
            let document = File::parse(text).expect("it reads").document;
            let active = document.origins.iter().filter(|origin| origin.state == State::Active);
            active.map(|origin| origin.name.to_string()).collect::<Vec<_>>() == names
        };
        self.until("demo-routes", is_so).await;
    }

    /// Makes the pods that Kubernetes would make. They take links: origins tell that they have no streams, edges how many
    /// clients they have.
    async fn make_pods(&mut self, edges: &[(&str, u64)]) {
        let secret: Secret = self.until("demo-link", |_| true).await;
        let secret = secret.data.expect("data")[LINK_KEY].0.clone();
        let cluster: LiveCluster = self.api().get("demo").await.expect("there");
        let uid = cluster.uid().expect("a uid");
        let config = |name: &str, role| {
            let secrets = Secrets::new(vec![secret.clone()]).expect("long enough");
            Config::new(uid.clone(), name.into(), role, BootId(7), secrets)
        };
        for name in ["demo-origin-0", "demo-origin-1"] {
            let address = listen(config(name, Role::Origin), vec![], &mut self.links).await;
            self.make_pod(name, "origin", address).await;
        }
        for (name, connections) in edges {
            let links = Frame::Links(Links { origins: Vec::new(), connections: *connections });
            let address = listen(config(name, Role::Edge), vec![links], &mut self.links).await;
            self.make_pod(name, "edge", address).await;
        }
    }

    /// The operator knows how many clients there are.
    async fn until_viewers(&self, viewers: i64) {
        // It writes counters at a slow pace, unless it has to look for something else.
        for max_draining in 1..100 {
            let change = json!({"spec": {"edge": {"maxDraining": max_draining}}});
            let clusters = self.api::<LiveCluster>();
            clusters.patch("demo", &PatchParams::default(), &Patch::Merge(change)).await.expect("changed");
            let is_seen = |cluster: &LiveCluster| {
                let resolved = cluster.status.as_ref().and_then(|status| status.resolved.as_ref());
                resolved.is_some_and(|resolved| resolved.edge.max_draining == max_draining)
            };
            let seen: LiveCluster = self.until("demo", is_seen).await;
            if seen.status.and_then(|status| status.viewers) == Some(viewers) {
                return;
            }
        }
        panic!("{viewers} viewers are not seen");
    }

    async fn make_pod(&self, name: &str, component: &str, address: SocketAddr) {
        let ports = json!([{"name": "link", "containerPort": address.port()}]);
        let status = json!({"name": component, "containerID": name, "ready": true, "state": {"running": {}}, "image": "",
            "imageID": "", "restartCount": 0});
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "labels": {
                "app.kubernetes.io/instance": "demo", "app.kubernetes.io/component": component,
            }},
            "spec": {"containers": [{"name": component, "ports": ports}]},
            "status": {
                "phase": "Running", "podIP": address.ip().to_string(), "containerStatuses": [status],
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        });
        let pod: Pod = serde_json::from_value(pod).expect("a pod");
        self.api().create(&PostParams::default(), &pod).await.expect("made");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tasks.abort_all();
    }
}

/// A part that has no streams, and says so on its link.
struct Idle(VecDeque<Frame>);

impl Endpoint for Idle {
    type Error = std::convert::Infallible;

    fn handle_frame(&mut self, _: Frame, _: Instant) -> Result<(), Self::Error> {
        Ok(())
    }

    fn poll_frame(&mut self, _: Instant) -> Option<Frame> {
        self.0.pop_front()
    }

    fn generation(&self) -> u64 {
        0
    }
}

/// The edges of tests that ask for nothing else.
const EDGES: [(&str, u64); 2] = [("demo-edge-a", 0), ("demo-edge-b", 0)];

async fn listen(config: Config, first: Vec<Frame>, tasks: &mut JoinSet<()>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tasks.spawn(async move {
        let (stream, _) = listener.accept().await.expect("a link");
        let opening = Opening { nonce: [1; 32], number: 0, generation: 0 };
        let connection = io::accept(stream, Arc::new(config), opening).await.expect("the same secret");
        let nothing = Streams { complete: true, generation: 0, streams: Vec::new() };
        let mut told = Idle(first.into());
        told.0.push_back(Frame::Streams(nothing));
        connection.run(&mut told, &Notify::new(), std::future::pending()).await;
    });
    address
}

#[tokio::test]
async fn live_cluster_gets_its_objects_and_routes_and_says_that_it_is_ready() {
    let server = Server::default();
    let mut running = Running::start(&server).await;

    running.make(json!({})).await;
    running.until::<StatefulSet>("demo-origin", |_| true).await;
    running.until::<Deployment>("demo-edge", |edges| edges.spec.replicas == Some(2)).await;
    running.until_condition("Ready", "False").await;
    running.make_pods(&EDGES).await;

    running.until_active(&["demo-origin-0", "demo-origin-1"]).await;
    let ready = running.until_condition("Ready", "True").await;
    let origins = ready.status.and_then(|status| status.origin).expect("origins");
    assert_eq!(origins.summary, "2/2");
    let is_ready = r#"livecluster_operator_condition{condition="Ready",livecluster="demo",namespace="ns"} 1"#;
    assert!(running.metrics.render().contains(is_ready), "{}", running.metrics.render());
}

#[tokio::test]
async fn emptiest_edge_goes_first() {
    let server = Server::default();
    let mut running = Running::start(&server).await;
    running.make(json!({})).await;
    running.make_pods(&[("demo-edge-a", 5), ("demo-edge-b", 1)]).await;
    running.until::<Deployment>("demo-edge", |edges| edges.spec.replicas == Some(2)).await;
    running.until_viewers(6).await;
    let settled = json!({"status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2}});
    let edges = running.api::<Deployment>();
    edges.patch_status("demo-edge", &PatchParams::default(), &Patch::Merge(settled)).await.expect("written");

    let change = json!({"spec": {"edge": {"replicas": 1}}});
    let clusters = running.api::<LiveCluster>();
    clusters.patch("demo", &PatchParams::default(), &Patch::Merge(change)).await.expect("changed");

    running.until::<Deployment>("demo-edge", |edges| edges.spec.replicas == Some(1)).await;
    let pods = running.api::<Pod>().list(&ListParams::default()).await.expect("listed");
    let marked = pods.items.iter().filter(|pod| pod.annotations().contains_key(scaling::DELETION_COST));
    assert_eq!(marked.map(ResourceExt::name_any).collect::<Vec<_>>(), ["demo-edge-b"]);
}

#[tokio::test]
async fn operator_is_the_autoscaler_unless_asked_for_another() {
    let server = Server::default();
    let mut running = Running::start(&server).await;
    running.make(json!({})).await;
    running.make_pods(&[("demo-edge-a", 20), ("demo-edge-b", 21)]).await;
    running.until_viewers(41).await;

    let change = json!({"spec": {"edge": {"autoscaling": {"maxReplicas": 9, "connectionsPerEdge": 10}}}});
    let clusters = running.api::<LiveCluster>();
    clusters.patch("demo", &PatchParams::default(), &Patch::Merge(change)).await.expect("changed");

    let grown: LiveCluster = running.until("demo", |cluster: &LiveCluster| cluster.spec.edge.replicas == 5).await;

    running.until::<Deployment>("demo-edge", |edges| edges.spec.replicas == Some(5)).await;
    let autoscalers = running.api::<HorizontalPodAutoscaler>().list(&ListParams::default()).await.expect("listed");
    assert!(autoscalers.items.is_empty(), "{autoscalers:?}, though {grown:?}");
    running.until_condition("AutoscalingActive", "True").await;
}

#[tokio::test]
async fn autoscaler_of_kubernetes_scales_the_cluster_where_somebody_else_serves_metrics() {
    let server = Server::default();
    let running = Running::start(&server).await;
    let autoscaling = json!({"maxReplicas": 9, "connectionsPerEdge": 10, "source": "External"});
    running.make(json!({"edge": {"autoscaling": autoscaling}})).await;

    let made: HorizontalPodAutoscaler = running.until("demo-edge", |_| true).await;
    assert_eq!(made.spec.scale_target_ref.kind, "LiveCluster");
    running.until_condition("AutoscalingActive", "False").await;

    let change = json!({"spec": {"edge": {"autoscaling": null}}});
    let clusters = running.api::<LiveCluster>();
    clusters.patch("demo", &PatchParams::default(), &Patch::Merge(change)).await.expect("changed");
    let is_gone = |autoscaler: Option<&HorizontalPodAutoscaler>| autoscaler.is_none();
    let gone = await_condition(running.api(), "demo-edge", is_gone);
    timeout(Duration::from_secs(20), gone).await.expect("in time").expect("watched");
}

#[tokio::test]
async fn deleted_origin_leaves_the_routes_and_an_event_tells() {
    let server = Server::default();
    let mut running = Running::start(&server).await;
    running.make(json!({})).await;
    running.make_pods(&EDGES).await;
    running.until_active(&["demo-origin-0", "demo-origin-1"]).await;

    running.api::<Pod>().delete("demo-origin-0", &DeleteParams::default()).await.expect("deleted");

    running.until_active(&["demo-origin-1"]).await;
    running.until_condition("OriginsAvailable", "False").await;
    let events = running.api::<Event>().list(&ListParams::default()).await.expect("listed");
    let lost = events.items.iter().any(|event| event.reason.as_deref() == Some("OriginLost"));
    assert!(lost, "{events:?}");
}

#[tokio::test]
async fn what_somebody_changed_is_put_right_and_what_is_wanted_no_more_is_deleted() {
    let server = Server::default();
    let running = Running::start(&server).await;
    running.make(json!({"edge": {"services": [{"name": "outside"}]}})).await;
    running.until::<Deployment>("demo-edge", |edges| edges.spec.replicas == Some(2)).await;
    running.until::<Service>("demo-outside", |_| true).await;

    let change = json!({"spec": {"replicas": 7}});
    let edges = running.api::<Deployment>();
    edges.patch("demo-edge", &PatchParams::default(), &Patch::Merge(change)).await.expect("changed");
    running.until::<Deployment>("demo-edge", |edges| edges.spec.replicas == Some(2)).await;
    let change = json!({"spec": {"edge": {"services": [{"name": "inside"}]}}});
    let clusters = running.api::<LiveCluster>();
    clusters.patch("demo", &PatchParams::default(), &Patch::Merge(change)).await.expect("changed");

    running.until::<Service>("demo-inside", |_| true).await;
    let is_gone = |service: Option<&Service>| service.is_none();
    let gone = await_condition(running.api::<Service>(), "demo-outside", is_gone);
    timeout(Duration::from_secs(20), gone).await.expect("in time").expect("watched");
}

#[tokio::test]
async fn object_of_somebody_else_is_left_alone_and_named() {
    let server = Server::default();
    let running = Running::start(&server).await;
    let foreign = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "demo-edge"}, "spec": {"clusterIP": "10.0.0.9"},
    });
    let foreign: Service = serde_json::from_value(foreign).expect("a Service");
    let made = running.api().create(&PostParams::default(), &foreign).await.expect("made");

    running.make(json!({})).await;

    let degraded = running.until_condition("Degraded", "True").await;
    let conditions = degraded.status.expect("a status").conditions;
    let condition = conditions.iter().find(|condition| condition.type_ == "Degraded").expect("there");
    assert_eq!(condition.reason, "ForeignObject");
    assert!(condition.message.contains("Service \"demo-edge\""), "{}", condition.message);
    assert_eq!(running.api::<Service>().get("demo-edge").await.expect("there"), made);
    running.until::<Deployment>("demo-edge", |_| true).await;
}

#[tokio::test]
async fn paused_cluster_is_not_changed_and_keeps_its_routes() {
    let server = Server::default();
    let mut running = Running::start(&server).await;
    running.make(json!({})).await;
    running.make_pods(&EDGES).await;
    running.until_active(&["demo-origin-0", "demo-origin-1"]).await;
    let change = json!({"metadata": {"annotations": {PAUSED: "true"}}, "spec": {"edge": {"replicas": 5}}});
    let clusters = running.api::<LiveCluster>();
    clusters.patch("demo", &PatchParams::default(), &Patch::Merge(change)).await.expect("changed");
    let is_seen = |cluster: &LiveCluster| {
        let edges = cluster.status.as_ref().and_then(|status| status.edge.as_ref());
        edges.is_some_and(|edges| edges.summary == "2/5")
    };
    running.until("demo", is_seen).await;

    running.api::<Pod>().delete("demo-origin-0", &DeleteParams::default()).await.expect("deleted");

    running.until_active(&["demo-origin-1"]).await;
    let edges = running.api::<Deployment>().get("demo-edge").await.expect("there");
    assert_eq!(edges.spec.replicas, Some(2));
}

#[tokio::test]
async fn keeper_of_a_deleted_cluster_ends_and_its_series_too() {
    let server = Server::default();
    let mut running = Running::start(&server).await;
    running.make(json!({})).await;
    running.make_pods(&EDGES).await;
    running.until_active(&["demo-origin-0", "demo-origin-1"]).await;

    assert!(running.metrics.render().contains(r#"livecluster="demo""#));

    running.api::<LiveCluster>().delete("demo", &DeleteParams::default()).await.expect("deleted");

    for _ in 0..4 {
        let closed = timeout(Duration::from_secs(20), running.links.join_next()).await.expect("in time");
        closed.expect("four links").expect("no panic");
    }
    assert!(!running.metrics.render().contains(r#"livecluster="demo""#), "{}", running.metrics.render());
}

#[tokio::test]
async fn operator_that_reaches_few_parts_gives_up_its_lead() {
    let server = Server::default();
    let mut running = Running::start(&server).await;
    running.make(json!({})).await;
    running.make_pods(&EDGES).await;
    running.until_active(&["demo-origin-0", "demo-origin-1"]).await;

    running.links.abort_all();

    let is_given_up = |lease: &Lease| lease.annotations().contains_key("livecluster.io/given-up");
    let lease: Lease = running.until(LEASE, is_given_up).await;
    assert_eq!(lease.spec.and_then(|spec| spec.holder_identity).as_deref(), Some(""));
    let ended = timeout(Duration::from_secs(20), running.tasks.join_next()).await.expect("in time");
    ended.expect("one process").expect("no panic");
}
