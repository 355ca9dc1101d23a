//! One part of a local cluster: started, started again when it dies, ended at the end.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use livecluster_mrtmp::id::Name;
use livecluster_operator::routing::Part;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::backoff::Backoff;
use super::launch::Launch;
use super::process::{Process, Word};
use super::ready::Ready;

/// A part, and how to start it.
pub struct Child {
    /// Which part.
    pub part: Part,
    /// Its name, for the lines it logs.
    pub name: Name,
    /// How to start it.
    pub launch: Launch,
    /// Who is told. A full channel makes the child wait, which does not stop the part itself.
    pub happenings: mpsc::Sender<Happening>,
    /// Asks the process to end in good order, so that another takes its place.
    pub restart: Arc<Notify>,
    /// When to end.
    pub stop: watch::Receiver<Stop>,
}

/// What happens to a part.
#[derive(Debug)]
pub enum Happening {
    /// It can be used.
    Ready(Part, u32, Ready),
    /// It never was ready, and is not started again: why.
    Failed(Part, String),
    /// It was ready, and its process ended; another takes its place.
    Gone(Part),
    /// It ended because it was to.
    Left(Part),
}

/// Whether a part shall end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// No.
    No,
    /// In good order, however long that takes.
    Leave,
    /// Within [`STOP_LIMIT`].
    Hurry,
    /// At once.
    Kill,
}

impl Child {
    /// Runs until it is stopped, or could not be started the first time.
    pub async fn run(mut self) {
        let end = self.live().await;
        let part = self.part.clone();
        let last = end.map_or_else(|| Happening::Left(part.clone()), |why| Happening::Failed(part.clone(), why));
        self.tell(last).await;
    }

    /// One process after another. Why there was none, if so.
    async fn live(&mut self) -> Option<String> {
        let mut backoff = Backoff::default();
        let mut was_ready = false;
        while *self.stop.borrow() == Stop::No {
            let started = Instant::now();
            let mut life = Life { child: &mut *self, pid: 0, is_ready: false, held: Vec::new() };
            let end = life.run().await?;
            was_ready |= life.is_ready;
            if !was_ready {
                return Some(end);
            }
            let delay = backoff.after(started.elapsed());
            tracing::warn!(part = %self.name, "{end}; it starts again in {delay:?}");
            tokio::select! {
                () = sleep(delay) => {}
                () = stopped(&mut self.stop, Stop::Leave) => {}
            }
        }
        None
    }

    async fn tell(&self, happening: Happening) {
        // Nobody listens once the cluster ends.
        let _ = self.happenings.send(happening).await;
    }
}

/// From one start to one end.
struct Life<'a> {
    child: &'a mut Child,
    pid: u32,
    is_ready: bool,
    /// What it logged before it was ready: if it never is, the last line is the reason.
    held: Vec<String>,
}

impl Life<'_> {
    /// How it ended; none if that was asked for.
    async fn run(&mut self) -> Option<String> {
        let mut process = match Process::spawn(&mut self.child.launch.command()) {
            Ok(process) => process,
            Err(error) => return Some(format!("can't be started: {error}")),
        };
        self.pid = process.id().unwrap_or_default();
        let limit = Instant::now() + READY_LIMIT;
        loop {
            let end = tokio::select! {
                word = process.next() => self.handle(word, &mut process).await,
                () = stopped(&mut self.child.stop, Stop::Leave) => return self.stop(process).await,
                () = self.child.restart.notified(), if self.is_ready => {
                    process.terminate();
                    None
                }
                () = sleep_until(limit), if !self.is_ready => Some(format!("is not ready after {READY_LIMIT:?}")),
            };
            if let Some(end) = end {
                process.kill().await;
                return Some(self.end(end).await);
            }
        }
    }

    /// Why it can't go on, if so.
    async fn handle(&mut self, word: Word, process: &mut Process) -> Option<String> {
        match word {
            Word::Stderr(line) => self.log(line),
            Word::Stdout(line) if self.is_ready => self.log(line),
            Word::Stdout(line) => return self.ready(&line).await,
            Word::Exit(status) => {
                process.last_words().await.into_iter().for_each(|line| self.log(line));
                return Some(status.map_or_else(|error| error.to_string(), |status| format!("ended: {status}")));
            }
        }
        None
    }

    async fn ready(&mut self, line: &str) -> Option<String> {
        let ready = match Ready::parse(line) {
            Ok(ready) if ready.name == *self.child.name => ready,
            _ => return Some(format!("said {line:?} instead of where it listens")),
        };
        self.is_ready = true;
        self.child.launch.addresses = ready.flags();
        self.child.tell(Happening::Ready(self.child.part.clone(), self.pid, ready)).await;
        std::mem::take(&mut self.held).into_iter().for_each(|line| self.log(line));
        None
    }

    fn log(&mut self, line: String) {
        if self.is_ready || self.held.len() >= MAX_HELD {
            let _ = writeln!(std::io::stderr(), "{}: {line}", self.child.name);
        } else {
            self.held.push(line);
        }
    }

    async fn end(&mut self, end: String) -> String {
        if self.is_ready {
            self.child.tell(Happening::Gone(self.child.part.clone())).await;
            return end;
        }
        match self.held.last() {
            Some(line) => line.trim_start_matches("livecluster: ").to_owned(),
            None => end,
        }
    }

    /// In good order, until it has to hurry.
    async fn stop(&mut self, mut process: Process) -> Option<String> {
        process.terminate();
        let mut stop = self.child.stop.clone();
        tokio::select! {
            () = self.follow(&mut process) => {}
            () = stopped(&mut stop, Stop::Hurry) => self.hurry(&mut process).await,
        }
        process.kill().await;
        None
    }

    async fn hurry(&mut self, process: &mut Process) {
        process.hurry();
        let mut stop = self.child.stop.clone();
        tokio::select! {
            _ = timeout(STOP_LIMIT, self.follow(process)) => {}
            () = stopped(&mut stop, Stop::Kill) => {}
        }
    }

    async fn follow(&mut self, process: &mut Process) {
        while self.handle(process.next().await, process).await.is_none() {}
    }
}

/// Waits until a part shall end that way, or faster. Cancel-safe.
async fn stopped(stop: &mut watch::Receiver<Stop>, how: Stop) {
    // A sender that is gone can't ask any more: the cluster has ended.
    let _ = stop.wait_for(|stop| *stop >= how).await;
}

/// How long a part may take to be ready.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// How long a part that was asked to end may take.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// Lines kept of a part that is not ready.
const MAX_HELD: usize = 100;
