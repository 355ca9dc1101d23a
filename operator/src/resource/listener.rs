//! Where clients connect.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where clients connect.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Listener {
    /// Its name, unique among the listeners. The Services' ports have it too.
    #[schemars(length(min = 1, max = 15))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z0-9]+(-[a-z0-9]+)*$') && self.matches('[a-z]')").message("a listener's name has to be lower-case letters, digits and single hyphens between them, with at least one letter"))]
    pub name: String,

    /// What clients speak there: `Rtmp`.
    pub protocol: Protocol,

    /// The port to which clients connect, 1 to 65535.
    #[serde(default = "default_port")]
    #[schemars(range(min = 1, max = 65_535))]
    pub port: i32,
}

/// What clients speak.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// RTMP over TCP.
    Rtmp,
}

impl Default for Listener {
    fn default() -> Self {
        Self { name: "rtmp".to_owned(), protocol: Protocol::Rtmp, port: default_port() }
    }
}

fn default_port() -> i32 {
    1935
}
