//! What is made of a `LiveCluster`: `desire/<case>/livecluster.yaml` gives `desire/<case>/objects.yaml`, in the order in which
//! they are applied. UPDATE_GOLDEN=1 writes these anew.

mod golden;

use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use livecluster_mrtmp::route::Applications;
use livecluster_operator::desire::{
    Component, Facts, MANAGER, Object, Objects, OperatorPods, REPLICAS_MANAGER, Release, applications, desire,
    link_secret, resolve, selector,
};
use livecluster_operator::resource::{LiveCluster, PAUSED};
use livecluster_operator::yaml;
use serde::de::DeserializeOwned;
use serde_json::Value;

#[test]
fn objects_are_those_of_the_golden_files() {
    for case in CASES {
        let objects = objects(case).in_order().unwrap();

        let documents: Vec<_> = objects.iter().map(|object| yaml::document(&object.value).unwrap()).collect();
        golden::check(&directory().join(case).join("objects.yaml"), &documents.join("---\n"), UPDATE);
    }
}

#[test]
fn settings_in_force_are_those_of_the_golden_files() {
    for case in CASES {
        let resolved = resolve(&cluster(case), &release(case), &facts());

        golden::check(&directory().join(case).join("resolved.yaml"), &yaml::document(&resolved).unwrap(), UPDATE);
    }
}

#[test]
fn new_version_of_the_operator_replaces_no_pod_of_a_cluster_with_its_own_image() {
    let cluster = cluster("everything");
    let later = Release { version: "99.0.0".to_owned(), ..release("everything") };

    let (now, then) = (objects_of(&cluster, &release("everything")), objects_of(&cluster, &later));

    assert_eq!(now, then);
}

#[test]
fn pods_are_not_replaced_for_what_they_do_not_see() {
    let cluster = cluster("everything");
    let mut changed = cluster.clone();
    changed.spec.edge.replicas = 9;
    changed.spec.edge.max_draining = Some(1);
    changed.spec.edge.listeners[0].port = 2000;
    changed.spec.edge.services.truncate(1);
    changed.spec.applications.clear();
    changed.metadata.annotations = Some([(PAUSED.to_owned(), "true".to_owned())].into());
    changed.metadata.generation = Some(7);

    let (before, after) = (objects_of(&cluster, &release("")), objects_of(&changed, &release("")));

    assert_eq!(templates(&before), templates(&after));
}

#[test]
fn pods_are_replaced_when_the_secret_of_the_link_changes() {
    let cluster = cluster("minimal");
    let resolved = resolve(&cluster, &release(""), &facts());
    let rotated = Facts { link_checksum: "other".to_owned(), ..facts() };

    let (before, after) =
        (desire(&cluster, &resolved, &release(""), &facts()), desire(&cluster, &resolved, &release(""), &rotated));

    for (before, after) in templates(&before).into_iter().zip(templates(&after)) {
        assert_ne!(before, after);
    }
}

