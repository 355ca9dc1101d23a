//! The Secret that all parts of a cluster share.

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::PostParams;
use kube::{Api, ResourceExt};
use livecluster_mrtmp::link::{MAX_SECRETS, Secrets};
use sha2::{Digest, Sha256};

use super::error::Error;
use crate::desire::{LINK_KEY, link_secret};
use crate::resource::LiveCluster;

/// What the Secret holds.
#[derive(Debug, Clone)]
pub struct Link {
    /// A digest of it: pods are replaced when it changes.
    pub checksum: String,
    /// One a line, the newest first.
    pub secrets: Vec<Vec<u8>>,
}

impl Link {
    /// Understands a Secret.
    pub fn of(secret: &Secret) -> Result<Self, Error> {
        let name = secret.name_any();
        let unusable = |why: String| Error::SecretUnusable { name: name.clone(), why };
        let value = secret.data.as_ref().and_then(|data| data.get(LINK_KEY));
        let bytes = value.map(|value| value.0.as_slice());
        let bytes = bytes.ok_or_else(|| unusable(format!("it has no key \"{LINK_KEY}\"")))?;
        let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
        let secrets: Vec<_> = lines.map(<[u8]>::to_vec).collect();
        Secrets::new(secrets.clone()).map_err(|error| unusable(error.to_string()))?;
        Ok(Self { checksum: hex(&Sha256::digest(bytes)), secrets })
    }

    /// These, and those before them: a part that has not read the new ones yet is linked by an old one.
    pub fn with(&self, old: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let old = old.iter().filter(|old| !self.secrets.contains(old));
        self.secrets.iter().chain(old).take(MAX_SECRETS).cloned().collect()
    }
}

/// Reads the Secret of this name; the one that nobody named is made if it is missing, by who `may_make` it.
pub(super) async fn read(api: &Api<Secret>, cluster: &LiveCluster, name: &str, may_make: bool) -> Result<Link, Error> {
    let shown = format!("Secret \"{name}\"");
    if let Some(secret) = api.get_opt(name).await.map_err(Error::api(shown.clone()))? {
        return Link::of(&secret);
    }
    let made = if may_make { link_secret(cluster, random()?) } else { None };
    let Some(secret) = made else { return Err(Error::SecretMissing(name.to_owned())) };
    let secret = api.create(&PostParams::default(), &with_bytes(secret)).await.map_err(Error::api(shown))?;
    Link::of(&secret)
}

/// As an API server keeps it.
fn with_bytes(mut secret: Secret) -> Secret {
    let text = secret.string_data.take().into_iter().flatten();
    let bytes = text.map(|(name, text)| (name, ByteString(text.into_bytes())));
    secret.data.get_or_insert_default().extend(bytes);
    secret
}

fn random() -> Result<String, Error> {
    Ok(hex(&crate::watch::random::<32>()?))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        let data = [(LINK_KEY.to_owned(), ByteString(text.as_bytes().to_vec()))];
        Secret { data: Some(data.into()), ..Secret::default() }
    }

    #[test]
    fn secrets_are_lines_and_old_ones_stay_behind_new_ones() {
        let new = Link::of(&secret("the new secret of all\nthe next secret of all\n")).expect("of use");
        let old = vec![b"the old secret of all".to_vec(), b"the next secret of all".to_vec()];

        assert_eq!(new.secrets, [b"the new secret of all".to_vec(), b"the next secret of all".to_vec()]);
        assert_eq!(new.with(&old).last(), Some(&old[0]));
        assert_eq!(new.with(&old).len(), 3);
    }

    #[test]
    fn checksum_changes_with_what_the_secret_holds() {
        let checksum = |text: &str| Link::of(&secret(text)).expect("of use").checksum;

        assert_eq!(checksum("the old secret of all"), checksum("the old secret of all"));
        assert_ne!(checksum("the old secret of all"), checksum("the new secret of all"));
    }

    #[test]
    fn secret_of_no_use_says_why() {
        let text = |secret: &Secret| Link::of(secret).expect_err("of no use").to_string();

        assert!(text(&Secret::default()).contains("no key \"secret\""));
        assert!(text(&secret("short")).contains("shorter than 16"));
    }
}
