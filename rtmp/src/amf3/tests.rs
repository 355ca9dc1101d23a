//! Values against the bytes of the specification, references, and hostile bytes against the limits.
#![allow(clippy::arithmetic_side_effects)]

mod properties;

use super::*;

fn decode_with(bytes: &[u8], limits: Limits) -> Result<Vec<Value>, Error> {
    let mut decoder = Decoder::new(&Bytes::copy_from_slice(bytes), limits);
    let mut values = Vec::new();
    while let Some(value) = decoder.next_value()? {
        values.push(value);
    }
    Ok(values)
}

fn decode(bytes: &[u8]) -> Result<Vec<Value>, Error> {
    decode_with(bytes, Limits::default())
}

fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(value, &mut bytes).unwrap();
    bytes
}

/// `value` is written as `bytes`, and read from them.
fn assert_wire(value: Value, bytes: &[u8]) {
    assert_eq!(encoded(&value), bytes);
    assert_eq!(decode(bytes), Ok(vec![value]));
}

fn text(text: &str) -> Text {
    text.into()
}

#[test]
fn every_type_is_written_as_the_specification_says() {
    assert_wire(Value::Undefined, &[0]);
    assert_wire(Value::Null, &[1]);
    assert_wire(false.into(), &[2]);
    assert_wire(true.into(), &[3]);
    assert_wire(1.0.into(), &[5, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0]);
    assert_wire("live".into(), b"\x06\x09live");
    assert_wire(Value::XmlDocument(text("<a/>")), b"\x07\x09<a/>");
    assert_wire(Value::Date(1.0), &[8, 1, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0]);
    let array = Value::Array { dense: vec![Value::Null], associative: vec![(text("a"), true.into())] };
    assert_wire(array, b"\x09\x03\x03a\x03\x01\x01");
    assert_wire(Value::object([("a", true)]), b"\x0A\x0B\x01\x03a\x03\x01");
    assert_wire(Value::Xml(text("<a/>")), b"\x0B\x09<a/>");
    assert_wire(Value::ByteArray(Bytes::from_static(&[7, 8])), &[12, 5, 7, 8]);
    assert_wire(Value::VectorInt { items: vec![-1], fixed: true }, &[13, 3, 1, 0xFF, 0xFF, 0xFF, 0xFF]);
    assert_wire(Value::VectorUint { items: vec![258], fixed: false }, &[14, 3, 0, 0, 0, 1, 2]);
    let doubles = Value::VectorDouble { items: vec![1.0], fixed: false };
    assert_wire(doubles, &[15, 3, 0, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0]);
    let objects = Value::VectorObject { class: text("C"), items: vec![Value::Null], fixed: false };
    assert_wire(objects, b"\x10\x03\x00\x03C\x01");
    let dictionary = Value::Dictionary { entries: vec![("k".into(), Value::Integer(1))], weak: true };
    assert_wire(dictionary, b"\x11\x03\x01\x06\x03k\x04\x01");
}

#[test]
fn integers_take_as_few_bytes_as_they_can() {
    for (number, bytes) in [
        (0, &[0][..]),
        (0x7F, &[0x7F]),
        (0x80, &[0x81, 0x00]),
        (0x3FFF, &[0xFF, 0x7F]),
        (0x4000, &[0x81, 0x80, 0x00]),
        (0x1F_FFFF, &[0xFF, 0xFF, 0x7F]),
        (0x20_0000, &[0x80, 0xC0, 0x80, 0x00]),
        (0x0FFF_FFFF, &[0xBF, 0xFF, 0xFF, 0xFF]),
        (-1, &[0xFF, 0xFF, 0xFF, 0xFF]),
        (-0x1000_0000, &[0xC0, 0x80, 0x80, 0x00]),
    ] {
        assert_wire(Value::Integer(number), &[&[4], bytes].concat());
    }
    for number in [0x1000_0000, -0x1000_0001] {
        assert_eq!(decode(&encoded(&Value::Integer(number))), Ok(vec![Value::Double(number.into())]));
    }
}

