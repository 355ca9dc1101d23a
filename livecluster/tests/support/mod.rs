//! `livecluster local` as a person runs it.
#![allow(dead_code, reason = "each test file uses a part")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;

/// A running cluster. Dropped, it is ended in good order, if it can be.
pub struct Cluster {
    pub parent: Child,
    pub report: Value,
}

impl Cluster {
    pub fn start(arguments: &[&str]) -> Self {
        let mut parent = local(arguments).arg("--json").stdout(Stdio::piped()).spawn().expect("started");
        let mut line = String::new();
        let stdout = parent.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let report = serde_json::from_str(&line).expect("JSON");
        Self { parent, report }
    }

    pub fn pids(&self) -> Vec<Pid> {
        let parts = ["edges", "origins"].into_iter().flat_map(|role| self.report[role].as_array());
        parts.flatten().map(|part| pid(part["pid"].as_i64())).collect()
    }

    /// Kills the first process of an origin.
    pub fn kill_origin(&self, index: usize) {
        kill_process(pid(self.report["origins"][index]["pid"].as_i64()), Signal::KILL).expect("it runs");
    }

    pub fn signal(&self, signal: Signal) {
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

pub fn livecluster() -> Command {
    Command::new(env!("CARGO_BIN_EXE_livecluster"))
}

/// On free ports, if the arguments do not say otherwise.
pub fn local(arguments: &[&str]) -> Command {
    let mut command = livecluster();
    command.env("LIVECLUSTER_RTMP_LISTEN", "127.0.0.1:0").env("LIVECLUSTER_HTTP_LISTEN", "127.0.0.1:0");
    command.arg("local").args(arguments);
    command
}

pub fn pid(number: Option<i64>) -> Pid {
    let number = number.and_then(|number| i32::try_from(number).ok());
    number.and_then(Pid::from_raw).expect("a process id")
}

/// Gone, or not waited for by whoever inherited it.
pub fn has_ended(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    test_kill_process(pid).is_err() || stat.is_ok_and(|stat| stat.contains(") Z "))
}

pub fn within(limit: Duration, what: &str, is_so: impl FnMut() -> bool) {
    assert!(wait(limit, is_so), "{what}: not within {limit:?}");
}

pub fn wait(limit: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < limit {
        if is_so() {
            return true;
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    false
}

/// A fresh path for one test.
pub fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    path
}

pub const LIMIT: Duration = Duration::from_secs(20);
