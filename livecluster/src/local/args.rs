//! The flags of `livecluster local`.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;

use anyhow::Context;
use clap::value_parser;

/// A whole cluster on this machine.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Origins, 1 to 64
    #[arg(long, env = "LIVECLUSTER_ORIGINS", default_value_t = 2, value_name = "N", value_parser = value_parser!(u16).range(1..=64))]
    pub origins: u16,
    /// Edges, 1 to 64
    #[arg(long, env = "LIVECLUSTER_EDGES", default_value_t = 2, value_name = "N", value_parser = value_parser!(u16).range(1..=64))]
    pub edges: u16,
    /// Where the first edge takes RTMP clients; the others take the ports above. Port 0: free ports
    #[arg(long, env = "LIVECLUSTER_RTMP_LISTEN", default_value = "127.0.0.1:1935", value_name = "ADDRESS")]
    pub rtmp_listen: SocketAddr,
    /// Where the first edge serves metrics, health and status; the other edges and then the origins take the ports
    /// above. Port 0: free ports
    #[arg(long, env = "LIVECLUSTER_HTTP_LISTEN", default_value = "127.0.0.1:8935", value_name = "ADDRESS")]
    pub http_listen: SocketAddr,
    /// Where `livecluster status`, `move`, `scale`, `drain` and `restart` reach this cluster: an address of this machine
    /// alone. Without it: 127.0.0.1:8934, or a free port if --http-listen has port 0
    #[arg(long, env = "LIVECLUSTER_ADMIN_LISTEN", value_name = "ADDRESS", value_parser = loopback)]
    pub admin_listen: Option<SocketAddr>,
    /// Print what runs as one JSON line, for programs
    #[arg(long)]
    pub json: bool,
    /// Where to keep the route document and the secret. Without it: a fresh temporary directory, removed at the end
    #[arg(long, env = "LIVECLUSTER_DIR", value_name = "PATH")]
    pub dir: Option<PathBuf>,
    /// The file with the cluster's secret. Without it: one is made
    #[arg(long, env = "LIVECLUSTER_SECRET_FILE", value_name = "PATH")]
    pub secret_file: Option<PathBuf>,
    /// How long an edge may gather what it writes to a viewer, in milliseconds. Without it: the default of the edge
    #[arg(long, env = "LIVECLUSTER_LATENCY_MS", value_name = "MS")]
    pub latency_ms: Option<u64>,
    /// How long clients are held while their origin or their publisher is away, in seconds. Without it: the default of
    /// edge and origin
    #[arg(long, env = "LIVECLUSTER_HOLD_SECONDS", value_name = "SECONDS")]
    pub hold_seconds: Option<u64>,
    /// One more argument for every edge; may be repeated. For all of them: livecluster edge --help
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    pub edge_arg: Vec<OsString>,
    /// One more argument for every origin; may be repeated. For all of them: livecluster origin --help
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    pub origin_arg: Vec<OsString>,
    /// Let links from edges to origins go through this process, so that POST /cut can cut them: for drills and tests
    #[arg(long, hide = true)]
    pub relay_links: bool,
    /// End when the process that started this one ends; it must hold the other end of stdin
    #[arg(long, hide = true)]
    pub exit_with_parent: bool,
}

impl Args {
    /// Where edge number `index` takes clients.
    pub fn edge_rtmp(&self, index: u16) -> anyhow::Result<SocketAddr> {
        above(self.rtmp_listen, index).context("--rtmp-listen")
    }

    /// Where edge number `index` serves HTTP. The ports above belong to origins: an edge that comes later takes a free one.
    pub fn edge_http(&self, index: u16) -> anyhow::Result<SocketAddr> {
        self.http(index, index < self.edges)
    }

    /// Where origin number `index` serves HTTP.
    pub fn origin_http(&self, index: u16) -> anyhow::Result<SocketAddr> {
        self.http(self.edges.saturating_add(index), index < self.origins)
    }

    /// Where requests to change the cluster come.
    pub fn admin(&self) -> SocketAddr {
        let port = if self.http_listen.port() == 0 { 0 } else { ADMIN.port() };
        self.admin_listen.unwrap_or(SocketAddr::new(ADMIN.ip(), port))
    }

    fn http(&self, index: u16, is_first: bool) -> anyhow::Result<SocketAddr> {
        let free = SocketAddr::new(self.http_listen.ip(), 0);
        if is_first { above(self.http_listen, index).context("--http-listen") } else { Ok(free) }
    }

    /// Whether all addresses can be had, so that a taken one is told before anything runs.
    pub fn check_addresses(&self) -> anyhow::Result<()> {
        for index in 0..self.edges {
            check(self.edge_rtmp(index)?).context("--rtmp-listen")?;
            check(self.edge_http(index)?).context("--http-listen")?;
        }
        for index in 0..self.origins {
            check(self.origin_http(index)?).context("--http-listen")?;
        }
        check(self.admin()).context("--admin-listen")
    }
}

/// The address `index` ports above; port 0 is free whatever the index.
fn above(mut first: SocketAddr, index: u16) -> anyhow::Result<SocketAddr> {
    if first.port() != 0 {
        let port = first.port().checked_add(index);
        first.set_port(port.with_context(|| format!("no {index} ports above {first}"))?);
    }
    Ok(first)
}

/// An address that other machines can't reach.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|error| format!("{error}"))?;
    if address.ip().is_loopback() { Ok(address) } else { Err("not an address of this machine alone".to_owned()) }
}

/// Where a cluster can be changed, unless told otherwise.
pub const ADMIN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8934);

fn check(address: SocketAddr) -> anyhow::Result<()> {
    TcpListener::bind(address).with_context(|| format!("can't listen on {address}"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn parts_take_the_ports_above_the_first() {
        assert_eq!(above(address("127.0.0.1:1935"), 2).expect("a port"), address("127.0.0.1:1937"));
        assert_eq!(above(address("[::1]:0"), 2).expect("a port"), address("[::1]:0"));
    }

    #[test]
    fn there_is_no_port_above_the_last() {
        let error = above(address("127.0.0.1:65535"), 1).expect_err("no such port").to_string();

        assert_eq!(error, "no 1 ports above 127.0.0.1:65535");
    }

    #[test]
    fn address_that_others_reach_is_refused() {
        assert_eq!(loopback("[::1]:0").expect("an address"), address("[::1]:0"));
        assert_eq!(loopback("0.0.0.0:8934").expect_err("not loopback"), "not an address of this machine alone");
    }

    #[test]
    fn taken_address_is_told() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");

        let error = check(taken.local_addr().expect("an address")).expect_err("taken").to_string();

        assert!(error.starts_with("can't listen on 127.0.0.1:"), "{error}");
    }
}
