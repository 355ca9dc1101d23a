//! `livecluster local` as a person runs it: real processes, ended in every way.

mod support;

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Command, ExitStatus};

use rustix::process::{Signal, kill_process};
use support::{Cluster, LIMIT, directory, has_ended, local, within};

fn refused(command: &mut Command) -> (ExitStatus, String) {
    let output = command.output().expect("started");
    (output.status, String::from_utf8(output.stderr).expect("text"))
}

#[test]
fn all_parts_listen_where_the_report_says() {
    let cluster = Cluster::start(&["--origins", "3", "--edges", "2"]);

    assert_eq!(cluster.pids().len(), 5);
    for (role, address) in [("edges", "rtmp"), ("edges", "http"), ("origins", "link"), ("origins", "http")] {
        for part in cluster.report[role].as_array().expect("a list") {
            let address = part[address].as_str().expect("an address");
            assert!(TcpStream::connect(address).is_ok(), "{part}");
        }
    }
}

#[test]
fn sigterm_and_ctrl_c_end_all_parts() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut cluster = Cluster::start(&[]);
        let pids = cluster.pids();

        cluster.signal(signal);

        assert_eq!(cluster.parent.wait().expect("it ends").code(), Some(0));
        assert!(pids.into_iter().all(has_ended));
    }
}

#[test]
fn no_part_outlives_a_parent_that_is_killed() {
    let path = directory("killed");
    let mut cluster = Cluster::start(&["--dir", path.to_str().expect("text")]);
    let pids = cluster.pids();
    kill_process(pids[0], Signal::STOP).expect("it runs");

    cluster.signal(Signal::KILL);

    cluster.parent.wait().expect("it ends");
    within(LIMIT, "all parts end", || pids.iter().all(|pid| has_ended(*pid)));
}

#[test]
fn dead_origin_leaves_the_routes_and_returns_at_the_same_address() {
    let path = directory("returns");
    let cluster = Cluster::start(&["--dir", path.to_str().expect("text")]);
    let address = cluster.report["origins"][0]["link"].as_str().expect("an address");
    let is_listed = || {
        let routes = fs::read_to_string(path.join("routes.json")).expect("a document");
        routes.contains(&format!("\"address\": \"{address}\", \"state\": \"active\""))
    };
    assert!(is_listed());

    cluster.kill_origin(0);

    within(LIMIT, "it leaves", || !is_listed());
    within(LIMIT, "it returns", is_listed);
}

#[test]
fn taken_port_is_told_in_one_line_and_nothing_is_left() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    let path = directory("taken");

    let (status, said) = refused(local(&["--rtmp-listen", &address]).arg("--dir").arg(&path));

    assert_eq!(status.code(), Some(2));
    assert!(said.starts_with(&format!("livecluster: --rtmp-listen: can't listen on {address}: ")), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(!path.exists());
}

#[test]
fn bad_flag_of_a_part_or_missing_file_is_told_in_one_line() {
    for (arguments, expected) in [
        (["--edge-arg", "--no-such-flag"], "livecluster: edge-"),
        (["--secret-file", "/no/such/file"], "livecluster: secret file /no/such/file: "),
        (["--no-such-flag", "1"], "livecluster: unexpected argument"),
    ] {
        let (status, said) = refused(&mut local(&arguments));

        assert_eq!(status.code(), Some(2));
        assert!(said.starts_with(expected), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}
