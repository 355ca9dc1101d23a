//! What earlier releases stored is read by this one: a folder a version in `compatibility`, made when it was released and
//! never changed. It holds resources as an API server stored them, with their status, and a route document with where
//! streams belonged by it.

mod api_server;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use api_server::ApiServer;
use livecluster_mrtmp::route::{Document, Key, Table};
use livecluster_operator::resource::LiveCluster;
use serde_json::Value;

#[test]
fn stored_resources_are_still_taken() {
    let server = ApiServer::start();
    for file in files(&["livecluster.yaml", "everything.yaml"]) {
        assert_eq!(server.refusals(&read(&file), None), [""; 0], "{}", file.display());
    }
}

#[test]
fn stored_resources_are_read_without_a_loss() {
    for file in files(&["livecluster.yaml", "everything.yaml"]) {
        let stored = read(&file);
        let cluster: LiveCluster = serde_json::from_value(stored.clone()).expect("a LiveCluster");

        let read = serde_json::to_value(cluster).expect("JSON");

        assert_eq!(lost("", &stored, &read), [""; 0], "{}", file.display());
    }
}

#[test]
fn streams_belong_where_they_belonged() {
    for file in files(&["routes.json"]) {
        let document = Document::parse(&fs::read_to_string(&file).expect("a file")).expect("a document");
        let belonged: BTreeMap<String, String> =
            serde_json::from_value(read(&file.with_file_name("routed.json"))).expect("origins by stream");
        let table = Table::from(document);

        let belongs = |key: &String| {
            let key = Key::parse(key).expect("a key");
            table.route(&key).map(|origin| origin.name.to_string()).unwrap_or_default()
        };

        let belong: BTreeMap<_, _> = belonged.keys().map(|key| (key.clone(), belongs(key))).collect();
        assert_eq!(belong, belonged, "{}", file.display());
    }
}

#[test]
fn this_version_has_its_folder() {
    assert!(directory().join(env!("CARGO_PKG_VERSION")).is_dir(), "add it: what a cluster of this release stores");
}

/// The members that are not read, or read as something else.
fn lost(path: &str, stored: &Value, read: &Value) -> Vec<String> {
    match (stored, read) {
        (Value::Object(stored), Value::Object(read)) => {
            let of = |(name, value): (&String, &Value)| {
                lost(&format!("{path}.{name}"), value, read.get(name).unwrap_or(&Value::Null))
            };
            stored.iter().flat_map(of).collect()
        }
        (stored, read) if stored == read => Vec::new(),
        (stored, read) => vec![format!("{path}: {stored} is read as {read}")],
    }
}

fn read(file: &Path) -> Value {
    serde_saphyr::from_str(&fs::read_to_string(file).expect("a file")).expect("YAML, or JSON, which is YAML, too")
}

/// Of all versions.
fn files(names: &[&str]) -> Vec<PathBuf> {
    let versions = fs::read_dir(directory()).expect("a directory").flatten();
    let files: Vec<_> = versions.flat_map(|version| names.iter().map(move |name| version.path().join(name))).collect();
    assert!(!files.is_empty());
    files
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compatibility")
}
