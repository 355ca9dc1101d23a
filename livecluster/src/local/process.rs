//! A child process and what it says, line by line.

use std::future::pending;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// A running child. Dropped, it is killed.
pub struct Process {
    child: Child,
    /// The child ends with it, see [`crate::parent`].
    _stdin: Option<ChildStdin>,
    stdout: Output<ChildStdout>,
    stderr: Output<ChildStderr>,
}

/// What a child does.
pub enum Word {
    /// A line on stdout.
    Stdout(String),
    /// A line on stderr.
    Stderr(String),
    /// It ended.
    Exit(io::Result<ExitStatus>),
}

impl Process {
    /// Starts it in a process group of its own: Ctrl-C is for the parent, who then ends its children.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.process_group(0).kill_on_drop(true).spawn()?;
        Ok(Self {
            _stdin: child.stdin.take(),
            stdout: Output::new(child.stdout.take()),
            stderr: Output::new(child.stderr.take()),
            child,
        })
    }

    /// The process id; none once it has ended.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// What it does next. Cancel-safe.
    pub async fn next(&mut self) -> Word {
        tokio::select! {
            biased;
            line = self.stdout.line() => Word::Stdout(line),
            line = self.stderr.line() => Word::Stderr(line),
            status = self.child.wait() => Word::Exit(status),
        }
    }

    /// What it had still to say after its end, as far as that is not held up by a process it started.
    pub async fn last_words(&mut self) -> Vec<String> {
        let mut words = Vec::new();
        while let Ok(line) = timeout(LAST_WORDS, self.stderr.line()).await {
            words.push(line);
        }
        words
    }

    /// Asks it to end in good order.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Asks it once more: it ends at once.
    pub fn hurry(&self) {
        // Two signals of one kind may count as one.
        self.signal(Signal::INT);
    }

    fn signal(&self, signal: Signal) {
        let pid = self.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It is not waited for yet, so that the id is still its own.
            let _ = kill_process(pid, signal);
        }
    }

    /// Ends it.
    pub async fn kill(&mut self) {
        let _ = self.child.kill().await;
    }
}

/// The lines of a pipe.
struct Output<R>(Option<Lines<BufReader<R>>>);

impl<R: AsyncRead + Unpin> Output<R> {
    fn new(pipe: Option<R>) -> Self {
        Self(pipe.map(|pipe| BufReader::new(pipe).lines()))
    }

    /// Waits for ever at the end.
    async fn line(&mut self) -> String {
        if let Some(lines) = &mut self.0 {
            if let Ok(Some(line)) = lines.next_line().await {
                return line;
            }
            self.0 = None;
        }
        pending().await
    }
}

/// How long to wait for a line of a process that has ended.
const LAST_WORDS: Duration = Duration::from_millis(20);
