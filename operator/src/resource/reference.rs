//! The reference of the resource for people, in Markdown, made from its definition.

use std::fmt::Write;

use serde_json::Value;

use super::crd::{FOREIGN, crd};

/// All fields of `spec` and `status`, what they mean and what is checked.
pub fn reference() -> String {
    let crd = serde_json::to_value(crd()).unwrap_or_default();
    let root = crd.pointer("/spec/versions/0/schema/openAPIV3Schema").unwrap_or(&Value::Null);
    let mut page = Page { text: String::from(HEAD), sections: Vec::new() };
    page.write_rules(messages(root).collect());
    for part in ["spec", "status"] {
        page.write_section(part, &root["properties"][part]);
    }
    page.text
}

const HEAD: &str = "<!-- Made by: livecluster crd --reference -->

# LiveCluster

`livecluster.io/v1alpha1`, namespaced, short name `lc`. Five lines make a cluster of two origins and two edges:

```yaml
apiVersion: livecluster.io/v1alpha1
kind: LiveCluster
metadata:
  name: demo
spec: {}
```

Everything else is for those who want something else. What nobody sets is shown in `status.resolved`. On a cluster,
`kubectl explain lc.spec` says the same as this page.
";

/// The page as far as it is written.
struct Page<'a> {
    text: String,
    /// The sections with fields, by path.
    sections: Vec<(String, &'a Value)>,
}

impl<'a> Page<'a> {
    /// A section for an object, and one for each object in it.
    fn write_section(&mut self, path: &str, schema: &'a Value) {
        self.write(format_args!("\n## {path}\n\n{}\n", description(schema)));
        let fields_of = |schema: &'a Value| &schema["properties"];
        if let Some((same, _)) = self.sections.iter().find(|(_, other)| fields_of(other) == fields_of(schema)) {
            let link = format!("\nThe fields are those of [{same}](#{}).\n", anchor(same));
            return self.text.push_str(&link);
        }
        self.sections.push((path.to_owned(), schema));
        self.write_fields(path, schema);
        let own = messages(schema);
        let of_fields = fields(schema).filter(|(name, field)| field["type"] == "array" || !has_section(name, field));
        self.write_rules(own.chain(of_fields.flat_map(|(_, field)| messages(field))).collect());
        for (name, field) in fields(schema).filter(|(name, field)| has_section(name, field)) {
            self.write_section(&below(path, name, field), inner(field));
        }
    }

    fn write_fields(&mut self, path: &str, schema: &Value) {
        self.text.push_str("\n| field | type | meaning |\n|---|---|---|\n");
        for (name, field) in fields(schema) {
            let linked = || format!("[`{name}`](#{})", anchor(&below(path, name, field)));
            let shown = if has_section(name, field) { linked() } else { format!("`{name}`") };
            let required = if is_required(schema, name) { " Required." } else { "" };
            let (kind, meaning, default) = (type_of(name, field), cell(description(field)), default(field));
            self.write(format_args!("| {shown} | {kind} | {meaning}{required}{default} |\n"));
        }
    }

    /// What is checked, as the API server would say it.
    fn write_rules(&mut self, messages: Vec<&str>) {
        if messages.is_empty() {
            return;
        }
        self.text.push_str("\nChecked:\n\n");
        messages.iter().for_each(|message| self.write(format_args!("* {message}\n")));
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a String does not fail.
        let _ = self.text.write_fmt(text);
    }
}

fn messages(schema: &Value) -> impl Iterator<Item = &str> {
    let rules = schema["x-kubernetes-validations"].as_array().into_iter().flatten();
    rules.filter_map(|rule| rule["message"].as_str())
}

fn fields(schema: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties.map(|(name, field)| (name.as_str(), field))
}

/// The schema of the object that a field is, or a list of.
fn inner(field: &Value) -> &Value {
    if field["type"] == "array" { &field["items"] } else { field }
}

fn has_section(name: &str, field: &Value) -> bool {
    !FOREIGN.contains(&name) && inner(field)["properties"].is_object()
}

fn below(path: &str, name: &str, field: &Value) -> String {
    let list = if field["type"] == "array" { "[]" } else { "" };
    format!("{path}.{name}{list}")
}

/// As Markdown makes it of a heading.
fn anchor(path: &str) -> String {
    path.to_lowercase().replace(['.', '[', ']'], "")
}

fn is_required(schema: &Value, name: &str) -> bool {
    let required = schema["required"].as_array();
    required.is_some_and(|required| required.iter().any(|other| other == name))
}

fn description(schema: &Value) -> &str {
    schema["description"].as_str().unwrap_or_default()
}

fn default(field: &Value) -> String {
    let default = &field["default"];
    if default.is_null() || default.is_object() { String::new() } else { format!(" Default `{default}`.") }
}

/// A bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn type_of(name: &str, field: &Value) -> String {
    match name {
        "affinity" => "Affinity".to_owned(),
        "env" => "list of EnvVar".to_owned(),
        "tolerations" => "list of Toleration".to_owned(),
        "topologySpreadConstraints" => "list of TopologySpreadConstraint".to_owned(),
        _ => plain_type(field),
    }
}

fn plain_type(field: &Value) -> String {
    if field["x-kubernetes-int-or-string"] == true {
        return "quantity".to_owned();
    }
    if field["additionalProperties"].is_object() {
        return format!("map of {}", plain_type(&field["additionalProperties"]));
    }
    match field["type"].as_str() {
        Some("array") => format!("list of {}", plain_type(&field["items"])),
        Some("string") if field["format"] == "date-time" => "time".to_owned(),
        Some(other) => other.to_owned(),
        None => String::new(),
    }
}
