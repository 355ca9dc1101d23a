//! Tests of where documents come from.

use super::*;

fn args(routes: &str) -> Args {
    Args { routes: routes.parse().expect("a source"), routes_cache: None, routes_fallback: None }
}

#[test]
fn sources_are_files_and_config_maps() {
    assert_eq!("file:a:b".parse(), Ok(Source::File("a:b".into())));
    assert_eq!("configmap:demo-routes".parse(), Ok(Source::ConfigMap("demo-routes".to_owned())));
    for refused in ["", "file:", "configmap:", "configmap:a/b", "configmap:A", "demo-routes"] {
        assert!(refused.parse::<Source>().is_err(), "{refused}");
    }
}

#[test]
fn file_needs_no_cache() {
    let args = Args { routes_cache: Some("cache.json".into()), ..args("file:routes.json") };

    assert!(matches!(Routes::watch(&args, "c"), Err(Error::NoConfigMap)));
}

#[tokio::test]
async fn config_map_outside_of_a_pod_is_refused_in_one_sentence() {
    let error = Routes::watch(&args("configmap:demo-routes"), "c").expect_err("no pod").to_string();

    assert!(error.starts_with("--routes configmap:NAME needs a pod with a service account: "), "{error}");
    assert!(!error.contains('\n'), "{error}");
}
