//! Writes AMF0 values.

use super::{Error, Text, Value, marker};
use crate::amf3;

/// Appends `value` to `into`. After an error `into` holds a part of it.
pub fn encode(value: &Value, into: &mut Vec<u8>) -> Result<(), Error> {
    match value {
        Value::Number(number) => write(marker::NUMBER, &number.to_be_bytes(), into),
        Value::Boolean(boolean) => write(marker::BOOLEAN, &[u8::from(*boolean)], into),
        Value::String(text) => return write_string(text, into),
        Value::Object(properties) => {
            into.push(marker::OBJECT);
            return write_properties(properties, into);
        }
        Value::Null => into.push(marker::NULL),
        Value::Undefined => into.push(marker::UNDEFINED),
        Value::Reference(index) => write(marker::REFERENCE, &index.to_be_bytes(), into),
        Value::EcmaArray(properties) => return write_ecma_array(properties, into),
        Value::StrictArray(values) => return write_strict_array(values, into),
        Value::Date { milliseconds, time_zone } => {
            write(marker::DATE, &milliseconds.to_be_bytes(), into);
            into.extend_from_slice(&time_zone.to_be_bytes());
        }
        Value::LongString(text) => return write_long_text(marker::LONG_STRING, text, into),
        Value::Unsupported => into.push(marker::UNSUPPORTED),
        Value::XmlDocument(text) => return write_long_text(marker::XML_DOCUMENT, text, into),
        Value::TypedObject { class, properties } => {
            into.push(marker::TYPED_OBJECT);
            write_text("class name", class, into)?;
            return write_properties(properties, into);
        }
        Value::Avmplus(value) => {
            into.push(marker::AVMPLUS);
            return amf3::encode(value, into);
        }
    }
    Ok(())
}

fn write(marker: u8, bytes: &[u8], into: &mut Vec<u8>) {
    into.push(marker);
    into.extend_from_slice(bytes);
}

fn write_string(text: &Text, into: &mut Vec<u8>) -> Result<(), Error> {
    if text.len() > MAX_TEXT_LEN {
        return write_long_text(marker::LONG_STRING, text, into);
    }
    into.push(marker::STRING);
    write_text("string", text, into)
}

fn write_text(what: &'static str, text: &Text, into: &mut Vec<u8>) -> Result<(), Error> {
    let Ok(length) = u16::try_from(text.len()) else {
        return Err(Error::TooLong { what, length: text.len(), limit: MAX_TEXT_LEN });
    };
    into.extend_from_slice(&length.to_be_bytes());
    into.extend_from_slice(text.as_bytes());
    Ok(())
}

fn write_long_text(marker: u8, text: &Text, into: &mut Vec<u8>) -> Result<(), Error> {
    write(marker, &count("long string", text.len())?, into);
    into.extend_from_slice(text.as_bytes());
    Ok(())
}

fn write_properties(properties: &[(Text, Value)], into: &mut Vec<u8>) -> Result<(), Error> {
    for (name, value) in properties {
        write_text("property name", name, into)?;
        encode(value, into)?;
    }
    into.extend_from_slice(&[0, 0, marker::OBJECT_END]);
    Ok(())
}

fn write_ecma_array(properties: &[(Text, Value)], into: &mut Vec<u8>) -> Result<(), Error> {
    write(marker::ECMA_ARRAY, &count("ecma array", properties.len())?, into);
    write_properties(properties, into)
}

fn write_strict_array(values: &[Value], into: &mut Vec<u8>) -> Result<(), Error> {
    write(marker::STRICT_ARRAY, &count("strict array", values.len())?, into);
    values.iter().try_for_each(|value| encode(value, into))
}

fn count(what: &'static str, length: usize) -> Result<[u8; 4], Error> {
    match u32::try_from(length) {
        Ok(count) => Ok(count.to_be_bytes()),
        Err(_) => Err(Error::TooLong { what, length, limit: MAX_COUNT }),
    }
}

/// The largest 32-bit count or length.
const MAX_COUNT: usize = 0xFFFF_FFFF;
/// The longest string with a 16-bit length (1.3.1).
const MAX_TEXT_LEN: usize = 0xFFFF;
