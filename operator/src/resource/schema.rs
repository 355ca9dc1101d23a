//! From the schema that the types give to one that the API server takes without a warning, and that fits in a page.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

/// The schema of a point in time.
pub(super) fn time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "date-time"})
}

/// Makes a schema and all that is in it plain.
pub(super) fn plain(schema: &mut Value) {
    let Value::Object(members) = schema else {
        return;
    };
    // What may be left out is not written as null by anyone.
    members.remove("nullable");
    members.retain(|name, value| !(name == "format" && is_unknown_format(value)));
    if let Some(Value::String(text)) = members.get_mut("description") {
        *text = paragraph(text);
    }
    // Its members have defaults of their own.
    if members.get("default").is_some_and(Value::is_object) {
        members.insert("default".to_owned(), json!({}));
    }
    each_subschema(members, plain);
}

/// Calls `change` for each schema directly below this one.
fn each_subschema(members: &mut Map<String, Value>, change: fn(&mut Value)) {
    if let Some(Value::Object(properties)) = members.get_mut("properties") {
        properties.values_mut().for_each(change);
    }
    for name in ["items", "additionalProperties"] {
        members.get_mut(name).into_iter().for_each(change);
    }
}

/// Formats of unsigned numbers, which the API server does not know.
fn is_unknown_format(format: &Value) -> bool {
    format.as_str().is_some_and(|format| format.starts_with("uint"))
}

/// One line, of the first paragraph. Kubernetes' own texts go on for a page: their first sentence is enough here.
fn paragraph(text: &str) -> String {
    let first = text.split("\n\n").next().unwrap_or_default();
    first.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Cuts the descriptions of a type of Kubernetes, and of all that is in it, to their first sentences.
pub(super) fn brief(schema: &mut Value) {
    let Value::Object(members) = schema else {
        return;
    };
    if let Some(Value::String(text)) = members.get_mut("description") {
        *text = sentence(&paragraph(text)).to_owned();
    }
    each_subschema(members, brief);
}

/// A sentence ends before a capital letter, and says more than "Required.".
fn sentence(text: &str) -> &str {
    let ends_here = |end: &usize| {
        let next = text.get(end + 2..).and_then(|rest| rest.chars().next());
        *end > "Optional".len() && next.is_some_and(|next| next.is_uppercase())
    };
    let end = text.match_indices(". ").map(|(end, _)| end).find(ends_here);
    end.and_then(|end| text.get(..=end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn description_becomes_one_line_of_the_first_paragraph() {
        assert_eq!(paragraph("How many,\n1 to 3.\n\nMore."), "How many, 1 to 3.");
    }

    #[test]
    fn description_of_kubernetes_is_cut_to_its_first_sentence() {
        assert_eq!(sentence("Key is (e.g. a key) a key. Value is another."), "Key is (e.g. a key) a key.");
        assert_eq!(sentence("Required. A list. Of keys."), "Required. A list.");
        assert_eq!(sentence("Only one"), "Only one");
    }

    #[test]
    fn schema_loses_what_the_api_server_does_not_know() {
        let number = json!({"type": "integer", "format": "uint32", "nullable": true});
        let mut schema = json!({"properties": {"format": number}, "items": number, "default": {"format": 2}});

        plain(&mut schema);

        let plain = json!({"type": "integer"});
        assert_eq!(schema, json!({"properties": {"format": plain}, "items": plain, "default": {}}));
    }
}
