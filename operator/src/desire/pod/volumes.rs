//! The files of a pod: the Secret of the link, the routes as they were when it started, a place for the last good ones, and
//! the token for the API.

use k8s_openapi::api::core::v1::{
    ConfigMapProjection, ConfigMapVolumeSource, DownwardAPIProjection, DownwardAPIVolumeFile, EmptyDirVolumeSource,
    KeyToPath, ObjectFieldSelector, ProjectedVolumeSource, SecretVolumeSource, ServiceAccountTokenProjection, Volume,
    VolumeMount, VolumeProjection,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::super::names::LINK_KEY;

/// What the parts of the cluster share.
pub(super) const SECRET_FILE: &str = "/etc/livecluster/link/secret";
/// The last good route document: it survives a restart of the container.
pub(super) const ROUTES_CACHE: &str = "/var/lib/livecluster/routes.json";
/// The route document as kubelet mounts it, for a start while the API is away.
pub(super) const ROUTES_FALLBACK: &str = "/etc/livecluster/routes/routes.json";

/// Whatever there is of the volumes is mounted read-only, but the place to write to.
pub(super) fn mounts() -> Vec<VolumeMount> {
    let read_only = [
        ("link", "/etc/livecluster/link"),
        ("routes", "/etc/livecluster/routes"),
        ("token", "/var/run/secrets/kubernetes.io/serviceaccount"),
    ];
    let mount = |(name, path): (&str, &str)| VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        ..VolumeMount::default()
    };
    let read_only = read_only.map(|place| VolumeMount { read_only: Some(true), ..mount(place) });
    read_only.into_iter().chain([mount(("state", "/var/lib/livecluster"))]).collect()
}

pub(super) fn volumes(routes: &str, secret: &str) -> Vec<Volume> {
    vec![link(secret), mounted_routes(routes), token(), state()]
}

fn link(secret: &str) -> Volume {
    let source = SecretVolumeSource {
        secret_name: Some(secret.to_owned()),
        items: Some(vec![key(LINK_KEY, "secret")]),
        ..SecretVolumeSource::default()
    };
    Volume { name: "link".to_owned(), secret: Some(source), ..Volume::default() }
}

fn key(key: &str, path: &str) -> KeyToPath {
    KeyToPath { key: key.to_owned(), path: path.to_owned(), ..KeyToPath::default() }
}

/// There may be none yet.
fn mounted_routes(routes: &str) -> Volume {
    let source =
        ConfigMapVolumeSource { name: routes.to_owned(), optional: Some(true), ..ConfigMapVolumeSource::default() };
    Volume { name: "routes".to_owned(), config_map: Some(source), ..Volume::default() }
}

/// As Kubernetes would mount it by itself.
fn token() -> Volume {
    let token = ServiceAccountTokenProjection {
        expiration_seconds: Some(3600),
        path: "token".to_owned(),
        ..ServiceAccountTokenProjection::default()
    };
    let authority = ConfigMapProjection {
        name: "kube-root-ca.crt".to_owned(),
        items: Some(vec![key("ca.crt", "ca.crt")]),
        optional: None,
    };
    let namespace = DownwardAPIVolumeFile {
        field_ref: Some(ObjectFieldSelector {
            api_version: Some("v1".to_owned()),
            field_path: "metadata.namespace".to_owned(),
        }),
        path: "namespace".to_owned(),
        ..DownwardAPIVolumeFile::default()
    };
    let sources = vec![
        VolumeProjection { service_account_token: Some(token), ..VolumeProjection::default() },
        VolumeProjection { config_map: Some(authority), ..VolumeProjection::default() },
        VolumeProjection {
            downward_api: Some(DownwardAPIProjection { items: Some(vec![namespace]) }),
            ..VolumeProjection::default()
        },
    ];
    let source = ProjectedVolumeSource { sources: Some(sources), ..ProjectedVolumeSource::default() };
    Volume { name: "token".to_owned(), projected: Some(source), ..Volume::default() }
}

/// One document and the one that replaces it.
fn state() -> Volume {
    let source =
        EmptyDirVolumeSource { size_limit: Some(Quantity("8Mi".to_owned())), ..EmptyDirVolumeSource::default() };
    Volume { name: "state".to_owned(), empty_dir: Some(source), ..Volume::default() }
}
