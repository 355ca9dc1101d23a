//! The string of both AMF versions: UTF-8 that shares the buffer of the message it came in.

use super::Error;
use bytes::Bytes;
use std::fmt;
use std::ops::Deref;

/// An immutable string. A clone is cheap; it keeps the whole message that it came in alive.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(Bytes);

impl Text {
    /// A string of the program, without a copy.
    pub const fn from_static(text: &'static str) -> Self {
        Self(Bytes::from_static(text.as_bytes()))
    }

    /// The string.
    pub fn as_str(&self) -> &str {
        // Checked when it was made: the check here only tells the compiler, without unsafe code.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl TryFrom<Bytes> for Text {
    type Error = Error;

    fn try_from(bytes: Bytes) -> Result<Self, Error> {
        match std::str::from_utf8(&bytes) {
            Ok(_) => Ok(Self(bytes)),
            Err(error) => Err(Error::NotUtf8 { valid: error.valid_up_to() }),
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Bytes::from(text))
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), formatter)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), formatter)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Short strings, some of them empty, some not ASCII.
    pub(crate) fn any_text() -> BoxedStrategy<Text> {
        "[a-zA-Zäß語]{0,8}".prop_map(Text::from).boxed()
    }

    #[test]
    fn text_is_a_view_of_the_bytes_that_it_came_in() {
        let bytes = Bytes::from(vec![b'h', b'i']);

        let text = Text::try_from(bytes.clone()).unwrap();

        assert_eq!(text, "hi");
        assert_eq!(text.as_ptr(), bytes.as_ptr());
        assert_eq!((format!("{text}"), format!("{text:?}")), ("hi".into(), "\"hi\"".into()));
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_no_text() {
        let error = Text::try_from(Bytes::from_static(b"na\xEFve")).unwrap_err();

        assert_eq!(error.to_string(), "string is not utf-8 from byte 2 on");
    }
}
