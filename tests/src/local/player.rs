//! Clients that nobody here wrote: ffmpeg and rtmpdump.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::Part;
use super::media::{Frames, ffmpeg, sample};

/// A program that runs beside the test. Dropped, it is killed.
#[derive(Debug)]
pub struct Program {
    child: Child,
}

impl Program {
    fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).kill_on_drop(true).spawn();
        Self { child: child.expect("ffmpeg and rtmpdump are installed") }
    }

    /// Publishes the sample with ffmpeg, as fast as it plays; ends with it.
    pub async fn publish(edge: &Part, name: &str) -> Self {
        let sample = sample().await;
        let mut command = ffmpeg();
        command.arg("-re").arg("-i").arg(sample);
        command.args(["-map", "0", "-c", "copy", "-f", "flv", &edge.url(name)]);
        Self::start(&mut command)
    }

    /// Waits until it ends. Panics if it fails, or does not end in time.
    pub async fn succeed(mut self, limit: Duration) {
        let status = timeout(limit, self.child.wait()).await;
        let status = status.expect("it ends in time").expect("a status");
        assert!(status.success(), "{status}");
    }

    /// Waits until it ends, however.
    async fn end(&mut self, limit: Duration) {
        let ended = timeout(limit, self.child.wait()).await;
        ended.expect("it ends in time").expect("a status");
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

/// A player that keeps what it gets.
#[derive(Debug)]
pub struct Recording {
    program: Program,
    path: PathBuf,
    _directory: TempDir,
}

impl Recording {
    /// Plays a stream with ffmpeg, until it is over.
    pub fn ffmpeg(edge: &Part, name: &str) -> Self {
        Self::start(|path| {
            let mut command = ffmpeg();
            command.args(["-rw_timeout", "30000000", "-i", &edge.url(name)]);
            command.args(["-map", "0:v", "-map", "0:a", "-c", "copy"]);
            command.args(["-f", "framemd5"]).arg(path);
            command
        })
    }

    /// Plays a stream with rtmpdump, until it is over.
    pub fn rtmpdump(edge: &Part, name: &str) -> Self {
        Self::start(|path| {
            let mut command = Command::new("rtmpdump");
            command.args(["--live", "--quiet", "--timeout", "30"]);
            command.args(["--rtmp", &edge.url(name), "--flv"]).arg(path);
            command
        })
    }

    fn start(command: impl FnOnce(&Path) -> Command) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let path = directory.path().join("recording");
        Self { program: Program::start(&mut command(&path)), path, _directory: directory }
    }

    /// Whether the player still runs.
    pub fn runs(&mut self) -> bool {
        self.program.runs()
    }

    /// Waits until the stream is over and returns what came. Players differ in what they call a success.
    pub async fn frames(mut self, limit: Duration) -> Frames {
        self.program.end(limit).await;
        Frames::of(&self.path).await
    }
}
