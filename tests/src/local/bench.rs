//! `livecluster bench` beside a test, until it has seen enough.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::binary;
use super::wait::LIMIT;

/// Publishers or viewers that run on. Dropped, they are killed.
#[derive(Debug)]
pub struct Bench(Child);

impl Bench {
    /// Starts them, with arguments behind those that make it go on and tell.
    pub fn start(side: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(binary::livecluster());
        command.args(["bench", side, "--json", "--duration", "1h"]).args(arguments);
        let child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn();
        Self(child.expect("it starts"))
    }

    /// Ends them, as Ctrl-C does; what they tell.
    pub async fn report(self) -> Value {
        let pid = self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        kill_process(pid.expect("a process id"), Signal::INT).expect("it runs");
        let output = timeout(LIMIT, self.0.wait_with_output()).await;
        let output = output.expect("it ends in time").expect("an output");
        serde_json::from_slice(&output.stdout).expect("a report")
    }
}
