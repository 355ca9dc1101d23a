//! A cluster in a fixed state: one of its edges has an image that can't be had.

use axum::http::{Request, Response};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{ConfigMap, Event, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::jiff::Timestamp;
use kube::api::PostParams;
use kube::{Api, Client, Resource};
use livecluster_operator::resource::{LiveCluster, crd};
use livecluster_test_api::Server;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::reach::Kubernetes;

/// When it is looked at.
pub fn now() -> Timestamp {
    "2026-11-02T12:00:00Z".parse().expect("a time")
}

/// The namespace `media` with the one LiveCluster `demo`.
pub async fn media(server: &Server) -> Kubernetes {
    let media = server.connect("media").0;
    put::<LiveCluster>(&media, cluster()).await;
    put::<ConfigMap>(&media, routes()).await;
    for pod in pods() {
        put::<Pod>(&media, pod).await;
    }
    for event in events() {
        put::<Event>(&media, event).await;
    }
    put::<Service>(&media, service()).await;
    put::<EndpointSlice>(&media, slice()).await;
    put::<PodDisruptionBudget>(&media, budget("demo-edge", 1)).await;
    put::<PodDisruptionBudget>(&media, budget("demo-origin", 0)).await;
    put::<HorizontalPodAutoscaler>(&media, autoscaler()).await;
    let system = server.connect("system").0;
    put::<Lease>(&system, lease()).await;
    put::<Pod>(&system, ready_pod("livecluster-7d9f-x2x", "operator", "worker-1", "10.0.1.2")).await;
    Kubernetes::of(with_what_is_in_no_namespace(media), "media")
}

async fn put<K>(client: &Client, object: Value)
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Serialize
        + DeserializeOwned
        + std::fmt::Debug,
{
    let object: K = serde_json::from_value(object).expect("an object of its kind");
    Api::<K>::default_namespaced(client.clone()).create(&PostParams::default(), &object).await.expect("made");
}

/// The definition, and the answer whether the person may do something: all but list events.
fn with_what_is_in_no_namespace(client: Client) -> Client {
    let service = tower::service_fn(move |request: Request<kube::client::Body>| {
        let client = client.clone();
        async move {
            let path = request.uri().path().to_owned();
            if path.ends_with("/liveclusters.livecluster.io") {
                let definition = serde_json::to_string(&crd()).expect("JSON");
                return Ok(Response::new(kube::client::Body::from(definition.into_bytes())));
            }
            if !path.ends_with("/selfsubjectaccessreviews") {
                return client.send(request).await;
            }
            let body = request.into_body().collect_bytes().await?;
            let mut review: Value = serde_json::from_slice(&body).expect("JSON");
            review["status"] = json!({"allowed": review["spec"]["resourceAttributes"]["resource"] != "events"});
            Ok(Response::new(kube::client::Body::from(review.to_string().into_bytes())))
        }
    });
    Client::new(service, "media")
}

fn cluster() -> Value {
    let condition = |kind: &str, status: &str, reason: &str, message: &str, since: &str| json!({"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since});
    let (hours, minutes) = ("2026-11-02T09:00:00Z", "2026-11-02T11:52:00Z");
    json!({
        "apiVersion": "livecluster.io/v1alpha1",
        "kind": "LiveCluster",
        "metadata": {"name": "demo", "generation": 4},
        "spec": {"edge": {"replicas": 3}, "origin": {"replicas": 2}},
        "status": {
            "observedGeneration": 4,
            "address": "media.example:1935",
            "streams": 3,
            "viewers": 512,
            "origin": {"replicas": 2, "ready": 2, "summary": "2/2", "selector": ""},
            "edge": {"replicas": 3, "ready": 2, "summary": "2/3", "selector": ""},
            "routes": {"generation": 1_793_620_800_123_i64},
            "operator": {"release": "live", "namespace": "system", "version": env!("CARGO_PKG_VERSION")},
            "conditions": [
                condition("Ready", "True", "Serving", "clients can publish and watch", hours),
                condition("OriginsAvailable", "True", "AllReady", "2 of 2 are ready", hours),
                condition("EdgesAvailable", "False", "NotAllReady", "2 of 3 are ready", minutes),
                condition("RoutesPublished", "True", "Published", "the route document names 2 origins", hours),
                condition("Progressing", "True", "Scaling", "pods are being made, replaced or taken away", minutes),
                condition("Degraded", "False", "AsExpected", "nothing is wrong", hours),
            ],
        },
    })
}

fn routes() -> Value {
    let document = json!({
        "version": 1,
        "cluster": "uid-1",
        "generation": 1_793_620_800_123_i64,
        "placement": "rendezvous-1",
        "origins": [
            {"name": "demo-origin-0", "address": "10.0.1.7:1936", "state": "active"},
            {"name": "demo-origin-1", "address": "10.0.2.7:1936", "state": "active"},
        ],
        "streams": {"live/alice": "demo-origin-0", "live/bob": "demo-origin-1", "live/carol": "demo-origin-0"},
    });
    json!({"metadata": {"name": "demo-routes"}, "data": {"routes.json": document.to_string()}})
}

fn pods() -> [Value; 5] {
    let mut lacking = ready_pod("demo-edge-5c9d-t7k", "edge", "worker-2", "10.0.2.9");
    lacking["metadata"]["creationTimestamp"] = json!("2026-11-02T11:52:00Z");
    lacking["status"] = json!({
        "phase": "Pending",
        "conditions": [{"type": "Ready", "status": "False"}],
        "containerStatuses": [{
            "name": "edge", "image": "registry.example/livecluster:0.2.O", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}},
        }],
    });
    [
        ready_pod("demo-origin-0", "origin", "worker-1", "10.0.1.7"),
        ready_pod("demo-origin-1", "origin", "worker-2", "10.0.2.7"),
        ready_pod("demo-edge-5c9d-h2b", "edge", "worker-1", "10.0.1.8"),
        ready_pod("demo-edge-5c9d-q4x", "edge", "worker-2", "10.0.2.8"),
        lacking,
    ]
}

fn ready_pod(name: &str, component: &str, node: &str, ip: &str) -> Value {
    json!({
        "metadata": {
            "name": name,
            "creationTimestamp": "2026-11-02T08:59:00Z",
            "labels": {
                "app.kubernetes.io/name": "livecluster",
                "app.kubernetes.io/instance": "demo",
                "app.kubernetes.io/component": component,
            },
        },
        "spec": {"nodeName": node, "containers": []},
        "status": {
            "phase": "Running",
            "podIP": ip,
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{
                "name": component, "image": "livecluster:test", "imageID": "", "ready": true, "restartCount": 0,
            }],
        },
    })
}

