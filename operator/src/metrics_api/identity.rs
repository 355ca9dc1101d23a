//! Who asks. The API server shows a certificate of its own and says in headers for whom it asks; whom it may be is in a
//! ConfigMap that it keeps.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client};
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_parser::parse_x509_certificate;

use super::escape;

/// Whom the API server may be, as it was told last.
#[derive(Debug, Clone, Default)]
pub struct Front {
    known: Arc<Mutex<Option<Known>>>,
}

#[derive(Debug, Clone)]
struct Known {
    verifier: Arc<dyn ClientCertVerifier>,
    /// Those that its certificate may name; none: all.
    names: Vec<String>,
}

/// For whom the API server asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct User {
    /// The name.
    pub name: String,
    /// Its groups.
    pub groups: Vec<String>,
    /// What else is known, by name.
    pub extra: Vec<(String, Vec<String>)>,
}

/// Why a request is of nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// The ConfigMap was not read yet, or is of no use.
    #[error("it is not known yet who may ask")]
    NotReady,
    /// There is no certificate.
    #[error("no certificate is shown")]
    NoCertificate,
    /// It is signed by somebody else, or out of date.
    #[error("the certificate is not valid: {0}")]
    NotValid(String),
    /// It names somebody else.
    #[error("{0:?} may not ask for others")]
    NotAllowed(String),
    /// It does not say for whom it asks.
    #[error("no user is named")]
    NoUser,
}

impl Front {
    /// Keeps it up to date. Never ends.
    pub async fn follow(self, client: Client) {
        let api = Api::<ConfigMap>::namespaced(client, NAMESPACE);
        let config = watcher::Config::default().fields(&format!("metadata.name={CONFIG_MAP}"));
        let mut events = watcher(api, config).default_backoff().boxed();
        while let Some(event) = events.next().await {
            match event {
                Ok(Event::Apply(map) | Event::InitApply(map)) => self.learn(&map),
                // The last word stays in force.
                Ok(Event::Delete(_) | Event::Init | Event::InitDone) => {}
                Err(error) => tracing::warn!(%error, "who may ask for metrics is not watched; it is tried again"),
            }
        }
    }

    fn learn(&self, map: &ConfigMap) {
        match Known::of(map) {
            Some(known) => *self.known() = Some(known),
            None => tracing::warn!(name = CONFIG_MAP, "it does not say who may ask for metrics"),
        }
    }

    /// Who asks with these certificates and headers.
    pub fn identify(&self, chain: &[CertificateDer<'_>], headers: &HeaderMap, now: UnixTime) -> Result<User, Unknown> {
        let known = self.known().clone().ok_or(Unknown::NotReady)?;
        let (own, others) = chain.split_first().ok_or(Unknown::NoCertificate)?;
        let verified = known.verifier.verify_client_cert(own, others, now);
        verified.map_err(|error| Unknown::NotValid(error.to_string()))?;
        let name = common_name(own).unwrap_or_default();
        if !known.names.is_empty() && !known.names.contains(&name) {
            return Err(Unknown::NotAllowed(name));
        }
        User::of(headers).ok_or(Unknown::NoUser)
    }

    fn known(&self) -> MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn of(map: &ConfigMap) -> Option<Self> {
        let texts = map.data.as_ref()?;
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(texts.get("requestheader-client-ca-file")?.as_bytes()) {
            roots.add(root.ok()?).ok()?;
        }
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().ok()?;
        let names = texts.get("requestheader-allowed-names").map_or("[]", String::as_str);
        Some(Self { verifier, names: serde_json::from_str(names).ok()? })
    }
}

impl User {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let all = |name: &str| -> Vec<_> {
            let values = headers.get_all(name).iter();
            values.filter_map(|value| value.to_str().ok().map(str::to_owned)).collect()
        };
        let name = all("x-remote-user").into_iter().next().filter(|name| !name.is_empty())?;
        let extra = headers.keys().filter_map(|key| key.as_str().strip_prefix("x-remote-extra-"));
        let extra = extra
            .map(|key| (escape::read(key).unwrap_or_else(|| key.to_owned()), all(&format!("x-remote-extra-{key}"))))
            .collect();
        Some(Self { name, groups: all("x-remote-group"), extra })
    }
}

fn common_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, certificate) = parse_x509_certificate(certificate).ok()?;
    let name = certificate.subject().iter_common_name().next()?;
    name.as_str().ok().map(str::to_owned)
}

const NAMESPACE: &str = "kube-system";

const CONFIG_MAP: &str = "extension-apiserver-authentication";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_is_who_the_headers_name() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-remote-user", "jane"),
            ("x-remote-group", "a"),
            ("x-remote-group", "b"),
            ("x-remote-extra-example.com%2fscopes", "read"),
        ] {
            headers.append(name, value.parse().expect("a header"));
        }

        let user = User::of(&headers).expect("a user");

        assert_eq!((user.name.as_str(), user.groups), ("jane", vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(user.extra, [("example.com/scopes".to_owned(), vec!["read".to_owned()])]);
        assert_eq!(User::of(&HeaderMap::new()), None);
    }

    #[test]
    fn nobody_is_known_before_the_api_server_was_asked() {
        let known = Front::default().identify(&[], &HeaderMap::new(), UnixTime::now());

        assert_eq!(known, Err(Unknown::NotReady));
    }
}
