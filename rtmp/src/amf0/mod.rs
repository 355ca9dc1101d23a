//! AMF0: the values of commands and data messages (Action Message Format, AMF 0, 2007).
//! Values come back as they were sent: the order of keys is kept, and an ECMA array is no object.

#![deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod decoder;
mod encoder;

#[cfg(test)]
mod tests;

pub use crate::amf::{Error, Limits, Text};
pub use decoder::Decoder;
pub use encoder::encode;

use crate::amf3;

/// A value. The sections are those of the AMF0 specification.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// 2.2
    Number(f64),
    /// 2.3
    Boolean(bool),
    /// 2.4. Written as a [`Value::LongString`] when it is longer than 65535 bytes.
    String(Text),
    /// 2.5: properties in the order in which they were sent. A name may occur twice.
    Object(Vec<(Text, Value)>),
    /// 2.7
    Null,
    /// 2.8
    Undefined,
    /// 2.9: the object of this index in the message. It is not followed, so that there are no cycles.
    Reference(u16),
    /// 2.10: properties, as of an object.
    EcmaArray(Vec<(Text, Value)>),
    /// 2.12
    StrictArray(Vec<Value>),
    /// 2.13
    Date {
        /// Milliseconds since 1970, in UTC.
        milliseconds: f64,
        /// Reserved: 0.
        time_zone: i16,
    },
    /// 2.14
    LongString(Text),
    /// 2.15: the sender could not write it.
    Unsupported,
    /// 2.17
    XmlDocument(Text),
    /// 2.18
    TypedObject {
        /// The alias of the class.
        class: Text,
        /// Properties, as of an object.
        properties: Vec<(Text, Value)>,
    },
    /// 3.1: a value in AMF3.
    Avmplus(amf3::Value),
}

impl Value {
    /// An object with these properties, in this order.
    pub fn object<K: Into<Text>, V: Into<Self>>(properties: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::Object(pairs(properties))
    }

    /// An ECMA array with these properties, in this order: what onMetaData carries.
    pub fn ecma_array<K: Into<Text>, V: Into<Self>>(properties: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::EcmaArray(pairs(properties))
    }

    /// The string, if it is one, of either length or version.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) | Self::LongString(text) => Some(text),
            Self::Avmplus(value) => value.as_str(),
            _ => None,
        }
    }

    /// The number, if it is one, of either version.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Avmplus(value) => value.as_number(),
            _ => None,
        }
    }

    /// The boolean, if it is one, of either version.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Boolean(boolean) => Some(*boolean),
            Self::Avmplus(value) => value.as_bool(),
            _ => None,
        }
    }

    /// The properties of an object of any sort, or of an ECMA array.
    pub fn properties(&self) -> Option<&[(Text, Self)]> {
        match self {
            Self::Object(properties) | Self::EcmaArray(properties) => Some(properties),
            Self::TypedObject { properties, .. } => Some(properties),
            _ => None,
        }
    }

    /// The property of this name, the last one if there are more: as if they had been assigned in turn.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let mut properties = self.properties()?.iter().rev();
        properties.find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Self::String(text)
    }
}

impl From<amf3::Value> for Value {
    fn from(value: amf3::Value) -> Self {
        Self::Avmplus(value)
    }
}

fn pairs<K: Into<Text>, V: Into<Value>>(properties: impl IntoIterator<Item = (K, V)>) -> Vec<(Text, Value)> {
    properties.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
}

/// The type markers (2.1).
mod marker {
    pub(super) const NUMBER: u8 = 0x00;
    pub(super) const BOOLEAN: u8 = 0x01;
    pub(super) const STRING: u8 = 0x02;
    pub(super) const OBJECT: u8 = 0x03;
    pub(super) const NULL: u8 = 0x05;
    pub(super) const UNDEFINED: u8 = 0x06;
    pub(super) const REFERENCE: u8 = 0x07;
    pub(super) const ECMA_ARRAY: u8 = 0x08;
    pub(super) const OBJECT_END: u8 = 0x09;
    pub(super) const STRICT_ARRAY: u8 = 0x0A;
    pub(super) const DATE: u8 = 0x0B;
    pub(super) const LONG_STRING: u8 = 0x0C;
    pub(super) const UNSUPPORTED: u8 = 0x0D;
    pub(super) const XML_DOCUMENT: u8 = 0x0F;
    pub(super) const TYPED_OBJECT: u8 = 0x10;
    pub(super) const AVMPLUS: u8 = 0x11;
}