fn events() -> [Value; 2] {
    let event = |name: &str, kind: &str, reason: &str, message: &str, at: &str| {
        json!({
            "metadata": {"name": name},
            "involvedObject": {"kind": "LiveCluster", "name": "demo"},
            "type": kind, "reason": reason, "message": message, "lastTimestamp": at,
        })
    };
    [
        event("demo.1", "Warning", "OriginLost", "origin demo-origin-1 is gone", "2026-11-02T11:10:00Z"),
        event(
            "demo.2",
            "Normal",
            "StreamsMoved",
            "2 streams moved from demo-origin-1 to demo-origin-0: the origin is lost",
            "2026-11-02T11:10:01Z",
        ),
    ]
}

fn service() -> Value {
    json!({"metadata": {"name": "demo-edge"}, "spec": {"type": "ClusterIP"}})
}

fn slice() -> Value {
    let endpoint = |pod: &str, ready: bool| json!({"addresses": ["10.0.1.8"], "conditions": {"ready": ready}, "targetRef": {"kind": "Pod", "name": pod}});
    json!({
        "metadata": {"name": "demo-edge-x", "labels": {"kubernetes.io/service-name": "demo-edge"}},
        "addressType": "IPv4",
        "endpoints": [
            endpoint("demo-edge-5c9d-h2b", true), endpoint("demo-edge-5c9d-q4x", true), endpoint("demo-edge-5c9d-t7k", false),
        ],
    })
}

fn budget(name: &str, allowed: i32) -> Value {
    json!({
        "metadata": {"name": name},
        "status": {"disruptionsAllowed": allowed, "currentHealthy": 2, "desiredHealthy": 2, "expectedPods": 2},
    })
}

fn autoscaler() -> Value {
    json!({
        "metadata": {"name": "demo"},
        "spec": {"maxReplicas": 9, "scaleTargetRef": {"kind": "LiveCluster", "name": "demo"}},
        "status": {"desiredReplicas": 3, "conditions": [{"type": "ScalingActive", "status": "True"}]},
    })
}

fn lease() -> Value {
    json!({
        "metadata": {"name": "livecluster-operator"},
        "spec": {"holderIdentity": "livecluster-7d9f-x2x_0a1b2c3d", "renewTime": "2026-11-02T11:59:58.000000Z"},
    })
}
