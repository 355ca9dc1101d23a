//! The flags of `livecluster drill`.

use std::time::Duration;

use anyhow::ensure;
use clap::value_parser;

use super::cluster::Setting;
use super::fault::{Fault, Scene};
use crate::bench;
use crate::bench::publish::Plan;
use crate::bench::units::{parse_bitrate, parse_duration};

/// What to do to what.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Origins, 2 to 63
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = value_parser!(u16).range(2..=63))]
    pub origins: u16,
    /// Edges, 2 to 64
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = value_parser!(u16).range(2..=64))]
    pub edges: u16,
    /// Encoders, each with a stream of its own, spread over the edges; 1 to 2000
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = value_parser!(u32).range(1..=2000))]
    pub publishers: u32,
    /// Viewers, spread over the streams and the edges; 1 to 20000
    #[arg(long, default_value_t = 500, value_name = "N", value_parser = value_parser!(u32).range(1..=20_000))]
    pub viewers: u32,
    /// Video of each encoder in bits a second, with unit k or M; 10k to 1G
    #[arg(long, default_value = "1M", value_name = "BITRATE", value_parser = parse_bitrate)]
    pub bitrate: u64,
    /// From one keyframe to the next, with unit ms, s or m; 100ms to 24h
    #[arg(long, default_value = "2s", value_name = "DURATION", value_parser = parse_duration)]
    pub gop: Duration,
    /// How long an edge may gather what it writes to a viewer, in milliseconds
    #[arg(long, default_value_t = 40, value_name = "MS", value_parser = value_parser!(u64).range(0..=1000))]
    pub latency_ms: u64,
    /// Which faults, separated by commas. Without it: all
    #[arg(long, value_name = "FAULT", value_delimiter = ',', value_enum)]
    pub only: Vec<Fault>,
    /// How often to do each fault, 1 to 10000
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = value_parser!(u32).range(1..=10_000))]
    pub faults_each: u32,
    /// What to begin with to make the same choices again. Without it: a random one, which is printed
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Take gaps up to this for no broken promise, whatever the fault: for machines that are busy with other things
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub gap_limit: Option<Duration>,
    /// Print the report as one JSON object. Numbers have their unit in the name; times are {p50, p90, p99, max} or null
    #[arg(long)]
    pub json: bool,
}

impl Args {
    /// The faults to do, in their order, each once: those asked for, or all that so many origins allow.
    pub fn faults(&self) -> Vec<Fault> {
        let is_wanted = |fault: &Fault| match self.only.is_empty() {
            true => fault.needs_origins() <= self.origins,
            false => self.only.contains(fault),
        };
        Fault::ALL.into_iter().filter(is_wanted).collect()
    }

    /// Refuses faults that so many origins do not allow.
    pub fn check(&self) -> anyhow::Result<()> {
        for fault in self.faults() {
            let needed = fault.needs_origins();
            ensure!(needed <= self.origins, "--only {}: it needs --origins {needed}", fault.name());
        }
        Ok(())
    }

    /// The cluster of a scene.
    pub fn setting(&self, scene: Scene) -> Setting {
        let origins = match scene {
            Scene::Alone => 1,
            Scene::Ordinary | Scene::Links | Scene::Thin | Scene::Moving => self.origins,
        };
        Setting { origins, edges: self.edges, latency_ms: self.latency_ms, relays_links: scene == Scene::Links }
    }

    /// What the encoders of a scene send.
    pub fn plans(&self, scene: Scene) -> Result<Vec<Plan>, bench::Error> {
        let plan = |gop| Plan::new(self.bitrate, FPS, gop, AUDIO);
        match scene {
            Scene::Thin => Ok(vec![plan(self.gop)?, plan(LONG_GOP)?]),
            Scene::Ordinary | Scene::Links | Scene::Alone | Scene::Moving => Ok(vec![plan(self.gop)?]),
        }
    }

    /// Bytes a second over a thin line: 1.2 times what a stream has.
    pub fn thin_rate(&self) -> u64 {
        (self.bitrate + AUDIO) * 6 / 5 / 8
    }
}

/// Pictures a second.
const FPS: u32 = 25;

/// Audio of each encoder in bits a second.
const AUDIO: u64 = 64_000;

/// What some encoders have from one keyframe to the next.
const LONG_GOP: Duration = Duration::from_secs(10);
