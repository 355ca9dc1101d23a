//! Values against the bytes of the specification, and hostile bytes against the limits.
#![allow(clippy::arithmetic_side_effects)]

use super::*;
use crate::amf::any_text;
use bytes::Bytes;
use proptest::prelude::*;

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
    assert_wire(1.0.into(), &[0, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0]);
    assert_wire(true.into(), &[1, 1]);
    assert_wire("live".into(), b"\x02\x00\x04live");
    assert_wire(Value::object([("a", Value::Null)]), b"\x03\x00\x01a\x05\x00\x00\x09");
    assert_wire(Value::Undefined, &[6]);
    assert_wire(Value::Reference(258), &[7, 1, 2]);
    assert_wire(Value::ecma_array([("a", true)]), b"\x08\x00\x00\x00\x01\x00\x01a\x01\x01\x00\x00\x09");
    assert_wire(Value::StrictArray(vec![Value::Null, true.into()]), &[10, 0, 0, 0, 2, 5, 1, 1]);
    let date = Value::Date { milliseconds: 1.0, time_zone: -60 };
    assert_wire(date, &[11, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0, 0xFF, 0xC4]);
    assert_wire(Value::LongString(text("hi")), b"\x0C\x00\x00\x00\x02hi");
    assert_wire(Value::Unsupported, &[13]);
    assert_wire(Value::XmlDocument(text("<a/>")), b"\x0F\x00\x00\x00\x04<a/>");
    let typed = Value::TypedObject { class: text("C"), properties: vec![(text("a"), Value::Null)] };
    assert_wire(typed, b"\x10\x00\x01C\x00\x01a\x05\x00\x00\x09");
    assert_wire(Value::Avmplus(amf3::Value::Integer(5)), &[0x11, 4, 5]);
}

#[test]
fn keys_keep_their_order_and_may_occur_twice() {
    let object = Value::object([("z", 1.0), ("a", 2.0), ("z", 3.0)]);

    assert_eq!(decode(&encoded(&object)), Ok(vec![object.clone()]));
    assert_eq!(object.get("z").and_then(Value::as_number), Some(3.0));
}

#[test]
fn values_follow_each_other_and_the_rest_is_left_as_it_is() {
    let bytes = [encoded(&"@setDataFrame".into()), encoded(&"onMetaData".into()), vec![5]].concat();
    let mut decoder = Decoder::new(&bytes.clone().into(), Limits::default());

    assert_eq!(decoder.next_value(), Ok(Some("@setDataFrame".into())));
    assert_eq!(decoder.rest(), &bytes[16..]);
    assert_eq!(decode(decoder.rest()), Ok(vec!["onMetaData".into(), Value::Null]));
}

#[test]
fn string_beyond_16_bits_is_written_as_a_long_string() {
    let limits = Limits { string: 1 << 20, ..Limits::default() };
    let (short, long) = ("a".repeat(65_535), "a".repeat(65_536));

    assert_eq!(decode_with(&encoded(&short.clone().into()), limits), Ok(vec![short.into()]));
    assert_eq!(decode_with(&encoded(&long.clone().into()), limits), Ok(vec![Value::LongString(long.into())]));
}

#[test]
fn name_beyond_16_bits_is_refused() {
    let object = Value::object([("k".repeat(65_536), Value::Null)]);

    let error = encode(&object, &mut Vec::new()).unwrap_err();

    assert_eq!(error.to_string(), "property name of length 65536 exceeds the limit of 65535");
}

#[test]
fn property_may_have_an_empty_name() {
    assert_wire(Value::object([("", true)]), &[3, 0, 0, 1, 1, 0, 0, 9]);
}

#[test]
fn count_of_an_ecma_array_is_only_a_hint() {
    let expected = Value::ecma_array([("a", Value::Null)]);

    for count in [[0; 4], [0xFF; 4]] {
        let bytes = [&[8], &count[..], b"\x00\x01a\x05\x00\x00\x09"].concat();
        assert_eq!(decode(&bytes), Ok(vec![expected.clone()]));
    }
}

