//! Changing a cluster as a person does: with the commands of its binary.

use std::net::SocketAddr;

use livecluster_mrtmp::route::{Document, Key, Table};
use serde_json::Value;
use tokio::process::Command;

use super::{Cluster, LIMIT, Part, binary, within};

impl Cluster {
    /// Runs a command of the binary for this cluster and returns what it says. Panics if it fails.
    pub async fn change(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().await.expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        said.trim_end().to_owned()
    }

    /// The parts and where streams are, as `livecluster status` tells it.
    pub async fn status(&self) -> Value {
        let said = self.change(&["status", "--json"]).await;
        serde_json::from_str(&said).expect("JSON")
    }

    /// The states of the origins in the route document, by their names.
    pub async fn states(&self) -> Vec<(String, String)> {
        let status = self.status().await;
        let text = |value: &Value| value.as_str().unwrap_or("absent").to_owned();
        let origins = status["origins"].as_array().expect("a list").iter();
        origins.map(|origin| (text(&origin["name"]), text(&origin["state"]))).collect()
    }

    /// The origin that has a stream, by the lists of the origins.
    pub async fn origin_of(&self, key: &str) -> Option<String> {
        self.status().await["streams"][key].as_str().map(str::to_owned)
    }

    /// Waits until an origin has told whoever decides that it has a stream. Its viewers may know sooner.
    pub async fn until_listed(&self, key: &str, origin: &Part) {
        within(LIMIT, "the stream is listed", async || {
            (self.origin_of(key).await.as_deref() == Some(&*origin.name)).then_some(())
        })
        .await;
    }

    /// The name of a stream of application `live` that belongs to this origin unless an entry says otherwise.
    pub fn name_at(&self, origin: &Part) -> String {
        let table = Table::from(Document::parse(&self.read_routes()).expect("valid"));
        let belongs = |name: &String| {
            let owner = table.route(&Key::of("live", name).expect("valid"));
            owner.is_some_and(|owner| *owner.name == *origin.name)
        };
        (0..).map(|index| format!("s{index}")).find(belongs).expect("one of many")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary::livecluster());
        command.args(arguments).env("LIVECLUSTER_ADMIN", self.admin.to_string());
        command
    }
}

/// Where a cluster says that it can be changed.
pub(super) fn address(report: &Value) -> SocketAddr {
    let address = report["admin"].as_str().and_then(|text| text.parse().ok());
    address.expect("an address")
}
