//! What `livecluster local` prints once all parts are ready: for people, or for programs.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde_json::{Value, json};

use super::args::ADMIN;
use super::ready::Ready;

/// What runs.
#[derive(Debug, Default)]
pub struct Report {
    /// The edges, with their process ids.
    pub edges: Vec<(u32, Ready)>,
    /// The origins, with their process ids.
    pub origins: Vec<(u32, Ready)>,
    /// Where the cluster can be changed.
    pub admin: Option<SocketAddr>,
}

impl Report {
    /// One JSON line.
    pub fn to_json(&self) -> String {
        let edge = |(pid, ready): &(u32, Ready)| json!({"name": ready.name, "pid": pid, "rtmp": ready.rtmp, "http": ready.http});
        let origin = |(pid, ready): &(u32, Ready)| json!({"name": ready.name, "pid": pid, "link": ready.link, "http": ready.http});
        let edges: Value = self.edges.iter().map(edge).collect();
        let origins: Value = self.origins.iter().map(origin).collect();
        json!({"edges": edges, "origins": origins, "admin": self.admin}).to_string()
    }

    /// A few lines, ready to paste.
    pub fn to_text(&self) -> String {
        let mut lines = vec![String::new()];
        lines.extend(self.origins.iter().map(origin_line));
        lines.extend(self.edges.iter().map(edge_line));
        lines.push(String::new());
        lines.push(format!("Publish:  {PUBLISH} {}", self.url(self.edges.first())));
        lines.push(format!("Watch:    ffplay {}", self.url(self.edges.last())));
        lines.extend(self.admin.map(|admin| format!("Change:   {}", change(admin))));
        lines.push("Stop:     Ctrl-C".to_owned());
        lines.join("\n")
    }

    fn url(&self, edge: Option<&(u32, Ready)>) -> String {
        let address = edge.and_then(|(_, ready)| ready.rtmp).map(reachable);
        address.map(|address| format!("rtmp://{address}/live/alice")).unwrap_or_default()
    }
}

fn change(admin: SocketAddr) -> String {
    let at = if admin == ADMIN { String::new() } else { format!(" --admin {admin}") };
    format!("livecluster status{at}    and likewise: move, scale, drain, restart")
}

fn origin_line((pid, ready): &(u32, Ready)) -> String {
    let Ready { name, link, http, .. } = ready;
    format!("{name:<10} pid {pid:<8} link {link:<22} http://{http}")
}

fn edge_line((pid, ready): &(u32, Ready)) -> String {
    let Ready { name, rtmp, http, .. } = ready;
    let rtmp = rtmp.map(|address| address.to_string()).unwrap_or_default();
    format!("{name:<10} pid {pid:<8} rtmp {rtmp:<22} http://{http}")
}

/// An address that listens on all interfaces is reached on this machine's own.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        return SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port());
    }
    address
}

const PUBLISH: &str = "ffmpeg -re -f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=frequency=440 \
    -c:v libx264 -preset veryfast -tune zerolatency -g 60 -pix_fmt yuv420p -c:a aac -f flv";

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let ready = |name: &str, rtmp: Option<&str>| Ready {
            name: name.to_owned(),
            rtmp: rtmp.map(|address| address.parse().expect("an address")),
            link: "127.0.0.1:4000".parse().expect("an address"),
            http: "127.0.0.1:4001".parse().expect("an address"),
        };
        Report {
            edges: vec![(7, ready("edge-0", Some("0.0.0.0:1935"))), (8, ready("edge-1", Some("127.0.0.1:1936")))],
            origins: vec![(9, ready("origin-0", None))],
            admin: "127.0.0.1:4002".parse().ok(),
        }
    }

    #[test]
    fn programs_get_names_process_ids_and_addresses() {
        let json: Value = serde_json::from_str(&report().to_json()).expect("valid");

        assert_eq!(
            json["edges"][1],
            json!({"name": "edge-1", "pid": 8, "rtmp": "127.0.0.1:1936", "http": "127.0.0.1:4001"})
        );
        assert_eq!(
            json["origins"][0],
            json!({"name": "origin-0", "pid": 9, "link": "127.0.0.1:4000", "http": "127.0.0.1:4001"})
        );
    }

    #[test]
    fn whoever_wants_to_change_the_cluster_is_told_where() {
        let json: Value = serde_json::from_str(&report().to_json()).expect("valid");

        assert_eq!(json["admin"], "127.0.0.1:4002");
        assert!(report().to_text().contains("livecluster status --admin 127.0.0.1:4002 "));
    }

    #[test]
    fn people_get_lines_to_paste() {
        let text = report().to_text();

        assert!(text.contains("-f flv rtmp://127.0.0.1:1935/live/alice"), "{text}");
        assert!(text.contains("ffplay rtmp://127.0.0.1:1936/live/alice"), "{text}");
    }
}
