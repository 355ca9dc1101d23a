//! The settings of an origin: each a flag and an environment variable.

use std::sync::Arc;
use std::time::Duration;

use livecluster_mrtmp::id::Name;
use livecluster_rtmp::broadcast::{Budget, Limits};

use crate::core;

/// Settings of an origin.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    /// What every role has.
    #[command(flatten)]
    pub node: livecluster_node::Args,
    /// Seconds for which a publication is kept while its publisher's edge can't be heard (1 to 3600).
    #[arg(long, env = "LIVECLUSTER_HOLD_SECONDS", value_name = "S", default_value_t = 120,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub hold_seconds: u64,
    /// How long new publishes of a stream wait for publishers that resume, after a start or when the stream was another
    /// origin's, in ms (0 to 60000).
    #[arg(long, env = "LIVECLUSTER_ADOPTION_MS", value_name = "MS", default_value_t = 2000,
          value_parser = clap::value_parser!(u64).range(..=60_000))]
    pub adoption_ms: u64,
    /// Seconds from the signal that asks this process to end until it has to have ended (0 to 86400). It serves on until
    /// its streams are elsewhere, or 5 seconds are left.
    #[arg(long, env = "LIVECLUSTER_GRACE_SECONDS", value_name = "S", default_value_t = 60,
          value_parser = clap::value_parser!(u64).range(..=86_400))]
    pub grace_seconds: u64,
    /// Bytes that the log of one stream keeps (64 KiB to 1 GiB).
    #[arg(long, env = "LIVECLUSTER_LOG_BYTES", value_name = "BYTES", default_value_t = 32 << 20,
          value_parser = clap::value_parser!(u32).range(65_536..=1_073_741_824))]
    pub log_bytes: u32,
    /// Seconds that a message stays in the log for edges that lag (1 to 120).
    #[arg(long, env = "LIVECLUSTER_LOG_SECONDS", value_name = "S", default_value_t = 8,
          value_parser = clap::value_parser!(u64).range(1..=120))]
    pub log_seconds: u64,
    /// Bytes that all logs keep together (1 MiB to 1 TiB), most of the memory of this process. From three quarters of it on,
    /// logs keep 2 seconds and the newest keyframe with what follows it; from seven eighths on, publishes of other streams
    /// are refused. What a publisher's edge keeps is kept here too: that edge's own limit bounds it. 1 GiB is 8 seconds of
    /// 700 streams at 1.5 Mb/s, or 2 seconds of 2800.
    #[arg(long, env = "LIVECLUSTER_MAX_LOG_BYTES", value_name = "BYTES", default_value_t = 1 << 30,
          value_parser = clap::value_parser!(u64).range(1 << 20..=1 << 40))]
    pub max_log_bytes: u64,
    /// Links up at a time (1 to 65536); more are closed at once.
    #[arg(long, env = "LIVECLUSTER_MAX_LINKS", value_name = "N", default_value_t = 1024,
          value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub max_links: u32,
    /// Connections in their handshake at a time (1 to 4096); more wait to be accepted.
    #[arg(long, env = "LIVECLUSTER_MAX_HANDSHAKES", value_name = "N", default_value_t = 64,
          value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub max_handshakes: u16,
    /// Control frames that may wait for a peer that does not read them (1024 to 16777216); with more its link is closed.
    #[arg(long, env = "LIVECLUSTER_MAX_QUEUED_FRAMES", value_name = "N", default_value_t = 65_536,
          value_parser = clap::value_parser!(u32).range(1024..=16_777_216))]
    pub max_queued_frames: u32,
    /// Streams that have metrics of their own (0 to 10000): each is a label, and so costs whoever stores them.
    #[arg(long, env = "LIVECLUSTER_STREAM_METRICS", value_name = "N", default_value_t = 0,
          value_parser = clap::value_parser!(u16).range(..=10_000))]
    pub stream_metrics: u16,
}

impl Config {
    pub(crate) fn budget(&self) -> Arc<Budget> {
        Arc::new(Budget::new(usize::try_from(self.max_log_bytes).unwrap_or(usize::MAX)))
    }

    pub(crate) fn core(&self, name: Name, shared: &Arc<Budget>) -> core::Config {
        core::Config {
            name,
            hold: Duration::from_secs(self.hold_seconds),
            adoption: Duration::from_millis(self.adoption_ms),
            log: Limits {
                bytes: usize::try_from(self.log_bytes).unwrap_or(usize::MAX),
                age: Duration::from_secs(self.log_seconds),
                shared: Some(Arc::clone(shared)),
            },
        }
    }
}
