//! A stream's normalised name, for everybody who routes, logs or counts by stream.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// A stream's normalised name: `app/instance/name`, without host, query, prefix or empty parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(Arc<str>);

impl Key {
    /// The key of stream `name` in `app`, both as a client sends them.
    ///
    /// `app` may have an instance (`live/room1`); both may have a query (`?token=1`), which is cut off, and empty
    /// parts (`//`), which are left out; `name` may have a prefix `flv:`, `mp4:` or `mp3:`, which is cut off.
    pub fn of(app: &str, name: &str) -> Result<Self, KeyError> {
        let mut path = Path::default();
        path.push_all(without_query(app))?;
        if path.text.is_empty() {
            return Err(KeyError::NoApp(shown(app)));
        }
        let app_len = path.text.len();
        path.push_all(without_prefix(without_query(name)))?;
        if path.text.len() == app_len {
            return Err(KeyError::NoName(shown(name)));
        }
        Ok(Self(path.text.into()))
    }

    /// A key as another part of the cluster wrote it: refused unless it is normalised.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut path = Path::default();
        path.push_all(text)?;
        if path.text != text || text.contains('?') || !text.contains('/') {
            return Err(KeyError::NotNormalised(shown(text)));
        }
        Ok(Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The application: the first part.
    pub fn app(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// The first 128 bits of the text's SHA-256, for documents that must not show names. (A faster hash such as xxh3
    /// could be run backwards for short names.)
    pub fn digest(&self) -> u128 {
        let digest: [u8; 32] = Sha256::digest(self.0.as_bytes()).into();
        digest.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Why there is no key for a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing is left of the application's name.
    #[error("application name \"{0}\" is empty")]
    NoApp(String),
    /// Nothing is left of the stream's name.
    #[error("stream name \"{0}\" is empty")]
    NoName(String),
    /// Longer than [`MAX_KEY_LEN`].
    #[error("stream key with part \"{0}\" exceeds the limit of {MAX_KEY_LEN} bytes")]
    TooLong(String),
    /// A control character.
    #[error("part \"{0}\" of a stream key has a control character")]
    Control(String),
    /// A part `.` or `..`: a recording's path will be made of parts.
    #[error("part \"{0}\" of a stream key is a directory")]
    Directory(String),
    /// A part of the cluster sent what [`Key::of`] would not have made.
    #[error("stream key \"{0}\" is not normalised")]
    NotNormalised(String),
}

/// A key in the making.
#[derive(Default)]
struct Path {
    text: String,
}

impl Path {
    fn push_all(&mut self, parts: &str) -> Result<(), KeyError> {
        parts.split('/').filter(|part| !part.is_empty()).try_for_each(|part| self.push(part))
    }

    fn push(&mut self, part: &str) -> Result<(), KeyError> {
        if self.text.len() + 1 + part.len() > MAX_KEY_LEN {
            return Err(KeyError::TooLong(shown(part)));
        }
        if part.contains(char::is_control) {
            return Err(KeyError::Control(shown(part)));
        }
        if part == "." || part == ".." {
            return Err(KeyError::Directory(part.to_owned()));
        }
        if !self.text.is_empty() {
            self.text.push('/');
        }
        self.text.push_str(part);
        Ok(())
    }
}

fn without_query(text: &str) -> &str {
    text.split('?').next().unwrap_or_default()
}

/// Repeated, so that a key's own name gives the same key again.
fn without_prefix(name: &str) -> &str {
    let mut rest = name.trim_start_matches('/');
    while let Some(shorter) = PREFIXES.iter().find_map(|prefix| rest.strip_prefix(prefix)) {
        rest = shorter.trim_start_matches('/');
    }
    rest
}

/// A hostile name as a log may show it.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(MAX_SHOWN).is_some() {
        shown.push_str("...");
    }
    shown
}

/// Bytes of a key, at most.
pub const MAX_KEY_LEN: usize = 1024;

const MAX_SHOWN: usize = 100;

const PREFIXES: [&str; 3] = ["flv:", "mp4:", "mp3:"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(app: &str, name: &str) -> String {
        Key::of(app, name).expect("a valid name").to_string()
    }

    #[test]
    fn key_is_the_scope_and_the_name() {
        assert_eq!(key("live", "alice"), "live/alice");
        assert_eq!(key("live/room1", "alice"), "live/room1/alice");
        assert_eq!(key("live", "room1/alice"), "live/room1/alice");
    }

    #[test]
    fn query_prefix_and_empty_parts_are_left_out() {
        assert_eq!(key("/live//room1/?vhost=a/b", "alice?token=x/y?z"), "live/room1/alice");
        assert_eq!(key("live", "mp4:alice.mp4"), "live/alice.mp4");
        assert_eq!(key("live", "/flv:mp3:/alice"), "live/alice");
    }

    #[test]
    fn a_name_of_nothing_is_refused() {
        assert_eq!(Key::of("/?a", "alice"), Err(KeyError::NoApp("/?a".to_owned())));
        assert_eq!(Key::of("live", "flv:?token"), Err(KeyError::NoName("flv:?token".to_owned())));
    }

    #[test]
    fn control_characters_and_directories_are_refused() {
        assert_eq!(Key::of("live", "a\nb"), Err(KeyError::Control("a\\nb".to_owned())));
        assert_eq!(Key::of("..", "alice"), Err(KeyError::Directory("..".to_owned())));
    }

    #[test]
    fn key_longer_than_the_limit_is_refused_and_shown_in_short() {
        let name = "a".repeat(MAX_KEY_LEN - "x/".len());
        assert!(Key::of("x", &name).is_ok());

        let error = Key::of("xy", &name).expect_err("one byte too long").to_string();

        assert!(error.ends_with("...\" exceeds the limit of 1024 bytes"), "{error}");
        assert!(error.len() < 200, "{error}");
    }

    #[test]
    fn key_that_is_not_normalised_does_not_parse() {
        for text in ["", "live", "/live/alice", "live//alice", "live/alice?x", "live/../alice"] {
            assert!(Key::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_key_parses_and_is_its_own_key(app in ".{0,20}", name in "(flv:|/|mp3:|[a-z?.]){0,9}") {
            if let Ok(key) = Key::of(&app, &name) {
                let (app, name) = key.as_str().split_once('/').expect("two parts");
                prop_assert_eq!(Key::parse(key.as_str()), Ok(key.clone()));
                prop_assert_eq!(Key::of(app, name), Ok(key.clone()));
            }
        }
    }
}
