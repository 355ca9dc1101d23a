//! The settings of an edge: each a flag and an environment variable.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use livecluster_node::Args;
use livecluster_rtmp::broadcast::{Budget, Limits};
use livecluster_rtmp::session;

/// Settings of an edge.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    /// What every role has.
    #[command(flatten)]
    pub node: Args,
    /// Where clients connect; port 0 takes a free one.
    #[arg(long, env = "LIVECLUSTER_RTMP_LISTEN", value_name = "ADDRESS", default_value = "0.0.0.0:1935")]
    pub rtmp_listen: SocketAddr,
    /// How long messages are gathered before they are written to viewers, in ms (0 to 1000). 0: each at once. 40 halves
    /// the cost of 0 and no one sees it; 350 is for sites that only watch.
    #[arg(long, env = "LIVECLUSTER_LATENCY_MS", value_name = "MS", default_value_t = 40,
          value_parser = clap::value_parser!(u64).range(0..=1000))]
    pub latency_ms: u64,
    /// Threads that serve clients (1 to 256); by default one a core.
    #[arg(long, env = "LIVECLUSTER_WORKERS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: Option<u16>,
    /// Clients connected at a time (1 to 1000000); more are closed at once.
    #[arg(long, env = "LIVECLUSTER_MAX_CONNECTIONS", value_name = "N", default_value_t = 10_000,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub max_connections: u64,
    /// Message streams of one connection at a time (1 to 64).
    #[arg(long, env = "LIVECLUSTER_MAX_STREAMS_PER_CONNECTION", value_name = "N", default_value_t = 8,
          value_parser = clap::value_parser!(u16).range(1..=64))]
    pub max_streams_per_connection: u16,
    /// Bytes of one message of a client (1 KiB to 16 MiB - 1).
    #[arg(long, env = "LIVECLUSTER_MAX_MESSAGE_BYTES", value_name = "BYTES", default_value_t = 4 << 20,
          value_parser = clap::value_parser!(u32).range(1024..=0xFF_FFFF))]
    pub max_message_bytes: u32,
    /// Messages of media that a client may send in a second (100 to 1000000); those in an aggregate count one by one.
    #[arg(long, env = "LIVECLUSTER_MAX_MESSAGES_PER_SECOND", value_name = "N", default_value_t = 5000,
          value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub max_messages_per_second: u32,
    /// Seconds from the start of a connection to the end of the handshake (1 to 60).
    #[arg(long, env = "LIVECLUSTER_HANDSHAKE_SECONDS", value_name = "S", default_value_t = 5,
          value_parser = clap::value_parser!(u64).range(1..=60))]
    pub handshake_seconds: u64,
    /// Seconds from there to connect (1 to 60).
    #[arg(long, env = "LIVECLUSTER_CONNECT_SECONDS", value_name = "S", default_value_t = 10,
          value_parser = clap::value_parser!(u64).range(1..=60))]
    pub connect_seconds: u64,
    /// Seconds that a client may be connected without publishing or playing (1 to 3600).
    #[arg(long, env = "LIVECLUSTER_IDLE_SECONDS", value_name = "S", default_value_t = 30,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub idle_seconds: u64,
    /// Seconds that a publisher may send nothing (1 to 3600).
    #[arg(long, env = "LIVECLUSTER_IDLE_PUBLISHER_SECONDS", value_name = "S", default_value_t = 60,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub idle_publisher_seconds: u64,
    /// Seconds that a viewer may read nothing before it is closed (1 to 3600).
    #[arg(long, env = "LIVECLUSTER_STALL_SECONDS", value_name = "S", default_value_t = 30,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub stall_seconds: u64,
    /// The largest send buffer of a viewer's socket in bytes (16 KiB to 16 MiB); it is set to two seconds of the stream.
    #[arg(long, env = "LIVECLUSTER_SEND_BUFFER_BYTES", value_name = "BYTES", default_value_t = 1 << 20,
          value_parser = clap::value_parser!(u32).range(16_384..=16_777_216))]
    pub send_buffer_bytes: u32,
    /// Seconds that clients are held while no origin answers for their stream (1 to 3600).
    #[arg(long, env = "LIVECLUSTER_HOLD_SECONDS", value_name = "S", default_value_t = 120,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub hold_seconds: u64,
    /// Bytes that the log of one stream keeps (64 KiB to 1 GiB).
    #[arg(long, env = "LIVECLUSTER_LOG_BYTES", value_name = "BYTES", default_value_t = 32 << 20,
          value_parser = clap::value_parser!(u32).range(65_536..=1_073_741_824))]
    pub log_bytes: u32,
    /// Seconds that a message stays in the log for viewers that lag (1 to 120).
    #[arg(long, env = "LIVECLUSTER_LOG_SECONDS", value_name = "S", default_value_t = 8,
          value_parser = clap::value_parser!(u64).range(1..=120))]
    pub log_seconds: u64,
    /// Bytes that all logs keep together (1 MiB to 1 TiB), most of the memory of this process. From three quarters of it on,
    /// logs keep 2 seconds and the newest keyframe with what follows it; from seven eighths on, publishes and plays of
    /// other streams are refused; at all of it each log has an equal share, and publishers whose streams need more, since
    /// their origin is away, are slowed. 1 GiB is 8 seconds of 700 streams at 1.5 Mb/s, or half a minute of 190 without
    /// their origin, and leaves room for 10000 viewers on a machine with 2 GiB.
    #[arg(long, env = "LIVECLUSTER_MAX_LOG_BYTES", value_name = "BYTES", default_value_t = 1 << 30,
          value_parser = clap::value_parser!(u64).range(1 << 20..=1 << 40))]
    pub max_log_bytes: u64,
    /// After SIGTERM, seconds during which clients are still accepted, for load balancers that lag (0 to 600).
    #[arg(long, env = "LIVECLUSTER_DRAIN_ACCEPT_SECONDS", value_name = "S", default_value_t = 5,
          value_parser = clap::value_parser!(u64).range(0..=600))]
    pub drain_accept_seconds: u64,
    /// After that, seconds until the clients that are still there are closed (0 to 86400).
    #[arg(long, env = "LIVECLUSTER_DRAIN_SECONDS", value_name = "S", default_value_t = 300,
          value_parser = clap::value_parser!(u64).range(0..=86_400))]
    pub drain_seconds: u64,
}

impl Config {
    /// What all logs may keep together.
    pub fn budget(&self) -> Arc<Budget> {
        Arc::new(Budget::new(usize::try_from(self.max_log_bytes).unwrap_or(usize::MAX)))
    }

    /// What a log keeps.
    pub fn log(&self, shared: &Arc<Budget>) -> Limits {
        Limits {
            bytes: usize::try_from(self.log_bytes).unwrap_or(usize::MAX),
            age: Duration::from_secs(self.log_seconds),
            shared: Some(Arc::clone(shared)),
        }
    }

    /// What a session allows.
    pub fn session(&self) -> session::Config {
        session::Config {
            message: usize::try_from(self.max_message_bytes).unwrap_or(usize::MAX),
            media: self.max_messages_per_second,
            streams: self.max_streams_per_connection.into(),
            handshake_timeout: Duration::from_secs(self.handshake_seconds),
            connect_timeout: Duration::from_secs(self.connect_seconds),
            idle_timeout: Duration::from_secs(self.idle_seconds),
            ..session::Config::default()
        }
    }

    /// Threads that serve clients.
    pub fn worker_count(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.workers.map_or_else(cores, usize::from)
    }
}
