//! Which applications exist.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which applications exist.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApplicationPolicy {
    /// Every name.
    #[default]
    Open,
    /// Those that are listed.
    Listed,
}

/// An application: clients reach it at `rtmp://<address>/<name>`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    /// Its name: the first part of the address of its streams. Its instances (`<name>/<instance>`) are not restricted.
    #[schemars(length(min = 1, max = 128))]
    #[x_kube(validation = Rule::new("self.matches('^[^/?\\\\x00-\\\\x1f\\\\x7f]+$')").message("an application's name can't hold a slash, a question mark or control characters"))]
    pub name: String,
}
