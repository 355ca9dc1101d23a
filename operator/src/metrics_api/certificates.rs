//! With what the API shows that it is ours: an authority and a certificate signed by it, in one Secret that all operators
//! share. The key of the authority is thrown away at once: it signs once.
//!
//! What is renewed takes effect in steps. First both authorities are in the bundle; the new certificate is shown when the API
//! server has had time to learn that; the old authority goes last.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::PostParams;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use time::OffsetDateTime;
use x509_parser::pem::parse_x509_pem;

/// What is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificates {
    current: Pair,
    /// What was current before, as long as it is stored.
    previous: Option<Pair>,
}

/// An authority, and what it signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The authority, as PEM.
    pub authority: String,
    /// What the API shows, as PEM.
    pub certificate: String,
    /// Its key, as PEM.
    pub key: String,
    /// When it was made.
    made: SystemTime,
    /// From when on nobody takes it.
    ends: SystemTime,
}

/// Why there are none.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No key or certificate can be made.
    #[error("no certificate can be made: {0}")]
    NotMade(#[from] rcgen::Error),
    /// The Secret can be neither read nor written.
    #[error("Secret \"{SECRET}\": {0}")]
    Api(#[from] kube::Error),
}

impl Certificates {
    /// What is shown now.
    pub fn shown(&self, now: SystemTime) -> &Pair {
        match &self.previous {
            Some(previous) if now < self.current.made + KNOWN_AFTER && now < previous.ends => previous,
            Some(_) | None => &self.current,
        }
    }

    /// The authorities that are to be trusted now, as PEM.
    pub fn bundle(&self, now: SystemTime) -> String {
        let previous = self.previous.as_ref().filter(|_| now < self.current.made + TRUSTED_FOR);
        let authorities = [Some(&self.current), previous];
        authorities.into_iter().flatten().map(|pair| pair.authority.as_str()).collect()
    }

    /// Whether new ones have to be made.
    fn is_due(&self, now: SystemTime) -> bool {
        now + RENEWED_BEFORE >= self.current.ends || now < self.current.made
    }

    fn read(secret: &Secret) -> Option<Self> {
        let pair = |prefix: &str| {
            let text = |name: &str| {
                let bytes = &secret.data.as_ref()?.get(&format!("{prefix}{name}"))?.0;
                String::from_utf8(bytes.clone()).ok()
            };
            Pair::of(text("ca.crt")?, text("tls.crt")?, text("tls.key")?)
        };
        Some(Self { current: pair("")?, previous: pair(PREVIOUS) })
    }

    fn write(&self) -> BTreeMap<String, ByteString> {
        let pairs = [("", Some(&self.current)), (PREVIOUS, self.previous.as_ref())];
        let named = |(prefix, pair): (&str, &Pair)| {
            [("ca.crt", &pair.authority), ("tls.crt", &pair.certificate), ("tls.key", &pair.key)]
                .map(|(name, text)| (format!("{prefix}{name}"), ByteString(text.clone().into_bytes())))
        };
        pairs.into_iter().filter_map(|(prefix, pair)| Some((prefix, pair?))).flat_map(named).collect()
    }
}

impl Pair {
    /// A new one for a server of this name.
    pub fn make(name: &str, now: SystemTime) -> Result<Self, Error> {
        let mut authority = params(Vec::new(), "livecluster metrics authority", now)?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let signer = KeyPair::generate()?;
        let shown = authority.self_signed(&signer)?.pem();
        let mut leaf = params(vec![name.to_owned()], "livecluster metrics", now)?;
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = leaf.signed_by(&key, &Issuer::new(authority, signer))?.pem();
        let made = Self { authority: shown, certificate, key: key.serialize_pem(), made: now, ends: now + VALID_FOR };
        Ok(made)
    }

    fn of(authority: String, certificate: String, key: String) -> Option<Self> {
        let (_, pem) = parse_x509_pem(certificate.as_bytes()).ok()?;
        let validity = pem.parse_x509().ok()?.validity().clone();
        let at = |seconds: i64| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).ok()?));
        let made = at(validity.not_before.timestamp())? + SLOW_CLOCKS;
        Some(Self { authority, certificate, key, made, ends: at(validity.not_after.timestamp())? })
    }
}

fn params(names: Vec<String>, common_name: &str, now: SystemTime) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = OffsetDateTime::from(now - SLOW_CLOCKS);
    params.not_after = OffsetDateTime::from(now + VALID_FOR);
    Ok(params)
}

