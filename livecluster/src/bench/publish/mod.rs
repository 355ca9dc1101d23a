//! `livecluster bench publish`.

mod plan;
mod publisher;
mod report;
mod stream;

use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::value_parser;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::clock::Clock;
use super::place::Place;
use super::progress::{INTERVAL, Progress};
use super::target::{self, Target};
use super::units::{parse_audio_bitrate, parse_bitrate, parse_duration};
use super::{Error, block_on, host, lock, print};
pub use plan::Plan;
pub use publisher::Publisher;
pub use report::{Report, Sent};

/// What to publish.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to publish; n in braces stands for the number of the publisher. Without a port it is 1935. Those behind the
    /// first are for --reconnect
    #[arg(value_name = "rtmp://HOST:PORT/APP/STREAM{n}", required = true)]
    targets: Vec<Target>,
    /// Publishers, each with a stream of its own; 1 to 20000
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = value_parser!(u32).range(1..=20_000))]
    publishers: u32,
    /// The number of the first publisher; the others count on from there
    #[arg(long, default_value_t = 0, value_name = "N")]
    first: u32,
    /// Video of each publisher in bits a second, with unit k or M; 10k to 1G
    #[arg(long, default_value = "1500k", value_name = "BITRATE", value_parser = parse_bitrate)]
    bitrate: u64,
    /// Pictures a second, 1 to 240
    #[arg(long, default_value_t = 25, value_name = "N", value_parser = value_parser!(u32).range(1..=240))]
    fps: u32,
    /// From one keyframe to the next, with unit ms, s or m; 100ms to 24h
    #[arg(long, default_value = "2s", value_name = "DURATION", value_parser = parse_duration)]
    gop: Duration,
    /// Audio of each publisher in bits a second, with unit k; 32k to 256k, or 0 for none
    #[arg(long, default_value = "128k", value_name = "BITRATE", value_parser = parse_audio_bitrate)]
    audio: u64,
    /// How long each publisher sends, with unit ms, s, m or h; 100ms to 24h. Publishers start one after another over
    /// one --gop, so that their keyframes do not coincide
    #[arg(long, default_value = "30s", value_name = "DURATION", value_parser = parse_duration)]
    duration: Duration,
    /// Move when the server asks to connect anew (Enhanced RTMP): a publisher ends its stream in front of a keyframe, and
    /// goes on with that over a second connection once the server says that all before it is safe. It goes where it is sent,
    /// else to the same URL, or the next one that lets it in
    #[arg(long)]
    reconnect: bool,
    /// Print the report as one JSON object. Numbers have their unit in the name; times are {p50, p90, p99, max} or null
    #[arg(long)]
    json: bool,
}

/// Publishes and prints what was sent.
pub fn run(args: &Args) -> Result<ExitCode, Error> {
    target::check(&args.targets, args.publishers, args.reconnect)?;
    // Each may have two for a while.
    host::allow_connections(args.publishers * (1 + u32::from(args.reconnect)))?;
    let report = block_on(Duration::ZERO, publish(args))?;
    print(&report, &report.table(), args.json)?;
    Ok(ExitCode::from(u8::from(report.disconnects > 0)))
}

/// Publishes until all publishers have ended, or until Ctrl-C.
pub(in crate::bench) async fn publish(args: &Args) -> Result<Report, Error> {
    let plan = Plan::new(args.bitrate, args.fps, args.gop, args.audio)?;
    let place = Place::first(&args.targets, args.reconnect).await?;
    let sent = Arc::new(Mutex::new(Sent::new()));
    let (started, clock) = (Instant::now(), Clock::new());
    let mut publishers = JoinSet::new();
    for index in 0..args.publishers {
        let publisher = Publisher {
            number: args.first.saturating_add(index),
            place: place.clone(),
            clock,
            plan,
            duration: args.duration,
            sent: Arc::clone(&sent),
        };
        let start = started + args.stagger() * index;
        publishers.spawn(async move {
            sleep_until(start).await;
            publisher.run().await;
        });
    }
    wait(args, started, &sent, publishers).await;
    let sent = lock(&sent);
    Ok(Report::of(args, &sent, started.elapsed()))
}

async fn wait(args: &Args, started: Instant, sent: &Mutex<Sent>, mut publishers: JoinSet<()>) {
    let mut progress = Progress::new(args.duration + args.stagger() * args.publishers);
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            ended = publishers.join_next() => if ended.is_none() { return },
            _ = ticks.tick() => progress.show(started.elapsed(), &lock(sent).state()),
            _ = tokio::signal::ctrl_c() => return,
        }
    }
}

impl Args {
    /// From the start of one publisher to that of the next.
    fn stagger(&self) -> Duration {
        (self.gop / self.publishers).max(MIN_STAGGER)
    }
}

/// Not more than 500 connections a second.
const MIN_STAGGER: Duration = Duration::from_millis(2);
