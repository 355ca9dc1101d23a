//! What can be said of an object without rules: fields that do not exist, values of the wrong type or size, and names that
//! are there twice.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::{Value, json};

/// Fields that the schema does not have.
pub fn unknown_fields(schema: &Value, object: &Value) -> Vec<String> {
    let mut unknown = Vec::new();
    find_unknown(schema, object, "", &mut unknown);
    unknown
}

fn find_unknown(schema: &Value, value: &Value, path: &str, unknown: &mut Vec<String>) {
    if let (Some(properties), Some(members)) = (schema["properties"].as_object(), value.as_object()) {
        for (name, member) in members {
            let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match properties.get(name) {
                Some(property) => find_unknown(property, member, &below, unknown),
                None if path.is_empty() && ["apiVersion", "kind", "metadata"].contains(&name.as_str()) => {}
                None => unknown.push(format!("strict decoding error: unknown field \"{below}\"")),
            }
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        find_unknown(&schema["items"], item, &format!("{path}[{index}]"), unknown);
    }
}

/// What checks values against the schema.
pub fn validator(schema: &Value) -> jsonschema::Validator {
    jsonschema::validator_for(&as_json_schema(schema)).expect("a schema")
}

/// Values that the schema does not allow.
pub fn violations(schema: &Value, validator: &jsonschema::Validator, object: &Value) -> Vec<String> {
    let mut found = Vec::new();
    find_duplicates(schema, object, "", &mut found);
    found.extend(validator.iter_errors(object).map(|error| {
        let mut path = dotted(&error.instance_path().to_string());
        if let ValidationErrorKind::Required { property } = error.kind() {
            path = format!("{path}.{}", property.as_str().unwrap_or_default());
        }
        format!("{path}: {}", sentence(&path, error.kind(), error.instance()))
    }));
    found
}

/// As the API server puts it.
fn sentence(path: &str, kind: &ValidationErrorKind, value: &Value) -> String {
    let in_body = |what: &str| format!("Invalid value: {value}: {path} in body {what}");
    match kind {
        ValidationErrorKind::Minimum { limit } => {
            in_body(&format!("should be greater than or equal to {}", whole(limit)))
        }
        ValidationErrorKind::Maximum { limit } => in_body(&format!("should be less than or equal to {}", whole(limit))),
        ValidationErrorKind::MinLength { limit } => in_body(&format!("should be at least {limit} chars long")),
        ValidationErrorKind::MaxLength { limit } => format!("Too long: may not be more than {limit} bytes"),
        ValidationErrorKind::MaxItems { limit } => {
            format!("Too many: {}: must have at most {limit} items", value.as_array().map_or(0, Vec::len))
        }
        ValidationErrorKind::Pattern { pattern } => in_body(&format!("should match '{pattern}'")),
        ValidationErrorKind::Required { .. } => "Required value".to_owned(),
        ValidationErrorKind::Type { kind: TypeKind::Single(kind) } => {
            format!(
                "Invalid value: \"{}\": {path} in body must be of type {kind}: \"{}\"",
                type_of(value),
                type_of(value)
            )
        }
        ValidationErrorKind::Enum { options } => {
            let options: Vec<_> = options.as_array().into_iter().flatten().map(Value::to_string).collect();
            format!("Unsupported value: {value}: supported values: {}", options.join(", "))
        }
        other => panic!("{path}: no words for {other:?}"),
    }
}

fn whole(limit: &Value) -> i64 {
    limit.as_f64().unwrap_or_default() as i64
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// `spec.edge.listeners[0]` for `/spec/edge/listeners/0`.
fn dotted(pointer: &str) -> String {
    let mut path = String::new();
    for part in pointer.split('/').skip(1) {
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            path += &format!("[{part}]");
        } else {
            path += &format!("{}{part}", if path.is_empty() { "" } else { "." });
        }
    }
    path
}

/// Kubernetes' schemas say less than JSON Schema's, and one thing more.
fn as_json_schema(schema: &Value) -> Value {
    match schema {
        Value::Array(items) => items.iter().map(as_json_schema).collect(),
        Value::Object(members) => {
            let mut members: serde_json::Map<_, _> =
                members.iter().map(|(name, value)| (name.clone(), as_json_schema(value))).collect();
            if members.get("x-kubernetes-int-or-string") == Some(&json!(true)) {
                members.insert("type".to_owned(), json!(["integer", "string"]));
            }
            Value::Object(members)
        }
        other => other.clone(),
    }
}

/// Items of lists that are maps or sets, and are there twice.
fn find_duplicates(schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    for (name, member) in value.as_object().into_iter().flatten() {
        let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        find_duplicates(&schema["properties"][name], member, &below, found);
    }
    let items: Vec<_> = value.as_array().into_iter().flatten().collect();
    let keys: Vec<_> = items.iter().map(|item| key(schema, item)).collect();
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let earlier = keys.iter().take(index).flatten();
        if let Some(key) = keys.get(index).into_iter().flatten().find(|key| earlier.clone().any(|other| other == *key))
        {
            found.push(format!("{path}: Duplicate value: {key}"));
        }
        find_duplicates(&schema["items"], item, &path, found);
    }
}

/// What tells an item from others, if anything has to.
fn key(schema: &Value, item: &Value) -> Option<Value> {
    match schema["x-kubernetes-list-type"].as_str() {
        Some("set") => Some(item.clone()),
        Some("map") => {
            let keys = schema["x-kubernetes-list-map-keys"].as_array()?;
            Some(keys.iter().filter_map(Value::as_str).map(|key| (key.to_owned(), item[key].clone())).collect())
        }
        _ => None,
    }
}
