//! Reads AMF3 values. Recursion is as deep as [`Limits::depth`] allows, and so is the drop of what it returns.

use super::{Error, Limits, Object, Text, Value, marker};
use crate::amf::Input;
use bytes::Bytes;
use std::sync::Arc;

/// Reads the values of one message, one after the other. Strings share its buffer.
#[derive(Debug)]
pub struct Decoder {
    input: Input,
    tables: Tables,
}

impl Decoder {
    /// A decoder of `bytes`, which hold whole values. The limits are those of all of them together.
    pub fn new(bytes: &Bytes, limits: Limits) -> Self {
        Self { input: Input::new(bytes.clone(), limits), tables: Tables::default() }
    }

    /// The next value; `None` at the end. After an error there is no next value to be found.
    pub fn next_value(&mut self) -> Result<Option<Value>, Error> {
        if self.input.rest().is_empty() {
            return Ok(None);
        }
        self.tables.read_value(&mut self.input).map(Some)
    }
}

/// What values of one message can refer to (2.2).
#[derive(Debug, Default)]
pub(crate) struct Tables {
    strings: Vec<Text>,
    traits: Vec<Arc<Traits>>,
    /// Objects are counted, not kept.
    objects: u32,
}

impl Tables {
    pub(crate) fn read_value(&mut self, input: &mut Input) -> Result<Value, Error> {
        input.begin_value()?;
        let value = match input.u8("marker")? {
            marker::UNDEFINED => Value::Undefined,
            marker::NULL => Value::Null,
            marker::FALSE => Value::Boolean(false),
            marker::TRUE => Value::Boolean(true),
            marker::INTEGER => Value::Integer(sign_extended(read_u29("integer", input)?)),
            marker::DOUBLE => Value::Double(input.f64("double")?),
            marker::STRING => Value::String(self.read_text("string", input)?),
            complex @ (marker::XML_DOCUMENT..=marker::DICTIONARY) => self.read_complex(complex, input)?,
            unknown => return Err(Error::Marker(unknown)),
        };
        input.end_value();
        Ok(value)
    }

    /// Reads what the object table counts: a reference, or the value itself with a length or flags.
    fn read_complex(&mut self, marker: u8, input: &mut Input) -> Result<Value, Error> {
        let length = match read_header("object", input)? {
            Header::Reference(index) => return self.resolve_object(index),
            Header::Inline(length) => length,
        };
        self.objects = self.objects.saturating_add(1);
        match marker {
            marker::XML_DOCUMENT => input.text("xml document", length).map(Value::XmlDocument),
            marker::DATE => input.f64("date").map(Value::Date),
            marker::ARRAY => self.read_array(length, input),
            marker::OBJECT => self.read_object(length, input),
            marker::XML => input.text("xml", length).map(Value::Xml),
            marker::BYTE_ARRAY => input.bytes("byte array", length).map(Value::ByteArray),
            marker::VECTOR_OBJECT => self.read_vector_object(length, input),
            marker::DICTIONARY => self.read_dictionary(length, input),
            _ => read_vector(marker, length, input),
        }
    }

    fn resolve_object(&self, index: u32) -> Result<Value, Error> {
        if index < self.objects {
            return Ok(Value::ObjectReference(index));
        }
        let count = usize::try_from(self.objects).unwrap_or(usize::MAX);
        Err(Error::Reference { what: "object", index, count })
    }

    /// 1.3.2: a string, or a reference to one. The empty string is not in the table.
    fn read_text(&mut self, what: &'static str, input: &mut Input) -> Result<Text, Error> {
        let length = match read_header(what, input)? {
            Header::Reference(index) => return resolve("string", index, &self.strings),
            Header::Inline(length) => length,
        };
        let text = input.text(what, length)?;
        if !text.is_empty() {
            self.strings.push(text.clone());
        }
        Ok(text)
    }

    fn read_array(&mut self, count: usize, input: &mut Input) -> Result<Value, Error> {
        let associative = self.read_members(input)?;
        let dense = self.read_values(count, input)?;
        Ok(Value::Array { dense, associative })
    }

    fn read_object(&mut self, flags: usize, input: &mut Input) -> Result<Value, Error> {
        let traits = self.read_traits(flags, input)?;
        let mut sealed = Vec::new();
        for name in &traits.names {
            sealed.push((name.clone(), self.read_value(input)?));
        }
        let dynamic = if traits.dynamic { Some(self.read_members(input)?) } else { None };
        Ok(Value::Object(Box::new(Object { class: traits.class.clone(), sealed, dynamic })))
    }

