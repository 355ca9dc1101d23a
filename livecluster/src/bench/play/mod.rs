//! `livecluster bench play`.

mod audience;
mod bounds;
mod counts;
mod player;
mod report;
mod sequence;
mod track;
mod viewer;

use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::value_parser;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::clock::Clock;
use super::place::Place;
use super::progress::{INTERVAL, Progress};
use super::target::{self, Target};
use super::units::{megabits_per_second, parse_duration, parse_rate, seconds};
use super::{Error, block_on, host, lock, print};
pub use audience::{Audience, is_end};
use bounds::Bounds;
pub use counts::Counts;
pub use player::{Line, Player, Told};
pub use report::Report;
pub use viewer::Viewer;

/// What to watch.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to watch; n in braces stands for the number of the stream. Without a port it is 1935. Those behind the first
    /// are for --reconnect
    #[arg(value_name = "rtmp://HOST:PORT/APP/STREAM{n}", required = true)]
    targets: Vec<Target>,
    /// Viewers, 1 to 60000
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = value_parser!(u32).range(1..=60_000))]
    viewers: u32,
    /// Streams over which the viewers are spread, 1 to 60000; the viewers take them in turn
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = value_parser!(u32).range(1..=60_000))]
    streams: u32,
    /// The number of the first stream; the others count on from there
    #[arg(long, default_value_t = 0, value_name = "N")]
    first: u32,
    /// How long to watch once the last viewer has begun to connect, with unit ms, s, m or h; 100ms to 24h
    #[arg(long, default_value = "30s", value_name = "DURATION", value_parser = parse_duration)]
    duration: Duration,
    /// How many viewers begin to connect each second, 0.1/s to 100000/s
    #[arg(long, default_value = "500/s", value_name = "RATE", value_parser = parse_rate)]
    join_rate: f64,
    /// Move when the server asks to connect anew (Enhanced RTMP): a viewer plays over a second connection too until nothing
    /// is missing between the two. It goes where it is sent, else to the same URL, or the next one that lets it in
    #[arg(long)]
    reconnect: bool,
    #[command(flatten)]
    bounds: Bounds,
    /// Print the report as one JSON object. Numbers have their unit in the name; times are {p50, p90, p99, max} or null
    #[arg(long)]
    json: bool,
}

/// Watches and prints what was seen.
pub fn run(args: &Args) -> Result<ExitCode, Error> {
    target::check(&args.targets, args.streams, args.reconnect)?;
    // Each may have two for a while.
    host::allow_connections(args.viewers * (1 + u32::from(args.reconnect)))?;
    let report = block_on(args.gather(), play(args))?;
    print(&report, &report.table(), args.json)?;
    let broken = !report.bounds_broken.is_empty();
    Ok(ExitCode::from(u8::from(broken)))
}

/// Watches until the time is over, or until Ctrl-C.
pub(in crate::bench) async fn play(args: &Args) -> Result<Report, Error> {
    let place = Place::first(&args.targets, args.reconnect).await?;
    let numbers = (0..args.viewers).map(|viewer| args.stream(viewer));
    let run = Run {
        args,
        clock: Clock::new(),
        started: Instant::now(),
        audience: Arc::new(Mutex::new(Audience::new(numbers))),
    };
    let _players = run.join(&place);
    let mut progress = Progress::new(args.joined() + args.duration);
    let joined = tokio::select! {
        joined = run.watch(&mut progress) => joined,
        _ = tokio::signal::ctrl_c() => run.snapshot(),
    };
    Ok(run.report(&joined))
}

impl Args {
    /// The number of the stream that a viewer watches.
    fn stream(&self, viewer: u32) -> u32 {
        self.first.saturating_add(viewer % self.streams)
    }

    /// When a viewer begins to connect, from the start on.
    fn joins(&self, viewer: u32) -> Duration {
        Duration::from_secs_f64(f64::from(viewer) / self.join_rate)
    }

    /// When all viewers have begun to connect.
    fn joined(&self) -> Duration {
        self.joins(self.viewers)
    }

    /// A pause before input is looked for, 5 µs a viewer and at most 1 ms: the more viewers there are the more it
    /// saves. Times are that much too long at most.
    fn gather(&self) -> Duration {
        Duration::from_micros(u64::from(self.viewers) * 5).min(MAX_GATHER)
    }
}

/// The run of a command.
struct Run<'a> {
    args: &'a Args,
    clock: Clock,
    started: Instant,
    audience: Arc<Mutex<Audience>>,
}

/// What had been used up at some time.
struct Snapshot {
    elapsed: Duration,
    bytes: u64,
    cpu: Duration,
}

impl Run<'_> {
    /// Lets the viewers join, one after another.
    fn join(&self, place: &Place) -> JoinSet<()> {
        let mut players = JoinSet::new();
        for (viewer, index) in (0..self.args.viewers).zip(0..) {
            let player = Player {
                index,
                stream: self.args.stream(viewer),
                place: place.clone(),
                clock: self.clock,
                audience: Arc::clone(&self.audience),
            };
            let (audience, clock) = (Arc::clone(&self.audience), self.clock);
            let start = self.started + self.args.joins(viewer);
            players.spawn(async move {
                sleep_until(start).await;
                let Err(lost) = player.watch().await;
                lock(&audience).lose(index, &lost, clock.now());
            });
        }
        players
    }

    /// Watches to the end, and returns what had been used up when all viewers had joined.
    async fn watch(&self, progress: &mut Progress) -> Snapshot {
        self.watch_until(self.args.joined(), progress).await;
        let joined = self.snapshot();
        let end = self.args.joined() + self.args.duration;
        self.watch_until(end, progress).await;
        joined
    }

    async fn watch_until(&self, end: Duration, progress: &mut Progress) {
        let mut elapsed = self.started.elapsed();
        while elapsed < end {
            sleep(INTERVAL.min(end - elapsed)).await;
            elapsed = self.started.elapsed();
            progress.show(elapsed, &self.state());
        }
    }

    fn state(&self) -> String {
        let (audience, viewers) = (lock(&self.audience), self.args.viewers);
        let counts = audience.counts();
        let (watching, lost) = (counts.watching, counts.lost);
        let disconnects = counts.disconnects();
        let rate = megabits_per_second(counts.bytes, self.started.elapsed());
        format!("{watching}/{viewers} watching, {rate:.0} Mb/s, {lost} frames lost, {disconnects} disconnects")
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot { elapsed: self.started.elapsed(), bytes: lock(&self.audience).counts().bytes, cpu: host::cpu_time() }
    }

    fn report(&self, joined: &Snapshot) -> Report {
        let end = self.snapshot();
        let steady = end.elapsed - joined.elapsed;
        let audience = lock(&self.audience);
        let mut report = Report {
            url: target::urls(&self.args.targets),
            viewers: self.args.viewers,
            streams: self.args.streams,
            longest_pause_ms: audience.longest_pauses(self.clock.now()).percentiles(),
            elapsed_seconds: seconds(end.elapsed),
            steady_seconds: seconds(steady),
            steady_megabits_per_second: megabits_per_second(end.bytes - joined.bytes, steady),
            steady_bench_cpu_seconds: seconds(end.cpu - joined.cpu),
            bench_cpu_seconds: seconds(end.cpu),
            ..Report::of(audience.counts())
        };
        report.bounds_broken = self.args.bounds.broken(&report);
        report
    }
}

/// What latencies may be off by.
const MAX_GATHER: Duration = Duration::from_millis(1);
