//! How the parts of a cluster know each other.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// How edges, origins and the operator know each other.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// A Secret in this namespace whose key `secret` holds what all parts of the cluster share, at least 16 bytes. While it is
    /// being rotated: the new one in the first line, the old one in the second. Without it, the operator makes one,
    /// `<cluster>-link`. It can't be changed later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$')").message("link.secretName has to be the name of a Secret"))]
    pub secret_name: Option<String>,
}