#[test]
fn references_to_strings_are_resolved() {
    let values = decode(b"\x06\x03a\x06\x01\x06\x03b\x06\x00\x06\x02").unwrap();

    assert_eq!(values, ["a", "", "b", "a", "b"].map(Value::from));
    let error = decode(b"\x06\x03a\x06\x02").unwrap_err();
    assert_eq!(error.to_string(), "reference to string 1, of which there are 1");
}

#[test]
fn references_to_classes_are_resolved() {
    let values = decode(b"\x0A\x13\x03C\x03a\x04\x01\x0A\x01\x04\x02").unwrap();

    let object = |number| {
        let sealed = vec![(text("a"), Value::Integer(number))];
        Value::Object(Box::new(Object { class: text("C"), sealed, dynamic: None }))
    };
    assert_eq!(values, [object(1), object(2)]);
    assert_eq!(decode(&[0x0A, 5]), Err(Error::Reference { what: "traits", index: 1, count: 0 }));
}

#[test]
fn object_that_holds_itself_stays_a_reference() {
    let values = decode(b"\x0A\x0B\x01\x03a\x0A\x00\x01\x09\x00").unwrap();

    assert_eq!(values[0].get("a"), Some(&Value::ObjectReference(0)));
    assert_eq!(values[1], Value::ObjectReference(0));
    assert_eq!(decode(&encoded(&values[0])), Ok(vec![values[0].clone()]));
    assert_eq!(decode(&[9, 2]), Err(Error::Reference { what: "object", index: 1, count: 0 }));
}

#[test]
fn externalizable_object_is_refused_by_its_class() {
    let error = decode(b"\x0A\x07\x03C").unwrap_err();

    assert_eq!(error.to_string(), "externalizable class \"C\" cannot be read");
}

#[test]
fn member_without_a_name_is_not_written() {
    assert_eq!(encode(&Value::object([("", true)]), &mut Vec::new()), Err(Error::EmptyName));
}

#[test]
fn what_does_not_fit_its_length_is_refused() {
    let error = encode(&Value::ObjectReference(1 << 28), &mut Vec::new()).unwrap_err();

    assert_eq!(error.to_string(), "object reference of length 268435456 exceeds the limit of 268435455");
}

#[test]
fn truncated_value_names_what_is_missing() {
    assert_eq!(decode(b"\x06\x09a").unwrap_err().to_string(), "string needs 4 bytes, 1 are left");
    let whole = encoded(&Value::object([("a", Value::VectorInt { items: vec![1, 2], fixed: false })]));
    for length in 1..whole.len() {
        assert!(matches!(decode(&whole[..length]), Err(Error::Truncated { .. })), "{length}");
    }
}

#[test]
fn announced_counts_take_no_memory() {
    for bytes in [&[9, 0xFF, 0xFF, 0xFF, 0xFF, 1][..], &[16, 0xFF, 0xFF, 0xFF, 0xFF, 0, 1]] {
        assert!(matches!(decode(bytes), Err(Error::Truncated { .. })));
    }
    for marker in [13, 14, 15] {
        assert!(matches!(decode(&[marker, 0xFF, 0xFF, 0xFF, 0xFF, 0]), Err(Error::Truncated { .. })));
    }
    let sealed = [&[10, 0xFF, 0xFF, 0xFF, 0xF3, 1][..], &[1; 10_000]].concat();
    assert_eq!(decode(&sealed), Err(Error::TooManyValues { limit: 4096 }));
}

#[test]
fn depth_values_and_strings_are_limited() {
    let limits = Limits { depth: 3, values: 4, string: 4 };
    let nested = |levels| [&[9, 3, 1].repeat(levels)[..], &[1]].concat();

    assert!(decode_with(&nested(2), limits).is_ok());
    assert_eq!(decode_with(&nested(3), limits), Err(Error::TooDeep { limit: 3 }));
    assert_eq!(decode(&nested(100_000)), Err(Error::TooDeep { limit: 32 }));
    assert_eq!(decode_with(&[1; 5], limits), Err(Error::TooManyValues { limit: 4 }));
    let result = decode_with(b"\x06\x0Babcde", limits);
    assert_eq!(result, Err(Error::TooLong { what: "string", length: 5, limit: 4 }));
}
