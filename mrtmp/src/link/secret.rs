//! The cluster's secrets, and the proof of having one that never shows it.

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use super::{Role, SecretError};

/// The secrets that a part holds: one, or during a rotation the old and the new. Two parts link up if they share one.
#[derive(Clone)]
pub struct Secrets(Arc<[Vec<u8>]>);

impl Secrets {
    /// One to [`MAX_SECRETS`] secrets of at least [`MIN_SECRET`] bytes. They are taken as they are: cut the newline
    /// that a file may end in.
    pub fn new(secrets: Vec<Vec<u8>>) -> Result<Self, SecretError> {
        if secrets.is_empty() {
            return Err(SecretError::None);
        }
        if secrets.len() > MAX_SECRETS {
            return Err(SecretError::TooMany(secrets.len()));
        }
        match secrets.iter().map(Vec::len).find(|length| *length < MIN_SECRET) {
            Some(length) => Err(SecretError::Short(length)),
            None => Ok(Self(secrets.into())),
        }
    }

    /// A proof under each secret.
    pub(super) fn prove(&self, said: &Said<'_>) -> Vec<Proof> {
        self.0.iter().map(|secret| said.proof(secret)).collect()
    }

    /// Which of the secrets one of the proofs was made with. Takes the same time wherever they differ.
    pub(super) fn verify(&self, said: &Said<'_>, proofs: &[Proof]) -> Option<Self> {
        let mut fits = None;
        for secret in self.0.iter() {
            let expected = said.proof(secret);
            let equal = proofs.iter().map(|proof| proof.ct_eq(&expected)).fold(Choice::from(0), |any, one| any | one);
            if bool::from(equal) {
                fits = Some(Self(Arc::from([secret.clone()])));
            }
        }
        fits
    }
}

/// Secrets don't appear in logs.
impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Secrets({})", self.0.len())
    }
}

/// What a side proves to have heard and said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    pub side: Side,
    pub dialler: Role,
    pub listener: Role,
    /// The dialler's HELLO, as sent.
    pub dialler_hello: &'a [u8],
    /// The listener's HELLO, as sent.
    pub listener_hello: &'a [u8],
}

impl Said<'_> {
    /// A key for each pair of roles: the proof of an edge is worth nothing on an operator's link.
    fn proof(&self, secret: &[u8]) -> Proof {
        let key = mac(secret, &[KEY_LABEL, &[self.dialler.number(), self.listener.number()]]);
        let label = match self.side {
            Side::Dialler => DIALLER_LABEL,
            Side::Listener => LISTENER_LABEL,
        };
        mac(&key, &[label, self.dialler_hello, self.listener_hello])
    }
}

/// An end of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Dialler,
    Listener,
}

impl Side {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Dialler => Self::Listener,
            Self::Listener => Self::Dialler,
        }
    }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Proof {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// What a proof is: an HMAC-SHA256.
pub(super) type Proof = [u8; 32];

const KEY_LABEL: &[u8] = b"mrtmp link key 1";
const DIALLER_LABEL: &[u8] = b"mrtmp dialler's proof 1";
const LISTENER_LABEL: &[u8] = b"mrtmp listener's proof 1";

/// The shortest secret, in bytes.
pub const MIN_SECRET: usize = 16;
/// The most secrets that a part may hold at once.
pub const MAX_SECRETS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_of_an_edge_is_not_accepted_as_that_of_an_operator() {
        let secrets = secrets(&["a secret of the cluster"]);
        let proofs = secrets.prove(&said(Side::Dialler, Role::Edge));

        assert!(secrets.verify(&said(Side::Dialler, Role::Edge), &proofs).is_some());
        assert!(secrets.verify(&said(Side::Dialler, Role::Operator), &proofs).is_none());
    }

    #[test]
    fn the_proof_of_the_dialler_is_not_accepted_as_that_of_the_listener() {
        let secrets = secrets(&["a secret of the cluster"]);
        let proofs = secrets.prove(&said(Side::Dialler, Role::Edge));

        assert!(secrets.verify(&said(Side::Listener, Role::Edge), &proofs).is_none());
    }

    #[test]
    fn what_fits_is_the_shared_secret_alone() {
        let both = secrets(&["the old secret of all", "the new secret of all"]);
        let new = secrets(&["the new secret of all"]);
        let said = said(Side::Dialler, Role::Edge);

        let shared = both.verify(&said, &new.prove(&said)).unwrap();

        assert_eq!(shared.prove(&said), new.prove(&said));
    }

    #[test]
    fn a_short_secret_is_refused_with_its_length() {
        let refused = Secrets::new(vec![b"0123456789abcdef".to_vec(), b"0123456789abcde".to_vec()]).unwrap_err();

        assert_eq!(refused.to_string(), "a secret of 15 bytes is shorter than 16");
        assert_eq!(Secrets::new(Vec::new()).unwrap_err(), SecretError::None);
        assert_eq!(Secrets::new(vec![vec![0; 16]; 5]).unwrap_err(), SecretError::TooMany(5));
    }

    #[test]
    fn secrets_do_not_show_in_logs() {
        assert_eq!(format!("{:?}", secrets(&["a secret of the cluster"])), "Secrets(1)");
    }

    fn secrets(texts: &[&str]) -> Secrets {
        Secrets::new(texts.iter().map(|text| text.as_bytes().to_vec()).collect()).unwrap()
    }

    fn said(side: Side, dialler: Role) -> Said<'static> {
        Said { side, dialler, listener: Role::Origin, dialler_hello: b"hello", listener_hello: b"hello yourself" }
    }
}
