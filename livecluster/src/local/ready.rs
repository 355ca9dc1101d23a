//! The one line that a part writes to stdout: where it can be reached.

use std::net::SocketAddr;

use serde::Deserialize;

/// The addresses that a part has bound.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ready {
    /// The part's name.
    pub name: String,
    /// Where clients come; only at edges.
    pub rtmp: Option<SocketAddr>,
    /// Where links come.
    pub link: SocketAddr,
    /// Where metrics, health and status are.
    pub http: SocketAddr,
}

impl Ready {
    /// Reads the line.
    pub fn parse(line: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(line)
    }

    /// The flags with which the part binds the same addresses again.
    pub fn flags(&self) -> Vec<String> {
        let rtmp = self.rtmp.map(|address| ("--rtmp-listen", address));
        let addresses = [("--link-listen", self.link), ("--http-listen", self.http)];
        let all = rtmp.into_iter().chain(addresses);
        all.flat_map(|(flag, address)| [flag.to_owned(), address.to_string()]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_is_started_again_at_the_addresses_that_it_had() {
        let line = r#"{"name":"edge-0","rtmp":"127.0.0.1:1935","link":"127.0.0.1:4000","http":"[::1]:80"}"#;

        let flags = Ready::parse(line).expect("valid").flags().join(" ");

        assert_eq!(flags, "--rtmp-listen 127.0.0.1:1935 --link-listen 127.0.0.1:4000 --http-listen [::1]:80");
    }

    #[test]
    fn origin_has_no_rtmp_address() {
        let line = r#"{"name":"origin-0","link":"127.0.0.1:4000","http":"127.0.0.1:80"}"#;

        assert_eq!(Ready::parse(line).expect("valid").rtmp, None);
    }
}
