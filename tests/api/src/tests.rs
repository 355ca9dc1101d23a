//! Tests of the server itself: what others' tests rely on.

use futures::TryStreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions, WatchEvent, WatchParams};
use kube::core::Status;
use serde_json::json;

use super::*;

fn config_map(text: &str) -> ConfigMap {
    let object = serde_json::json!({"metadata": {"name": "routes"}, "data": {"text": text}});
    serde_json::from_value(object).expect("a ConfigMap")
}

fn text(object: &ConfigMap) -> &str {
    &object.data.as_ref().expect("data")["text"]
}

fn code(error: kube::Error) -> u16 {
    match error {
        kube::Error::Api(status) => status.code,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn only_the_current_version_is_replaced() {
    let (client, _line) = Server::default().connect("ns");
    let maps = Api::<ConfigMap>::default_namespaced(client);
    let first = maps.create(&PostParams::default(), &config_map("a")).await.expect("created");
    let by_version = |text: &str, of: &ConfigMap| ConfigMap { metadata: of.metadata.clone(), ..config_map(text) };

    maps.replace("routes", &PostParams::default(), &by_version("b", &first)).await.expect("current");
    let stale = maps.replace("routes", &PostParams::default(), &by_version("c", &first)).await;

    assert_eq!(code(stale.expect_err("not current")), 409);
    assert_eq!(text(&maps.get("routes").await.expect("there")), "b");
    let again = maps.create(&PostParams::default(), &config_map("d")).await;
    assert_eq!(code(again.expect_err("exists")), 409);
}

#[tokio::test]
async fn watch_tells_what_came_after_its_version() {
    let (client, _line) = Server::default().connect("ns");
    let maps = Api::<ConfigMap>::default_namespaced(client);
    maps.create(&PostParams::default(), &config_map("a")).await.expect("created");
    let listed = maps.list(&ListParams::default().fields("metadata.name=routes")).await.expect("listed");
    let version = listed.metadata.resource_version.expect("a version");
    let events = maps.watch(&WatchParams::default().fields("metadata.name=routes"), &version).await.expect("watched");
    let mut events = events.boxed();

    maps.replace("routes", &PostParams::default(), &config_map("b")).await.expect("replaced");
    maps.delete("routes", &DeleteParams::default()).await.expect("deleted");

    let changed = events.try_next().await.expect("no error").expect("an event");
    assert!(matches!(&changed, WatchEvent::Modified(map) if text(map) == "b"), "{changed:?}");
    let deleted = events.try_next().await.expect("no error");
    assert!(matches!(deleted, Some(WatchEvent::Deleted(_))), "{deleted:?}");
    assert!(maps.get_opt("routes").await.expect("an answer").is_none());
}

#[tokio::test]
async fn broken_line_fails_what_is_asked_and_what_is_watched() {
    let (client, line) = Server::default().connect("ns");
    let maps = Api::<ConfigMap>::default_namespaced(client);
    let mut events = maps.watch(&WatchParams::default(), "0").await.expect("watched").boxed();

    line.set(State::Broken);

    assert!(events.try_next().await.is_err());
    assert!(maps.get("routes").await.is_err());
    assert_eq!(line.asked(), ["watch /api/v1/namespaces/ns/configmaps", "get /api/v1/namespaces/ns/configmaps/routes"]);
}

#[tokio::test]
async fn restored_state_is_told_to_nobody_who_saw_a_later_one() {
    let server = Server::default();
    let (client, _line) = server.connect("ns");
    let maps = Api::<ConfigMap>::default_namespaced(client);
    maps.create(&PostParams::default(), &config_map("a")).await.expect("created");
    let backup = server.back_up();
    maps.replace("routes", &PostParams::default(), &config_map("b")).await.expect("replaced");
    let mut events = maps.watch(&WatchParams::default(), "2").await.expect("watched").boxed();

    server.restore(backup);
    maps.replace("routes", &PostParams::default(), &config_map("c")).await.expect("replaced");
    maps.replace("routes", &PostParams::default(), &config_map("d")).await.expect("replaced");

    let told = events.try_next().await.expect("no error").expect("an event");
    assert!(matches!(&told, WatchEvent::Modified(map) if text(map) == "d"), "{told:?}");
}

#[test]
fn status_reads_as_the_client_expects_it() {
    let status = serde_json::json!({"status": "Failure", "code": 409, "reason": "Conflict", "message": "m"});

    assert!(serde_json::from_value::<Status>(status).is_ok());
}

#[tokio::test]
async fn what_is_applied_is_made_or_merged_and_equal_again_makes_no_version() {
    let (client, _line) = Server::default().connect("ns");
    let maps = Api::<ConfigMap>::default_namespaced(client);
    let apply = |object: serde_json::Value| {
        let maps = maps.clone();
        async move { maps.patch("routes", &PatchParams::apply("test").force(), &Patch::Apply(object)).await }
    };
    let base = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "routes"}, "data": {"text": "a"}});
    let first = apply(base).await.expect("made");

    let more = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "routes"}, "data": {"more": "b"}});
    let second = apply(more.clone()).await.expect("merged");
    let third = apply(more).await.expect("equal");

    assert_eq!((text(&second), second.data.as_ref().map(|data| data.len())), ("a", Some(2)));
    assert_ne!(first.metadata.resource_version, second.metadata.resource_version);
    assert_eq!(second.metadata.resource_version, third.metadata.resource_version);
    let other = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "routes", "uid": "another"}});
    assert_eq!(code(apply(other).await.expect_err("another uid")), 409);
}

#[tokio::test]
async fn only_the_object_with_the_uid_is_deleted() {
    let (client, _line) = Server::default().connect("ns");
    let maps = Api::<ConfigMap>::default_namespaced(client);
    let made = maps.create(&PostParams::default(), &config_map("a")).await.expect("created");
    let with = |uid: Option<String>| DeleteParams {
        preconditions: Some(Preconditions { uid, resource_version: None }),
        ..DeleteParams::default()
    };

    let refused = maps.delete("routes", &with(Some("another".to_owned()))).await;
    assert_eq!(code(refused.expect_err("another uid")), 409);
    maps.delete("routes", &with(made.metadata.uid)).await.expect("deleted");
}
