//! Commands of the program that end by themselves.

use tokio::process::Command;

use super::binary;

/// What became of a command.
#[derive(Debug)]
pub struct Run {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote, to stdout and then to stderr.
    pub said: String,
}

impl Run {
    /// Runs the program with these arguments to its end.
    pub async fn of(arguments: &[&str]) -> Self {
        let output = Command::new(binary::livecluster()).args(arguments).output().await.expect("it runs");
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).expect("text")).concat();
        Self { code: output.status.code(), said }
    }
}
