//! What an API server does with an object of our kind, in its words: the same files are given to a real one.

mod structure;

use kube::core::cel::{CompiledSchema, ValidationErrors, Validator, apply_defaults, compile_schema};
use livecluster_operator::resource::crd;
use serde_json::Value;

/// It knows our definition.
pub struct ApiServer {
    schema: Value,
    structure: jsonschema::Validator,
    rules: CompiledSchema,
}

impl ApiServer {
    /// With our definition installed.
    pub fn start() -> Self {
        let crd = serde_json::to_value(crd()).expect("JSON");
        let schema = crd.pointer("/spec/versions/0/schema/openAPIV3Schema").expect("a schema").clone();
        Self { structure: structure::validator(&schema), rules: compile_schema(&schema), schema }
    }

    /// What is said against an object, each as `path: sentence`. `old` is what it replaces.
    pub fn refusals(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let unknown = structure::unknown_fields(&self.schema, object);
        if !unknown.is_empty() {
            return unknown;
        }
        let (new, old) = (self.stored(object), old.map(|old| self.stored(old)));
        let structural = structure::violations(&self.schema, &self.structure, &new);
        if !structural.is_empty() {
            return structural;
        }
        let broken = Validator::new().validate_compiled(&self.rules, &new, old.as_ref()).err();
        let broken = broken.into_iter().flat_map(ValidationErrors::into_vec);
        broken.map(|error| format!("{}: {}", path(&error.field_path), error.message)).collect()
    }

    /// The object with the defaults of the definition, and with the defaults of what came in by a default.
    pub fn stored(&self, object: &Value) -> Value {
        let filled = apply_defaults(&self.schema, object);
        if filled == *object { filled } else { self.stored(&filled) }
    }
}

/// Of the whole object, the API server says `<nil>`.
fn path(path: &str) -> &str {
    if path.is_empty() { "<nil>" } else { path }
}
