//! What the API server asks of a definition, and what people do.

use std::collections::BTreeSet;

use kube::core::cel::Validator;
use livecluster_operator::resource::{crd, yaml};
use serde_json::Value;

#[test]
fn definition_is_small_enough_for_every_way_to_apply_it() {
    assert!(yaml().len() < 200 * 1024, "{} bytes", yaml().len());
}

#[test]
fn definition_on_paper_is_the_one_in_the_program() {
    let read: Value = serde_saphyr::from_str(&yaml()).unwrap();

    assert!(read == as_integers(serde_json::to_value(crd()).unwrap()));
}

#[test]
fn defaults_are_only_those_that_may_never_change() {
    let mut defaults = BTreeSet::new();
    walk(&schema(), "", &mut |path, schema| {
        if let Some(default) = schema.get("default") {
            defaults.insert(format!("{path} {default}"));
        }
    });

    let conditions: Vec<_> =
        defaults.iter().filter(|default| default.starts_with("status {\"conditions\":")).cloned().collect();
    assert_eq!(conditions.len(), 1);
    defaults.remove(&conditions[0]);
    let expected = [
        "spec {}",
        "spec.edge {}",
        "spec.edge.listeners[].port 1935",
        "spec.edge.replicas 2",
        "spec.origin {}",
        "spec.origin.replicas 2",
        "status.resolved.edge.listeners[].port 1935",
    ];
    assert_eq!(defaults.into_iter().collect::<Vec<_>>(), expected);
}

/// The API server checks a default before it fills in what is missing in it.
#[test]
fn defaults_obey_the_rules_by_themselves() {
    walk(&schema(), "", &mut |path, schema| {
        if let Some(default) = schema.get("default") {
            let broken = Validator::new().validate(schema, default, None);

            assert!(broken.is_ok(), "{path}: {broken:?}");
        }
    });
}

#[test]
fn every_field_is_described() {
    walk(&schema(), "", &mut |path, schema| {
        let described = schema["description"].as_str().is_some_and(|text| !text.is_empty());
        assert!(described || path.ends_with("[]") || path.ends_with("{}") || is_foreign(path), "{path}");
    });
}

#[test]
fn nothing_is_in_it_that_the_api_server_warns_of() {
    walk(&schema(), "", &mut |path, schema| {
        let format = schema["format"].as_str().unwrap_or("int32");
        assert!(["int32", "int64", "date-time"].contains(&format), "{path}: {format}");
        assert_eq!(schema["nullable"], Value::Null, "{path}");
        for name in ["$ref", "anyOf", "oneOf", "allOf"] {
            assert_eq!(schema[name], Value::Null, "{path}: {name}");
        }
        let typed = schema["type"].is_string() || schema["x-kubernetes-int-or-string"] == true;
        assert!(typed, "{path} has no type");
    });
}

#[test]
fn what_rules_read_is_bounded() {
    walk(&schema(), "", &mut |path, schema| {
        if schema["x-kubernetes-validations"].is_array() && !path.is_empty() {
            let bound = match schema["type"].as_str() {
                Some("string") => "maxLength",
                Some("array") => "maxItems",
                Some("object") if schema["additionalProperties"].is_object() => "maxProperties",
                _ => return,
            };
            assert!(schema[bound].is_u64(), "{path} has rules and no {bound}");
        }
    });
}

fn schema() -> Value {
    let crd = serde_json::to_value(crd()).expect("JSON");
    crd.pointer("/spec/versions/0/schema/openAPIV3Schema").expect("a schema").clone()
}

/// Every schema in a schema, with its path.
fn walk(schema: &Value, path: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(path, schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        walk(property, &below, visit);
    }
    if schema["items"].is_object() {
        walk(&schema["items"], &format!("{path}[]"), visit);
    }
    if schema["additionalProperties"].is_object() {
        walk(&schema["additionalProperties"], &format!("{path}{{}}"), visit);
    }
}

/// Whether Kubernetes says what it is.
fn is_foreign(path: &str) -> bool {
    [".affinity.", ".env[]", ".tolerations[]", ".topologySpreadConstraints[]"].iter().any(|part| path.contains(part))
}

/// 3 for 3.0.
fn as_integers(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 => (float as i64).into(),
            _ => Value::Number(number),
        },
        Value::Array(items) => items.into_iter().map(as_integers).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, as_integers(value))).collect(),
        other => other,
    }
}
