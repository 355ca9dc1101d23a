//! The Secret that all parts of a cluster share.

use k8s_openapi::api::core::v1::Secret;

use super::LINK_KEY;
use super::names::{link, metadata};
use super::resolve::named_secret;
use crate::resource::LiveCluster;

/// The Secret that is made for a cluster that names none. It is made once, with random text: whoever rotates it writes the
/// new one in front of it.
pub fn secret(cluster: &LiveCluster, text: String) -> Option<Secret> {
    let made = || Secret {
        metadata: metadata(cluster, link(cluster), None),
        string_data: Some([(LINK_KEY.to_owned(), text)].into()),
        ..Secret::default()
    };
    named_secret(cluster).is_none().then(made)
}
