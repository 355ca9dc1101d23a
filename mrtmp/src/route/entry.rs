//! Which stream an entry of the document is about.

use std::fmt;

use super::{Key, KeyError};

/// Which stream an entry is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Entry {
    /// By its name.
    Key(Key),
    /// By [`Key::digest`]: `#` and 32 hexadecimal digits, for sites whose stream names are secret. No key has this form,
    /// because every key has a `/`.
    Digest(u128),
}

impl Entry {
    /// Reads either form.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let digest = text.strip_prefix('#').filter(|digits| is_digest(digits));
        match digest.and_then(|digits| u128::from_str_radix(digits, 16).ok()) {
            Some(digest) => Ok(Self::Digest(digest)),
            None => Key::parse(text).map(Self::Key),
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => key.fmt(formatter),
            Self::Digest(digest) => write!(formatter, "#{digest:032x}"),
        }
    }
}

fn is_digest(digits: &str) -> bool {
    digits.len() == 32 && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}
