//! What the API server takes and refuses of `LiveCluster`s: each file in `resource/good` is taken; each in `resource/bad`
//! is refused with the path and the sentence in its first line. A file of two documents is a change from the first to the
//! second.

mod api_server;

use std::fs;
use std::path::{Path, PathBuf};

use api_server::ApiServer;
use livecluster_operator::resource::{LiveCluster, crd};
use serde_json::Value;

#[test]
fn good_resources_are_taken() {
    let server = ApiServer::start();
    for file in files("good") {
        let text = fs::read_to_string(&file).unwrap();

        let refusals = refusals(&server, &text);

        assert!(refusals.is_empty(), "{}: {refusals:#?}", file.display());
    }
}

#[test]
fn bad_resources_are_refused_with_a_sentence_that_names_the_field() {
    let server = ApiServer::start();
    let files = files("bad");
    assert!(files.len() >= 40, "{} files", files.len());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let expected =
            text.lines().next().and_then(|line| line.strip_prefix("# ")).expect("a first line with a sentence");

        let refusals = refusals(&server, &text);

        assert_eq!(refusals, [expected], "{}", file.display());
    }
}

#[test]
fn every_rule_refuses_some_resource() {
    let refused: Vec<_> = files("bad").iter().map(|file| fs::read_to_string(file).unwrap()).collect();

    for message in messages(&serde_json::to_value(crd()).unwrap()) {
        assert!(
            refused.iter().any(|text| text.lines().next().is_some_and(|line| line.contains(&message))),
            "{message}"
        );
    }
}

#[test]
fn what_is_taken_is_read_and_written_the_same() {
    let server = ApiServer::start();
    for file in files("good") {
        let text = fs::read_to_string(&file).unwrap();
        for stored in documents(&text).iter().map(|document| server.stored(document)) {
            let read: LiveCluster = serde_json::from_value(stored.clone()).unwrap();

            let mut written = serde_json::to_value(&read).unwrap();
            written["status"] = stored["status"].clone();
            assert_eq!(written, stored, "{}", file.display());
        }
    }
}

#[test]
fn resource_that_nobody_serves_says_that_it_is_not_known_to_be_ready() {
    let five_lines = fs::read_to_string(directory("good").join("five-lines.yaml")).unwrap();

    let stored = ApiServer::start().stored(&documents(&five_lines)[0]);

    let condition = &stored["status"]["conditions"][0];
    assert_eq!(
        (&condition["type"], &condition["status"], &condition["reason"]),
        (&"Ready".into(), &"Unknown".into(), &"Pending".into())
    );
}

/// The messages of all rules, in a definition.
fn messages(schema: &Value) -> Vec<String> {
    match schema {
        Value::Array(items) => items.iter().flat_map(messages).collect(),
        Value::Object(members) => {
            let own = members.get("rule").and(members.get("message")).and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(members.values().flat_map(messages)).collect()
        }
        _ => Vec::new(),
    }
}

/// What is said against a file: against the second document as a change of the first, if it has two.
fn refusals(server: &ApiServer, text: &str) -> Vec<String> {
    match documents(text).as_slice() {
        [new] => server.refusals(new, None),
        [old, new] => {
            assert_eq!(server.refusals(old, None), [""; 0], "the first document");
            server.refusals(new, Some(old))
        }
        other => panic!("{} documents", other.len()),
    }
}

fn documents(text: &str) -> Vec<Value> {
    text.split("\n---\n").map(|document| serde_saphyr::from_str(document).expect("YAML")).collect()
}

fn files(kind: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(directory(kind)).expect("a directory").flatten().map(|entry| entry.path()).collect();
    files.sort();
    files
}

fn directory(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/resource").join(kind)
}
