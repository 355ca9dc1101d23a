//! Tests of the document.

use super::*;

const JSON: &str = r##"{
  "version": 1,
  "cluster": "uid",
  "generation": 1763839200123,
  "placement": "rendezvous-1",
  "origins": [
    {"name": "demo-origin-0", "address": "10.244.0.7:1936", "state": "active"},
    {"name": "demo-origin-1", "address": "[::1]:1936", "state": "draining"}
  ],
  "streams": {
    "live/\"bob\"": "demo-origin-1",
    "live/alice": "demo-origin-0",
    "#00000000000000000000000000000abc": "demo-origin-9"
  }
}
"##;

fn refused(from: &str, to: &str) -> String {
    assert!(JSON.contains(from), "{from}");
    Document::parse(&JSON.replacen(from, to, 1)).expect_err(to).to_string()
}

#[test]
fn document_reads_what_it_wrote() {
    let document = Document::parse(JSON).expect("valid");

    assert_eq!(document.to_json(), JSON);
    assert_eq!(document.streams.len(), 3);
}

#[test]
fn empty_document_reads_what_it_wrote() {
    let document = Document { cluster: "uid".to_owned(), ..Document::default() };

    assert_eq!(Document::parse(&document.to_json()).expect("valid"), document);
}

#[test]
fn fields_that_are_not_known_are_skipped() {
    let json = JSON.replace("\"streams\"", "\"later\": [1], \"streams\"");

    assert!(Document::parse(&json).is_ok());
}

#[test]
fn another_version_is_refused_whatever_its_form() {
    let error = Document::parse(r#"{"version": 2, "origins": {}}"#).expect_err("version 2");

    assert_eq!(error.to_string(), "document of version 2; this release reads version 1");
}

#[test]
fn another_placement_is_refused() {
    assert_eq!(refused("rendezvous-1", "rendezvous-2"), "placement \"rendezvous-2\" is not \"rendezvous-1\"");
}

#[test]
fn two_origins_of_one_name_are_refused() {
    assert_eq!(refused("demo-origin-1", "demo-origin-0"), "two origins are called \"demo-origin-0\"");
}

#[test]
fn bad_names_addresses_states_and_keys_are_refused() {
    for (from, to) in [
        ("demo-origin-0\", ", "a b\", "),
        ("demo-origin-0\", ", "\", "),
        ("10.244.0.7:1936", "10.244.0.7"),
        ("10.244.0.7:1936", ":1936"),
        ("10.244.0.7:1936", "10.244.0.7:0"),
        ("draining", "drained"),
        ("live/alice", "live//alice"),
        ("live/alice", "#abc"),
        ("demo-origin-9", "demo/origin"),
        ("1763839200123", "-1"),
    ] {
        refused(from, to);
    }
}

#[test]
fn document_larger_than_the_limit_is_refused() {
    let json = format!("{JSON}{}", " ".repeat(MAX_DOCUMENT_LEN));

    let error = Document::parse(&json).expect_err("too large").to_string();

    assert!(error.ends_with("exceeds the limit of 1048576"), "{error}");
}

#[test]
fn more_origins_than_the_limit_are_refused() {
    let origin = |index| Origin { name: format!("o-{index}").into(), address: "h:1".to_owned(), state: State::Active };
    let document = Document { origins: (0..=MAX_ORIGINS).map(origin).collect(), ..Document::default() };

    let error = Document::parse(&document.to_json()).expect_err("too many").to_string();

    assert_eq!(error, "1025 origins exceed the limit of 1024");
}