/// Those that all operators share: what is stored, or else what this one makes. Who writes second takes what the first wrote.
pub async fn agree(secrets: &Api<Secret>, server: &str, now: SystemTime) -> Result<Certificates, Error> {
    for _ in 0..ATTEMPTS {
        let stored = secrets.get_opt(SECRET).await?;
        let known = stored.as_ref().and_then(Certificates::read);
        if let Some(known) = known.clone().filter(|known| !known.is_due(now)) {
            return Ok(known);
        }
        let previous = known.map(|known| known.current).filter(|pair| now < pair.ends);
        let made = Certificates { current: Pair::make(server, now)?, previous };
        match store(secrets, stored, &made).await {
            Ok(()) => return Ok(made),
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Api(kube::Error::Service("somebody else keeps writing it".into())))
}

/// In place of the very version that was read.
async fn store(secrets: &Api<Secret>, stored: Option<Secret>, made: &Certificates) -> Result<(), kube::Error> {
    let params = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
    match stored {
        Some(stored) => {
            let secret = Secret { data: Some(made.write()), ..stored };
            secrets.replace(SECRET, &params, &secret).await.map(drop)
        }
        None => {
            let labels = [("app.kubernetes.io/managed-by", "livecluster-operator")];
            let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            let metadata = ObjectMeta { name: Some(SECRET.to_owned()), labels: Some(labels), ..ObjectMeta::default() };
            let secret = Secret { metadata, data: Some(made.write()), ..Secret::default() };
            secrets.create(&params, &secret).await.map(drop)
        }
    }
}

/// Where they are.
pub const SECRET: &str = "livecluster-metrics-api";

/// Of what was current before, in the Secret.
const PREVIOUS: &str = "previous-";

const FIELD_MANAGER: &str = "livecluster-operator-certificates";

/// How often it is read again when somebody else was first.
const ATTEMPTS: u32 = 5;

const VALID_FOR: Duration = Duration::from_secs(365 * 24 * 3600);

const RENEWED_BEFORE: Duration = Duration::from_secs(120 * 24 * 3600);

/// Certificates hold from before they were made, for those whose clocks are slow.
const SLOW_CLOCKS: Duration = Duration::from_secs(3600);

/// When the API server and all operators have learned of a new authority.
const KNOWN_AFTER: Duration = Duration::from_secs(600);

/// How long the old authority is trusted.
const TRUSTED_FOR: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use livecluster_test_api::Server;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn start() -> SystemTime {
        SystemTime::UNIX_EPOCH + DAY * 20000
    }

    fn secrets(server: &Server) -> Api<Secret> {
        Api::default_namespaced(server.connect("ours").0)
    }

    async fn agreed(secrets: &Api<Secret>, now: SystemTime) -> Certificates {
        agree(secrets, "metrics.ours.svc", now).await.expect("certificates")
    }

    #[tokio::test]
    async fn operators_agree_on_what_the_first_one_made() {
        let server = Server::default();
        let (first, second) = (secrets(&server), secrets(&server));

        let (one, other) = futures::join!(agreed(&first, start()), agreed(&second, start() + DAY));

        assert_eq!(one, other);
        assert_eq!(one.bundle(start()), one.current.authority);
    }

    #[tokio::test]
    async fn new_authority_is_trusted_before_its_certificate_is_shown() {
        let secrets = secrets(&Server::default());
        let old = agreed(&secrets, start()).await;
        assert_eq!(agreed(&secrets, start() + DAY * 244).await, old, "not due yet");
        let renewal = start() + DAY * 245;

        let new = agreed(&secrets, renewal).await;

        let at = |seconds| renewal + Duration::from_secs(seconds);
        let both = format!("{}{}", new.current.authority, old.current.authority);
        assert_ne!(new.current, old.current);
        assert_eq!([0, 599].map(|second| new.shown(at(second)).clone()), [(); 2].map(|()| old.current.clone()));
        assert_eq!(*new.shown(at(600)), new.current);
        assert_eq!([0, 3599].map(|second| new.bundle(at(second))), [(); 2].map(|()| both.clone()));
        assert_eq!(new.bundle(at(3600)), new.current.authority);
        assert_eq!(agreed(&secrets, at(3600)).await, new);
    }

    #[tokio::test]
    async fn what_is_of_no_use_is_made_anew() {
        let secrets = secrets(&Server::default());
        let first = agreed(&secrets, start()).await;
        let mut broken = secrets.get(SECRET).await.expect("a Secret");
        broken.data.get_or_insert_default().insert("tls.crt".to_owned(), ByteString(b"no certificate".to_vec()));
        secrets.replace(SECRET, &PostParams::default(), &broken).await.expect("written");

        let made = agreed(&secrets, start()).await;

        assert_ne!(made.current, first.current);
        assert_eq!(made.previous, None);
    }
}