#[test]
fn pods_fit_the_restricted_pod_security_standard() {
    for case in CASES {
        for template in templates(&objects(case)) {
            let spec = serde_json::to_value(template.spec.unwrap()).unwrap();

            assert_eq!(spec["securityContext"]["runAsNonRoot"], true);
            assert_eq!(spec["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
            for host in ["hostNetwork", "hostPID", "hostIPC", "initContainers", "ephemeralContainers"] {
                assert_eq!(spec[host], Value::Null, "{host}");
            }
            for container in spec["containers"].as_array().unwrap() {
                let security = &container["securityContext"];
                assert_eq!(security["allowPrivilegeEscalation"], false);
                assert_eq!(security["capabilities"], serde_json::json!({"drop": ["ALL"]}));
                assert_eq!(security["readOnlyRootFilesystem"], true);
                assert_eq!(security["privileged"], Value::Null);
                assert!(container["ports"].as_array().unwrap().iter().all(|port| port["hostPort"] == Value::Null));
            }
            for volume in spec["volumes"].as_array().unwrap() {
                let kinds = ["secret", "configMap", "projected", "emptyDir"];
                assert!(kinds.iter().any(|kind| volume[kind].is_object()), "{volume}");
            }
        }
    }
}

#[test]
fn every_port_that_is_named_is_one_of_the_pods() {
    for case in CASES {
        let objects = objects(case);
        let ports = |spec: &PodSpec| -> Vec<_> {
            spec.containers.iter().flat_map(|container| container.ports.clone().unwrap()).collect()
        };
        let [origins, edges] = templates(&objects).map(|template| ports(&template.spec.unwrap()));
        let has = |ports: &[k8s_openapi::api::core::v1::ContainerPort], target: &Option<IntOrString>| {
            let Some(IntOrString::String(target)) = target else { panic!("a port without a name") };
            ports.iter().any(|port| port.name.as_ref() == Some(target))
        };

        for service in &objects.services {
            let spec = service.spec.as_ref().unwrap();
            let pods = if spec.cluster_ip.is_some() { &origins } else { &edges };
            let listed = spec.ports.as_ref().unwrap();
            assert!(!listed.is_empty() && listed.iter().all(|port| has(pods, &port.target_port)), "{service:?}");
        }
        // What clients reach through Services, and whatever else a pod listens on, the policies let in.
        for (policy, pods) in objects.network_policies.iter().zip([&origins, &edges]) {
            let rules = policy.spec.as_ref().unwrap().ingress.clone().unwrap();
            let let_in: Vec<_> =
                rules.iter().flat_map(|rule| rule.ports.clone().unwrap()).map(|port| port.port).collect();
            assert!(let_in.iter().all(|port| has(pods, port)), "{policy:?}");
            assert_eq!(let_in.len(), pods.len(), "{policy:?}");
        }
    }
}

#[test]
fn every_object_is_one_that_kubernetes_knows() {
    for object in CASES.iter().flat_map(|case| objects(case).in_order().unwrap()) {
        let whole = object.manager == MANAGER;
        match object.resource.kind.as_str() {
            "ServiceAccount" => reads::<k8s_openapi::api::core::v1::ServiceAccount>(&object),
            "Role" => reads::<k8s_openapi::api::rbac::v1::Role>(&object),
            "RoleBinding" => reads::<k8s_openapi::api::rbac::v1::RoleBinding>(&object),
            "Service" => reads::<k8s_openapi::api::core::v1::Service>(&object),
            "NetworkPolicy" => reads::<k8s_openapi::api::networking::v1::NetworkPolicy>(&object),
            "HorizontalPodAutoscaler" => reads::<k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler>(&object),
            "PodDisruptionBudget" => reads::<k8s_openapi::api::policy::v1::PodDisruptionBudget>(&object),
            "StatefulSet" => reads::<k8s_openapi::api::apps::v1::StatefulSet>(&object),
            "Deployment" if whole => reads::<k8s_openapi::api::apps::v1::Deployment>(&object),
            "Deployment" => {}
            other => panic!("{other}"),
        }
    }
}

#[test]
fn every_object_goes_with_its_cluster_and_is_found_by_its_labels() {
    for object in CASES.iter().flat_map(|case| objects(case).in_order().unwrap()) {
        if object.manager == REPLICAS_MANAGER {
            continue;
        }
        let metadata = &object.value["metadata"];
        let owner = &metadata["ownerReferences"][0];
        assert_eq!(owner["kind"], "LiveCluster");
        assert_eq!(owner["uid"], UID);
        assert_eq!(owner["controller"], true);
        assert_eq!(metadata["labels"]["app.kubernetes.io/managed-by"], "livecluster-operator");
        assert_eq!(metadata["labels"]["app.kubernetes.io/instance"], metadata["ownerReferences"][0]["name"]);
    }
}

#[test]
fn number_of_edges_is_written_by_a_manager_of_its_own() {
    let objects = objects("everything").in_order().unwrap();
    let of_edges: Vec<_> = objects.iter().filter(|object| object.resource.kind == "Deployment").collect();

    let [whole, number] = of_edges.as_slice() else { panic!("{of_edges:?}") };

    assert_eq!(whole.value["spec"]["replicas"], Value::Null);
    assert_eq!((number.manager, number.name()), (REPLICAS_MANAGER, whole.name()));
    assert_eq!(number.value["spec"], serde_json::json!({"replicas": 5}));
}

#[test]
fn edges_and_origins_may_read_their_routes_and_nothing_else() {
    let role = objects("everything").role;

    let rules = serde_json::to_value(role.rules.unwrap()).unwrap();

    let only = serde_json::json!([{
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": ["demo-routes"],
        "verbs": ["get", "list", "watch"],
    }]);
    assert_eq!(rules, only);
}

#[test]
fn selector_is_the_one_of_the_deployment() {
    let cluster = cluster("minimal");
    let selected = objects("minimal").edges.spec.selector.match_labels.unwrap();

    let terms: Vec<_> = selected.iter().map(|(name, value)| format!("{name}={value}")).collect();

    assert_eq!(selector(&cluster, Component::Edge), terms.join(","));
    assert!(terms.contains(&"livecluster.io/pool=default".to_owned()));
}

#[test]
fn secret_is_made_only_for_a_cluster_that_names_none() {
    let made = link_secret(&cluster("minimal"), "random".to_owned()).unwrap();

    assert_eq!(made.metadata.name.as_deref(), Some("demo-link"));
    assert_eq!(made.string_data.unwrap()["secret"], "random");
    assert_eq!(link_secret(&cluster("named-secret"), "random".to_owned()), None);
}

#[test]
fn applications_are_those_of_the_resource() {
    assert_eq!(applications(&cluster("minimal")), Applications::Open);
    let listed = Applications::Listed { names: ["live".to_owned()].into() };
    assert_eq!(applications(&cluster("everything")), listed);
}

const CASES: [&str; 7] =
    ["autoscaled", "everything", "listeners-and-services", "minimal", "named-secret", "network-policy", "one-replica"];

const UPDATE: &str = "UPDATE_GOLDEN=1 cargo test -p livecluster-operator --test desire";

/// As the API server gives it.
const UID: &str = "6f1c0a5e-6c1b-4b62-9d53-0f5f3a9f8a11";

fn cluster(case: &str) -> LiveCluster {
    let text = std::fs::read_to_string(directory().join(case).join("livecluster.yaml")).expect("a file");
    let mut cluster: LiveCluster = serde_saphyr::from_str(&text).expect("a LiveCluster");
    cluster.metadata.namespace = Some("media".to_owned());
    cluster.metadata.uid = Some(UID.to_owned());
    cluster
}

fn release(case: &str) -> Release {
    let labels = [("app.kubernetes.io/component".to_owned(), "operator".to_owned())];
    let operator = OperatorPods { namespace: "livecluster".to_owned(), labels: labels.into() };
    Release {
        version: "1.2.3".to_owned(),
        image: "registry.example/livecluster:1.2.3".to_owned(),
        network_policy: (case == "network-policy").then_some(operator),
    }
}

fn facts() -> Facts {
    Facts { link_checksum: "9f86d081884c".to_owned(), may_update: true }
}

fn objects(case: &str) -> Objects {
    objects_of(&cluster(case), &release(case))
}

fn objects_of(cluster: &LiveCluster, release: &Release) -> Objects {
    desire(cluster, &resolve(cluster, release, &facts()), release, &facts())
}

/// Of origins and edges.
fn templates(objects: &Objects) -> [PodTemplateSpec; 2] {
    let objects = objects.clone();
    [objects.origins.spec.template, objects.edges.spec.template]
}

/// Nothing in it is lost on the way into the type and back.
fn reads<K: DeserializeOwned + serde::Serialize>(object: &Object) {
    let read: K = serde_json::from_value(object.value.clone()).expect("an object");

    assert_eq!(serde_json::to_value(read).expect("JSON"), object.value);
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/desire")
}