#[test]
fn truncated_value_names_what_is_missing() {
    assert_eq!(decode(b"\x02\x00\x0Aa").unwrap_err().to_string(), "string needs 10 bytes, 1 are left");
    let whole = encoded(&Value::object([("a", Value::StrictArray(vec!["b".into(), 1.0.into()]))]));
    for length in 1..whole.len() {
        assert!(matches!(decode(&whole[..length]), Err(Error::Truncated { .. })), "{length}");
    }
}

#[test]
fn reserved_and_unknown_markers_are_refused() {
    for marker in [0x04, 0x09, 0x0E, 0x12, 0xFF] {
        assert_eq!(decode(&[marker]), Err(Error::Marker(marker)));
    }
}

#[test]
fn depth_is_limited_before_the_stack_is() {
    let limit = Limits::default().depth;
    let nested_objects = |levels| b"\x03\x00\x01a".repeat(levels);
    let nested_arrays = |levels| [10, 0, 0, 0, 1].repeat(levels);

    assert_eq!(decode(&nested_objects(100_000)), Err(Error::TooDeep { limit }));
    assert_eq!(decode(&nested_arrays(100_000)), Err(Error::TooDeep { limit }));
    assert!(decode(&[&nested_arrays(limit - 1)[..], &[5]].concat()).is_ok());
    assert_eq!(decode(&[&nested_arrays(limit)[..], &[5]].concat()), Err(Error::TooDeep { limit }));
}

#[test]
fn values_and_strings_are_limited() {
    let limits = Limits { values: 3, string: 4, ..Limits::default() };

    assert!(decode_with(&[10, 0, 0, 0, 2, 5, 5], limits).is_ok());
    assert_eq!(decode_with(&[10, 0, 0, 0, 3, 5, 5, 5], limits), Err(Error::TooManyValues { limit: 3 }));
    assert_eq!(decode_with(&[5, 5, 5, 5], limits), Err(Error::TooManyValues { limit: 3 }));
    for marker in [&[12][..], &[15]] {
        let result = decode_with(&[marker, &[0xFF; 4]].concat(), limits);
        assert!(matches!(result, Err(Error::TooLong { length: 0xFFFF_FFFF, limit: 4, .. })));
    }
}

#[test]
fn command_reads_its_arguments() {
    let info = Value::object([("code", Value::from("ok")), ("size", 3.0.into()), ("live", true.into())]);

    assert_eq!(info.get("code").and_then(Value::as_str), Some("ok"));
    assert_eq!(info.get("size").and_then(Value::as_number), Some(3.0));
    assert_eq!(info.get("live").and_then(Value::as_bool), Some(true));
    assert_eq!(info.get("none"), None);
    assert_eq!(Value::Avmplus(amf3::Value::Integer(7)).as_number(), Some(7.0));
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        prop::num::f64::NORMAL.prop_map(Value::Number),
        any::<bool>().prop_map(Value::Boolean),
        any_text().prop_map(Value::String),
        Just(Value::Null),
        Just(Value::Undefined),
        any::<u16>().prop_map(Value::Reference),
        (prop::num::f64::NORMAL, any::<i16>())
            .prop_map(|(milliseconds, time_zone)| Value::Date { milliseconds, time_zone }),
        any_text().prop_map(Value::LongString),
        Just(Value::Unsupported),
        any_text().prop_map(Value::XmlDocument),
        any_text().prop_map(|text| Value::Avmplus(amf3::Value::object([("a", amf3::Value::String(text))]))),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        let properties = prop::collection::vec((any_text(), inner.clone()), 0..8);
        prop_oneof![
            properties.clone().prop_map(Value::Object),
            properties.clone().prop_map(Value::EcmaArray),
            prop::collection::vec(inner, 0..8).prop_map(Value::StrictArray),
            (any_text(), properties).prop_map(|(class, properties)| Value::TypedObject { class, properties }),
        ]
    })
}

proptest! {
    #[test]
    fn decoder_undoes_the_encoder(values in prop::collection::vec(any_value(), 0..4)) {
        let bytes: Vec<u8> = values.iter().flat_map(encoded).collect();
        prop_assert_eq!(decode(&bytes), Ok(values));
    }

    #[test]
    fn what_random_bytes_decode_to_can_be_encoded(bytes in prop::collection::vec(0..0x14_u8, 0..200)) {
        if let Ok(values) = decode(&bytes) {
            for value in values {
                encoded(&value);
            }
        }
    }
}