    /// 3.12: bit 0 says that the traits are here and no reference; bit 1 externalizable, bit 2 dynamic, then the count.
    fn read_traits(&mut self, flags: usize, input: &mut Input) -> Result<Arc<Traits>, Error> {
        if flags & 1 == 0 {
            let index = u32::try_from(flags >> 1).unwrap_or(u32::MAX);
            return resolve("traits", index, &self.traits);
        }
        let class = self.read_text("class name", input)?;
        if flags & 2 != 0 {
            return Err(Error::Externalizable(class));
        }
        let mut names = Vec::new();
        for _ in 0..flags >> 3 {
            input.count(1)?;
            names.push(self.read_text("member name", input)?);
        }
        let traits = Arc::new(Traits { class, dynamic: flags & 4 != 0, names });
        self.traits.push(Arc::clone(&traits));
        Ok(traits)
    }

    /// Reads names and values up to an empty name.
    fn read_members(&mut self, input: &mut Input) -> Result<Vec<(Text, Value)>, Error> {
        let mut members = Vec::new();
        loop {
            let name = self.read_text("member name", input)?;
            if name.is_empty() {
                return Ok(members);
            }
            members.push((name, self.read_value(input)?));
        }
    }

    /// Reads `count` values, without a capacity for them: it is only announced.
    fn read_values(&mut self, count: usize, input: &mut Input) -> Result<Vec<Value>, Error> {
        let mut values = Vec::new();
        for _ in 0..count {
            values.push(self.read_value(input)?);
        }
        Ok(values)
    }

    fn read_vector_object(&mut self, count: usize, input: &mut Input) -> Result<Value, Error> {
        let fixed = input.u8("vector")? != 0;
        let class = self.read_text("class name", input)?;
        let items = self.read_values(count, input)?;
        Ok(Value::VectorObject { class, items, fixed })
    }

    fn read_dictionary(&mut self, count: usize, input: &mut Input) -> Result<Value, Error> {
        let weak = input.u8("dictionary")? != 0;
        let mut entries = Vec::new();
        for _ in 0..count {
            entries.push((self.read_value(input)?, self.read_value(input)?));
        }
        Ok(Value::Dictionary { entries, weak })
    }
}

/// What the objects of a class have in common (3.12).
#[derive(Debug)]
struct Traits {
    class: Text,
    dynamic: bool,
    names: Vec<Text>,
}

/// What a number before a value means: bit 0 tells.
enum Header {
    /// The value was sent before.
    Reference(u32),
    /// The value follows, with this length, count or flags.
    Inline(usize),
}

fn read_header(what: &'static str, input: &mut Input) -> Result<Header, Error> {
    let header = read_u29(what, input)?;
    Ok(match header & 1 {
        0 => Header::Reference(header >> 1),
        _ => Header::Inline(usize::try_from(header >> 1).unwrap_or(usize::MAX)),
    })
}

/// 1.3.1: up to three bytes of 7 bits, each with a flag that another one follows, and a fourth of 8.
fn read_u29(what: &'static str, input: &mut Input) -> Result<u32, Error> {
    let mut value = 0;
    for _ in 0..3 {
        let byte = input.u8(what)?;
        value = value << 7 | u32::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Ok(value << 8 | u32::from(input.u8(what)?))
}

/// 3.6: bit 28 is the sign.
fn sign_extended(value: u32) -> i32 {
    (value << 3).cast_signed() >> 3
}

fn resolve<T: Clone>(what: &'static str, index: u32, table: &[T]) -> Result<T, Error> {
    let entry = usize::try_from(index).ok().and_then(|index| table.get(index));
    entry.cloned().ok_or(Error::Reference { what, index, count: table.len() })
}

fn read_vector(marker: u8, count: usize, input: &mut Input) -> Result<Value, Error> {
    let fixed = input.u8("vector")? != 0;
    Ok(match marker {
        marker::VECTOR_INT => Value::VectorInt { items: read_items(count, i32::from_be_bytes, input)?, fixed },
        marker::VECTOR_UINT => Value::VectorUint { items: read_items(count, u32::from_be_bytes, input)?, fixed },
        _ => Value::VectorDouble { items: read_items(count, f64::from_be_bytes, input)?, fixed },
    })
}

fn read_items<T, const N: usize>(count: usize, item: fn([u8; N]) -> T, input: &mut Input) -> Result<Vec<T>, Error> {
    let bytes = input.bytes("vector", count.saturating_mul(N))?;
    let (items, _) = bytes.as_chunks();
    Ok(items.iter().copied().map(item).collect())
}
