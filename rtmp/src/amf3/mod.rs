//! AMF3: the values of clients with object encoding 3 (Action Message Format, AMF 3, 2013).
//! References to strings and classes are resolved; references to objects stay references, for they can form cycles.

#![deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod decoder;
mod encoder;

#[cfg(test)]
mod tests;

pub use crate::amf::{Error, Limits, Text};
pub use decoder::Decoder;
pub(crate) use decoder::Tables;
pub use encoder::encode;

use bytes::Bytes;

/// A value. The sections are those of the AMF3 specification.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// 3.2
    Undefined,
    /// 3.3
    Null,
    /// 3.4, 3.5
    Boolean(bool),
    /// 3.6: 29 bits with a sign. What does not fit is written as a [`Value::Double`].
    Integer(i32),
    /// 3.7
    Double(f64),
    /// 3.8
    String(Text),
    /// 3.9: the XML of ActionScript 2.
    XmlDocument(Text),
    /// 3.10: milliseconds since 1970, in UTC.
    Date(f64),
    /// 3.11
    Array {
        /// The elements from index 0 on.
        dense: Vec<Value>,
        /// The elements with names, which are not empty.
        associative: Vec<(Text, Value)>,
    },
    /// 3.12
    Object(Box<Object>),
    /// 3.13: the XML of ActionScript 3.
    Xml(Text),
    /// 3.14
    ByteArray(Bytes),
    /// 3.15
    VectorInt {
        /// The elements.
        items: Vec<i32>,
        /// Whether the length is fixed.
        fixed: bool,
    },
    /// 3.15
    VectorUint {
        /// The elements.
        items: Vec<u32>,
        /// Whether the length is fixed.
        fixed: bool,
    },
    /// 3.15
    VectorDouble {
        /// The elements.
        items: Vec<f64>,
        /// Whether the length is fixed.
        fixed: bool,
    },
    /// 3.15
    VectorObject {
        /// The class of the elements: empty for any.
        class: Text,
        /// The elements.
        items: Vec<Value>,
        /// Whether the length is fixed.
        fixed: bool,
    },
    /// 3.16
    Dictionary {
        /// Keys and values.
        entries: Vec<(Value, Value)>,
        /// Whether an entry keeps its key alive.
        weak: bool,
    },
    /// 2.2: the object of this index in the message: array, object, date, XML, byte array, vector or dictionary.
    ObjectReference(u32),
}

/// An object with a class (3.12).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object {
    /// The alias of the class: empty if it has none.
    pub class: Text,
    /// The members that the class declares.
    pub sealed: Vec<(Text, Value)>,
    /// The members that only this object has, if its class allows them. Their names are not empty.
    pub dynamic: Option<Vec<(Text, Value)>>,
}

impl Value {
    /// An object without a class, with these members, in this order. The names are not empty.
    pub fn object<K: Into<Text>, V: Into<Self>>(members: impl IntoIterator<Item = (K, V)>) -> Self {
        let members = members.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self::Object(Box::new(Object { dynamic: Some(members), ..Object::default() }))
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is an integer or a double.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(f64::from(*number)),
            Self::Double(number) => Some(*number),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Boolean(boolean) => Some(*boolean),
            _ => None,
        }
    }

    /// The member of this name, of an object or of an array.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let (declared, others) = match self {
            Self::Object(object) => (object.sealed.as_slice(), object.dynamic.as_deref().unwrap_or_default()),
            Self::Array { associative, .. } => (associative.as_slice(), Default::default()),
            _ => return None,
        };
        let mut members = declared.iter().chain(others).rev();
        members.find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Double(number)
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

/// The type markers (3.1).
mod marker {
    pub(super) const UNDEFINED: u8 = 0x00;
    pub(super) const NULL: u8 = 0x01;
    pub(super) const FALSE: u8 = 0x02;
    pub(super) const TRUE: u8 = 0x03;
    pub(super) const INTEGER: u8 = 0x04;
    pub(super) const DOUBLE: u8 = 0x05;
    pub(super) const STRING: u8 = 0x06;
    pub(super) const XML_DOCUMENT: u8 = 0x07;
    pub(super) const DATE: u8 = 0x08;
    pub(super) const ARRAY: u8 = 0x09;
    pub(super) const OBJECT: u8 = 0x0A;
    pub(super) const XML: u8 = 0x0B;
    pub(super) const BYTE_ARRAY: u8 = 0x0C;
    pub(super) const VECTOR_INT: u8 = 0x0D;
    pub(super) const VECTOR_UINT: u8 = 0x0E;
    pub(super) const VECTOR_DOUBLE: u8 = 0x0F;
    pub(super) const VECTOR_OBJECT: u8 = 0x10;
    pub(super) const DICTIONARY: u8 = 0x11;
}
