//! `livecluster bench`: publishers and viewers for any RTMP server, and a check of all that comes through.
//!
//! Both ends run on one thread each, so that the load leaves the machine to the server it measures. Publishers put a
//! [`mark::Mark`] in every frame; viewers read it and know what was lost, repeated or late. The drill uses both too.

mod aac;
mod check;
pub mod clock;
pub mod connection;
pub(crate) mod h264;
pub mod host;
pub mod mark;
pub mod percentiles;
pub mod place;
pub mod play;
mod progress;
pub mod publish;
mod table;
pub mod target;
#[cfg(test)]
mod tests;
pub mod units;

use std::future::Future;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::runtime::Builder;

/// Which side of the server to load.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Publish streams whose every frame tells its number and when it was sent
    ///
    /// Exit code 1 if a publisher was refused or disconnected, 2 if the server can not be reached at the start.
    Publish(publish::Args),
    /// Watch streams, and check every frame of those that `bench publish` made
    ///
    /// Exit code 1 if a stated bound is broken, 2 if the server can not be reached at the start.
    Play(play::Args),
    /// Publish a stream and watch it over another connection for a few seconds: every frame has to come, once and in order
    ///
    /// Ends with a sentence: of figures, or of what is wrong and with exit code 1.
    Check(check::Args),
}

/// Runs to the end and prints what was seen. The exit code is 1 if that is not good enough.
pub fn run(command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::Publish(args) => publish::run(&args),
        Command::Play(args) => play::run(&args),
        Command::Check(args) => check::run(&args),
    }
}

/// Why there was nothing to measure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Options that exclude each other.
    #[error("{0}")]
    Arguments(String),
    /// The server does not let a first client in.
    #[error("can't reach {url}: {lost}")]
    Unreachable {
        /// What was tried.
        url: String,
        /// What came of it.
        lost: connection::Lost,
    },
    /// This machine does not let us.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Runs on this thread alone. Once there is nothing to do it waits for `gather` before it looks for input again, so
/// that thousands of connections are read in turns and not message by message.
pub fn block_on<T>(gather: Duration, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let mut builder = Builder::new_current_thread();
    if !gather.is_zero() {
        builder.on_thread_park(move || std::thread::sleep(gather));
        builder.event_interval(TURN);
    }
    builder.enable_all().build()?.block_on(future)
}

/// Prints a report to stdout, for people or for programs.
pub fn print<R: Serialize>(report: &R, table: &str, json: bool) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    if json {
        serde_json::to_writer(&mut stdout, report)?;
        writeln!(stdout)
    } else {
        write!(stdout, "{table}")
    }
}

/// How many connections are read before input is looked for though not all are: else each would be read as soon as
/// one message is there.
const TURN: u32 = 10_000;

/// What a panicking task leaves behind is still true: it was counted before.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
