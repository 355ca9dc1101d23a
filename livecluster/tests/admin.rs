//! Changing a running cluster with the commands of the same binary.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;
use support::{Cluster, LIMIT, directory, livecluster, within};

/// What a command says, and its exit code.
fn ask(cluster: &Cluster, arguments: &[&str]) -> (i32, String) {
    let admin = cluster.report["admin"].as_str().expect("an address");
    let output = livecluster().args(arguments).env("LIVECLUSTER_ADMIN", admin).output().expect("it runs");
    let said = if output.status.success() { output.stdout } else { output.stderr };
    let said = String::from_utf8(said).expect("text").trim_end().to_owned();
    (output.status.code().expect("an exit code"), said)
}

fn status(cluster: &Cluster) -> Value {
    let (code, said) = ask(cluster, &["status", "--json"]);
    assert_eq!(code, 0, "{said}");
    serde_json::from_str(&said).expect("JSON")
}

/// Sends a request and returns the whole answer.
fn exchange(admin: &str, head: &str, body: &str) -> String {
    let length = body.len();
    let mut stream = TcpStream::connect(admin).expect("a connection");
    write!(stream, "{head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

fn states(cluster: &Cluster) -> Vec<(String, Option<String>)> {
    let status = status(cluster);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let origins = status["origins"].as_array().expect("a list").iter();
    origins.map(|origin| (text(&origin["name"]).expect("a name"), text(&origin["state"]))).collect()
}

fn of(states: &[(&str, &str)]) -> Vec<(String, Option<String>)> {
    states.iter().map(|(name, state)| ((*name).to_owned(), Some((*state).to_owned()))).collect()
}

#[test]
fn origins_come_and_go() {
    let cluster = Cluster::start(&["--origins", "1", "--edges", "1"]);

    let (code, said) = ask(&cluster, &["scale", "origins", "3"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.starts_with("started: origin-1, origin-2; ended: none; "), "{said}");
    assert_eq!(states(&cluster), of(&[("origin-0", "active"), ("origin-1", "active"), ("origin-2", "active")]));

    let (code, said) = ask(&cluster, &["scale", "origins", "1"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.starts_with("started: none; ended: origin-1, origin-2; "), "{said}");
    assert_eq!(states(&cluster), of(&[("origin-0", "active")]));
}

#[test]
fn edges_come_and_go() {
    let cluster = Cluster::start(&["--origins", "1", "--edges", "1"]);

    let (code, said) = ask(&cluster, &["scale", "edges", "2"]);
    assert_eq!(code, 0, "{said}");
    let status = status(&cluster);
    let rtmp = status["edges"][1]["rtmp"].as_str().expect("an address").to_owned();
    assert!(TcpStream::connect(&rtmp).is_ok());
    assert_eq!(status["edges"][1]["connections"].as_u64().map(|count| count <= 1), Some(true));

    let (code, said) = ask(&cluster, &["scale", "edges", "1"]);
    assert_eq!(code, 0, "{said}");
    within(LIMIT, "nobody listens", || TcpStream::connect(&rtmp).is_err());
}

#[test]
fn drained_origin_stays_so_until_that_is_undone() {
    let cluster = Cluster::start(&["--edges", "1"]);

    let (code, said) = ask(&cluster, &["drain", "origin-1"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(states(&cluster), of(&[("origin-0", "active"), ("origin-1", "draining")]));

    for undo in [&["undrain", "origin-1"][..], &["drain", "origin-1", "--undo"]] {
        let (code, said) = ask(&cluster, undo);
        assert_eq!(code, 0, "{said}");
        assert_eq!(states(&cluster), of(&[("origin-0", "active"), ("origin-1", "active")]));
    }
}

#[test]
fn restarted_origin_is_another_process_at_the_same_address() {
    let cluster = Cluster::start(&["--edges", "1"]);
    let before = status(&cluster)["origins"][0].clone();

    let (code, said) = ask(&cluster, &["restart", "origin-0"]);

    assert_eq!(code, 0, "{said}");
    let after = status(&cluster)["origins"][0].clone();
    assert_ne!(after["pid"], before["pid"]);
    assert_eq!((&after["link"], &after["state"]), (&before["link"], &before["state"]));
}

#[test]
fn what_can_not_be_done_is_told_in_one_line() {
    let cluster = Cluster::start(&["--origins", "1", "--edges", "1"]);

    for (arguments, code, expected) in [
        (&["move", "live/alice", "origin-0"][..], 1, "livecluster: no stream live/alice is live"),
        (&["move", "live/alice", "origin-1"], 1, "livecluster: no origin origin-1: there is origin-0"),
        (&["move", "live/alice"], 2, "livecluster: the following required arguments were not provided:"),
        (&["drain", "origin-0"], 1, "livecluster: origin-0 is the last active origin: its streams could go nowhere"),
        (&["restart", "origin-0"], 1, "livecluster: origin-0 is the last active origin: its streams could go nowhere"),
        (&["scale", "origins", "0"], 2, "livecluster: invalid value '0' for '<COUNT>'"),
        (&["status", "--admin", "127.0.0.1:1"], 1, "livecluster: no cluster at 127.0.0.1:1: "),
    ] {
        let (exit, said) = ask(&cluster, arguments);
        assert_eq!(exit, code, "{said}");
        assert!(said.starts_with(expected) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn part_that_can_not_be_started_is_told_and_the_cluster_goes_on() {
    let path = directory("not_started");
    let cluster = Cluster::start(&["--origins", "1", "--edges", "1", "--dir", path.to_str().expect("text")]);
    std::fs::remove_file(path.join("secret")).expect("a file");

    let (code, said) = ask(&cluster, &["scale", "edges", "2"]);

    assert_eq!(code, 1);
    assert!(said.starts_with("livecluster: edge-1: ") && said.contains("secret: No such file"), "{said}");
    assert_eq!(status(&cluster)["edges"].as_array().map(Vec::len), Some(1));
}

#[test]
fn nobody_decides_while_decisions_are_stopped() {
    let cluster = Cluster::start(&["--edges", "1"]);
    assert_eq!(ask(&cluster, &["decisions", "stop"]), (0, "decisions: false".to_owned()));

    let (code, said) = ask(&cluster, &["drain", "origin-1"]);
    assert_eq!((code, &*said), (1, "livecluster: nobody decides: decisions are stopped"));
    cluster.kill_origin(1);
    assert_eq!(states(&cluster), of(&[("origin-0", "active"), ("origin-1", "active")]));

    assert_eq!(ask(&cluster, &["decisions", "start"]), (0, "decisions: true".to_owned()));
    let (code, said) = ask(&cluster, &["drain", "origin-1"]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn request_that_a_web_page_could_send_is_refused() {
    let cluster = Cluster::start(&["--edges", "1"]);
    let admin = cluster.report["admin"].as_str().expect("an address");
    let code = |head: &str| {
        let answer = exchange(admin, head, r#"{"origin": "origin-1"}"#);
        answer.split_whitespace().nth(1).map(str::to_owned)
    };

    let host = format!("Host: {admin}");
    let json = "Content-Type: application/json";
    assert_eq!(code(&format!("POST /drain HTTP/1.1\r\n{host}")).as_deref(), Some("415"));
    assert_eq!(code(&format!("POST /drain HTTP/1.1\r\n{host}\r\nContent-Type: text/plain")).as_deref(), Some("415"));
    assert_eq!(code(&format!("POST /drain HTTP/1.1\r\nHost: example.com\r\n{json}")).as_deref(), Some("403"));
    assert_eq!(code("GET /status HTTP/1.1\r\nHost: example.com").as_deref(), Some("403"));
    assert_eq!(states(&cluster), of(&[("origin-0", "active"), ("origin-1", "active")]));
    assert_eq!(code(&format!("POST /drain HTTP/1.1\r\n{host}\r\n{json}")).as_deref(), Some("200"));
}

#[test]
fn link_is_cut_only_where_links_go_through_the_parent() {
    let post = |cluster: &Cluster, path: &str, body: &str| {
        let admin = cluster.report["admin"].as_str().expect("an address");
        let head = format!("POST {path} HTTP/1.1\r\nHost: {admin}\r\nContent-Type: application/json");
        let answer = exchange(admin, &head, body);
        answer.split_once("\r\n\r\n").expect("HTTP").1.to_owned()
    };
    let cluster = Cluster::start(&["--edges", "1"]);
    let refused = post(&cluster, "/cut", r#"{"edge": "edge-0", "origin": "origin-1", "ways": "both"}"#);
    assert_eq!(refused, r#"{"error":"links do not go through the parent: start the cluster with --relay-links"}"#);

    let cluster = Cluster::start(&["--edges", "1", "--relay-links"]);
    let refused = post(&cluster, "/cut", r#"{"edge": "edge-1", "origin": "origin-1", "ways": "up"}"#);
    assert_eq!(refused, r#"{"error":"no edge edge-1"}"#);
    let done = post(&cluster, "/cut", r#"{"edge": "edge-0", "origin": "origin-1", "ways": "down"}"#);
    assert_eq!(done, r#"{"edge":"edge-0","origin":"origin-1","cut":"down"}"#);
    let done = post(&cluster, "/mend", r#"{"edge": "edge-0", "origin": "origin-1"}"#);
    assert_eq!(done, r#"{"edge":"edge-0","origin":"origin-1","cut":null}"#);
}
