//! `livecluster local` as a person runs it: real processes, ended in every way.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;

/// A running cluster. Dropped, it is ended in good order, if it can be.
struct Cluster {
    parent: Child,
    report: Value,
}

impl Cluster {
    fn start(arguments: &[&str]) -> Self {
        let mut parent = local(arguments)
            .arg("--json")
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let mut line = String::new();
        let stdout = parent.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let report = serde_json::from_str(&line).expect("JSON");
        Self { parent, report }
    }

    fn pids(&self) -> Vec<Pid> {
        let parts = ["edges", "origins"]
            .into_iter()
            .flat_map(|role| self.report[role].as_array());
        parts
            .flatten()
            .map(|part| pid(part["pid"].as_i64()))
            .collect()
    }

    fn signal(&self, signal: Signal) {
        kill_process(pid(Some(self.parent.id().into())), signal).expect("it runs");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let has_ended = |parent: &mut Child| !matches!(parent.try_wait(), Ok(None));
        if !has_ended(&mut self.parent) {
            self.signal(Signal::TERM);
            let _ = wait(LIMIT, || has_ended(&mut self.parent));
        }
        let _ = self.parent.kill();
    }
}

/// On free ports, if the arguments do not say otherwise.
fn local(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_livecluster"));
    command
        .env("LIVECLUSTER_RTMP_LISTEN", "127.0.0.1:0")
        .env("LIVECLUSTER_HTTP_LISTEN", "127.0.0.1:0");
    command.arg("local").args(arguments);
    command
}

fn pid(number: Option<i64>) -> Pid {
    let number = number.and_then(|number| i32::try_from(number).ok());
    number.and_then(Pid::from_raw).expect("a process id")
}

/// Gone, or not waited for by whoever inherited it.
fn has_ended(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    test_kill_process(pid).is_err() || stat.is_ok_and(|stat| stat.contains(") Z "))
}

fn within(limit: Duration, what: &str, is_so: impl FnMut() -> bool) {
    assert!(wait(limit, is_so), "{what}: not within {limit:?}");
}

fn wait(limit: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < limit {
        if is_so() {
            return true;
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    false
}

fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    path
}

fn refused(command: &mut Command) -> (ExitStatus, String) {
    let output = command.output().expect("started");
    (
        output.status,
        String::from_utf8(output.stderr).expect("text"),
    )
}

#[test]
fn all_parts_listen_where_the_report_says() {
    let cluster = Cluster::start(&["--origins", "3", "--edges", "2"]);

    assert_eq!(cluster.pids().len(), 5);
    for (role, address) in [
        ("edges", "rtmp"),
        ("edges", "http"),
        ("origins", "link"),
        ("origins", "http"),
    ] {
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
    within(LIMIT, "all parts end", || {
        pids.iter().all(|pid| has_ended(*pid))
    });
}

#[test]
fn dead_origin_leaves_the_routes_and_returns_at_the_same_address() {
    let path = directory("returns");
    let cluster = Cluster::start(&["--dir", path.to_str().expect("text")]);
    let address = cluster.report["origins"][0]["link"]
        .as_str()
        .expect("an address");
    let is_listed = || {
        let routes = fs::read_to_string(path.join("routes.json")).expect("a document");
        routes.contains(&format!(
            "\"address\": \"{address}\", \"state\": \"active\""
        ))
    };
    assert!(is_listed());

    kill_process(
        pid(cluster.report["origins"][0]["pid"].as_i64()),
        Signal::KILL,
    )
    .expect("it runs");

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
    assert!(
        said.starts_with(&format!(
            "livecluster: --rtmp-listen: can't listen on {address}: "
        )),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(!path.exists());
}

#[test]
fn bad_flag_of_a_part_or_missing_file_is_told_in_one_line() {
    for (arguments, expected) in [
        (["--edge-arg", "--no-such-flag"], "livecluster: edge-"),
        (
            ["--secret-file", "/no/such/file"],
            "livecluster: secret file /no/such/file: ",
        ),
        (["--no-such-flag", "1"], "livecluster: unexpected argument"),
    ] {
        let (status, said) = refused(&mut local(&arguments));

        assert_eq!(status.code(), Some(2));
        assert!(said.starts_with(expected), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

const LIMIT: Duration = Duration::from_secs(20);
