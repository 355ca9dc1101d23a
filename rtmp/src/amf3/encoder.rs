//! Writes AMF3 values. Strings and classes are written out each time, which every reader accepts.

use super::{Error, Object, Text, Value, marker};

/// Appends `value` to `into`. After an error `into` holds a part of it.
///
/// An [`Value::ObjectReference`] counts the objects since the start of the message, as when it was read.
pub fn encode(value: &Value, into: &mut Vec<u8>) -> Result<(), Error> {
    match value {
        Value::Undefined => into.push(marker::UNDEFINED),
        Value::Null => into.push(marker::NULL),
        Value::Boolean(boolean) => into.push(if *boolean { marker::TRUE } else { marker::FALSE }),
        Value::Integer(number) => write_integer(*number, into),
        Value::Double(number) => write_double(*number, into),
        Value::String(text) => {
            into.push(marker::STRING);
            write_text("string", text, into)?;
        }
        Value::XmlDocument(text) => {
            into.push(marker::XML_DOCUMENT);
            write_text("xml document", text, into)?;
        }
        Value::Date(milliseconds) => {
            into.extend_from_slice(&[marker::DATE, INLINE]);
            into.extend_from_slice(&milliseconds.to_be_bytes());
        }
        Value::Xml(text) => {
            into.push(marker::XML);
            write_text("xml", text, into)?;
        }
        Value::ByteArray(bytes) => {
            into.push(marker::BYTE_ARRAY);
            write_length("byte array", bytes.len(), into)?;
            into.extend_from_slice(bytes);
        }
        Value::ObjectReference(index) => return write_reference(*index, into),
        container => return write_container(container, into),
    }
    Ok(())
}

fn write_container(value: &Value, into: &mut Vec<u8>) -> Result<(), Error> {
    match value {
        Value::Array { dense, associative } => {
            into.push(marker::ARRAY);
            write_length("array", dense.len(), into)?;
            write_members(associative, into)?;
            write_values(dense, into)
        }
        Value::Object(object) => write_object(object, into),
        Value::VectorInt { items, fixed } => write_vector(marker::VECTOR_INT, items, i32::to_be_bytes, *fixed, into),
        Value::VectorUint { items, fixed } => write_vector(marker::VECTOR_UINT, items, u32::to_be_bytes, *fixed, into),
        Value::VectorDouble { items, fixed } => {
            write_vector(marker::VECTOR_DOUBLE, items, f64::to_be_bytes, *fixed, into)
        }
        Value::VectorObject { class, items, fixed } => {
            into.push(marker::VECTOR_OBJECT);
            write_length("vector", items.len(), into)?;
            into.push(u8::from(*fixed));
            write_text("class name", class, into)?;
            write_values(items, into)
        }
        Value::Dictionary { entries, weak } => {
            into.push(marker::DICTIONARY);
            write_length("dictionary", entries.len(), into)?;
            into.push(u8::from(*weak));
            entries.iter().try_for_each(|(key, value)| {
                encode(key, into)?;
                encode(value, into)
            })
        }
        _ => Ok(()),
    }
}

fn write_integer(number: i32, into: &mut Vec<u8>) {
    if (MIN_INTEGER..=MAX_INTEGER).contains(&number) {
        into.push(marker::INTEGER);
        write_u29(number.cast_unsigned() & MAX_U29, into);
    } else {
        write_double(f64::from(number), into);
    }
}

fn write_double(number: f64, into: &mut Vec<u8>) {
    into.push(marker::DOUBLE);
    into.extend_from_slice(&number.to_be_bytes());
}

fn write_text(what: &'static str, text: &Text, into: &mut Vec<u8>) -> Result<(), Error> {
    write_length(what, text.len(), into)?;
    into.extend_from_slice(text.as_bytes());
    Ok(())
}

/// A reference does not say to what: the marker is that of an object.
fn write_reference(index: u32, into: &mut Vec<u8>) -> Result<(), Error> {
    into.push(marker::OBJECT);
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    let reference = fits("object reference", index, MAX_LENGTH)? << 1;
    write_u29(reference, into);
    Ok(())
}

/// 3.12: the traits and then the members.
fn write_object(object: &Object, into: &mut Vec<u8>) -> Result<(), Error> {
    into.push(marker::OBJECT);
    let dynamic = if object.dynamic.is_some() { DYNAMIC } else { 0 };
    let count = fits("object", object.sealed.len(), MAX_SEALED)?;
    write_u29(count << 4 | dynamic | TRAITS_INLINE, into);
    write_text("class name", &object.class, into)?;
    for (name, _) in &object.sealed {
        write_text("member name", name, into)?;
    }
    object.sealed.iter().try_for_each(|(_, value)| encode(value, into))?;
    object.dynamic.as_ref().map_or(Ok(()), |members| write_members(members, into))
}

fn write_members(members: &[(Text, Value)], into: &mut Vec<u8>) -> Result<(), Error> {
    for (name, value) in members {
        if name.is_empty() {
            return Err(Error::EmptyName);
        }
        write_text("member name", name, into)?;
        encode(value, into)?;
    }
    write_length("member name", 0, into)
}

fn write_values(values: &[Value], into: &mut Vec<u8>) -> Result<(), Error> {
    values.iter().try_for_each(|value| encode(value, into))
}

fn write_vector<T: Copy, const N: usize>(
    marker: u8,
    items: &[T],
    bytes: fn(T) -> [u8; N],
    fixed: bool,
    into: &mut Vec<u8>,
) -> Result<(), Error> {
    into.push(marker);
    write_length("vector", items.len(), into)?;
    into.push(u8::from(fixed));
    into.extend(items.iter().copied().flat_map(bytes));
    Ok(())
}

fn write_length(what: &'static str, length: usize, into: &mut Vec<u8>) -> Result<(), Error> {
    let length = fits(what, length, MAX_LENGTH)?;
    write_u29(length << 1 | u32::from(INLINE), into);
    Ok(())
}

fn fits(what: &'static str, length: usize, limit: u32) -> Result<u32, Error> {
    match u32::try_from(length) {
        Ok(fitting) if fitting <= limit => Ok(fitting),
        _ => Err(Error::TooLong { what, length, limit: usize::try_from(limit).unwrap_or(usize::MAX) }),
    }
}

/// 1.3.1: as few bytes as possible. What is above 29 bits is lost.
fn write_u29(value: u32, into: &mut Vec<u8>) {
    let [_, _, _, last] = value.to_be_bytes();
    let more = |shift: u32| (value >> shift).to_le_bytes()[0] | 0x80;
    match value {
        ..0x80 => into.push(last),
        0x80..0x4000 => into.extend_from_slice(&[more(7), last & 0x7F]),
        0x4000..0x20_0000 => into.extend_from_slice(&[more(14), more(7), last & 0x7F]),
        _ => into.extend_from_slice(&[more(22), more(15), more(8), last]),
    }
}

/// The bit that tells a value or a length from a reference.
const INLINE: u8 = 1;
/// An object with its traits, none of them external.
const TRAITS_INLINE: u32 = 0b0011;
/// An object that may have members that its class does not declare.
const DYNAMIC: u32 = 0b1000;
const MAX_U29: u32 = 0x1FFF_FFFF;
/// A length shares its 29 bits with [`INLINE`].
const MAX_LENGTH: u32 = MAX_U29 >> 1;
/// The count of declared members shares its 29 bits with four flags.
const MAX_SEALED: u32 = MAX_U29 >> 4;
const MIN_INTEGER: i32 = -(1 << 28);
const MAX_INTEGER: i32 = (1 << 28) - 1;
