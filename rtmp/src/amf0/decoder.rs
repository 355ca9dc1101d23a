//! Reads AMF0 values. Recursion is as deep as [`Limits::depth`] allows, and so is the drop of what it returns.

use super::{Error, Limits, Text, Value, marker};
use crate::amf::Input;
use crate::amf3;
use bytes::Bytes;

/// Reads the values of one message, one after the other. Strings share its buffer.
#[derive(Debug)]
pub struct Decoder {
    input: Input,
    /// AMF3 values of one message refer to each other.
    tables: amf3::Tables,
}

impl Decoder {
    /// A decoder of `bytes`, which hold whole values. The limits are those of all of them together.
    pub fn new(bytes: &Bytes, limits: Limits) -> Self {
        Self { input: Input::new(bytes.clone(), limits), tables: amf3::Tables::default() }
    }

    /// The next value; `None` at the end. After an error there is no next value to be found.
    pub fn next_value(&mut self) -> Result<Option<Value>, Error> {
        if self.input.rest().is_empty() {
            return Ok(None);
        }
        self.read_value().map(Some)
    }

    /// The bytes of the values that have not been read.
    pub const fn rest(&self) -> &Bytes {
        self.input.rest()
    }

    fn read_value(&mut self) -> Result<Value, Error> {
        self.input.begin_value()?;
        let value = match self.input.u8("marker")? {
            marker::NUMBER => Value::Number(self.input.f64("number")?),
            marker::BOOLEAN => Value::Boolean(self.input.u8("boolean")? != 0),
            marker::STRING => Value::String(self.read_text("string")?),
            marker::OBJECT => Value::Object(self.read_properties()?),
            marker::NULL => Value::Null,
            marker::UNDEFINED => Value::Undefined,
            marker::REFERENCE => Value::Reference(self.input.u16("reference")?),
            marker::ECMA_ARRAY => self.read_ecma_array()?,
            marker::STRICT_ARRAY => self.read_strict_array()?,
            marker::DATE => self.read_date()?,
            marker::LONG_STRING => Value::LongString(self.read_long_text("long string")?),
            marker::UNSUPPORTED => Value::Unsupported,
            marker::XML_DOCUMENT => Value::XmlDocument(self.read_long_text("xml document")?),
            marker::TYPED_OBJECT => self.read_typed_object()?,
            marker::AVMPLUS => Value::Avmplus(self.tables.read_value(&mut self.input)?),
            unknown => return Err(Error::Marker(unknown)),
        };
        self.input.end_value();
        Ok(value)
    }

    fn read_text(&mut self, what: &'static str) -> Result<Text, Error> {
        let length = self.input.u16(what)?;
        self.input.text(what, length.into())
    }

    fn read_long_text(&mut self, what: &'static str) -> Result<Text, Error> {
        let length = self.input.u32(what)?;
        self.input.text(what, usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// 2.5: properties up to an empty name with the object end marker. Without the marker it is a property like others.
    fn read_properties(&mut self) -> Result<Vec<(Text, Value)>, Error> {
        let mut properties = Vec::new();
        loop {
            let name = self.read_text("property name")?;
            if name.is_empty() && self.input.rest().first() == Some(&marker::OBJECT_END) {
                self.input.u8("object end")?;
                return Ok(properties);
            }
            properties.push((name, self.read_value()?));
        }
    }

    /// 2.10: the count is a hint, which encoders get wrong. The end marker decides.
    fn read_ecma_array(&mut self) -> Result<Value, Error> {
        self.input.u32("count of an ecma array")?;
        self.read_properties().map(Value::EcmaArray)
    }

    fn read_strict_array(&mut self) -> Result<Value, Error> {
        let count = self.input.u32("count of a strict array")?;
        // Not collected with a capacity of `count`: it is only announced.
        let mut values = Vec::new();
        for _ in 0..count {
            values.push(self.read_value()?);
        }
        Ok(Value::StrictArray(values))
    }

    fn read_date(&mut self) -> Result<Value, Error> {
        let milliseconds = self.input.f64("date")?;
        let time_zone = self.input.array("time zone").map(i16::from_be_bytes)?;
        Ok(Value::Date { milliseconds, time_zone })
    }

    fn read_typed_object(&mut self) -> Result<Value, Error> {
        let class = self.read_text("class name")?;
        let properties = self.read_properties()?;
        Ok(Value::TypedObject { class, properties })
    }
}
