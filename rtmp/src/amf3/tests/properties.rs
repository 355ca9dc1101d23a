//! Any value, and any bytes.

use super::*;
use crate::amf::any_text;
use proptest::prelude::*;

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Undefined),
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        (-0x1000_0000..0x1000_0000).prop_map(Value::Integer),
        prop::num::f64::NORMAL.prop_map(Value::Double),
        any_text().prop_map(Value::String),
        any_text().prop_map(Value::XmlDocument),
        prop::num::f64::NORMAL.prop_map(Value::Date),
        any_text().prop_map(Value::Xml),
        prop::collection::vec(any::<u8>(), 0..200).prop_map(|bytes| Value::ByteArray(bytes.into())),
        (prop::collection::vec(any::<i32>(), 0..8), any::<bool>())
            .prop_map(|(items, fixed)| Value::VectorInt { items, fixed }),
        (prop::collection::vec(any::<u32>(), 0..8), any::<bool>())
            .prop_map(|(items, fixed)| Value::VectorUint { items, fixed }),
        (prop::collection::vec(prop::num::f64::NORMAL, 0..8), any::<bool>())
            .prop_map(|(items, fixed)| Value::VectorDouble { items, fixed }),
    ];
    leaf.prop_recursive(5, 64, 6, any_container)
}

fn any_container(inner: BoxedStrategy<Value>) -> impl Strategy<Value = Value> {
    let values = prop::collection::vec(inner.clone(), 0..6);
    let members = prop::collection::vec(("[a-z]{1,8}".prop_map(Text::from), inner.clone()), 0..6);
    let sealed = prop::collection::vec((any_text(), inner.clone()), 0..6);
    prop_oneof![
        (values.clone(), members.clone()).prop_map(|(dense, associative)| Value::Array { dense, associative }),
        (any_text(), sealed, prop::option::of(members))
            .prop_map(|(class, sealed, dynamic)| { Value::Object(Box::new(Object { class, sealed, dynamic })) }),
        (any_text(), values, any::<bool>()).prop_map(|(class, items, fixed)| Value::VectorObject {
            class,
            items,
            fixed
        }),
        (prop::collection::vec((inner.clone(), inner), 0..4), any::<bool>())
            .prop_map(|(entries, weak)| Value::Dictionary { entries, weak }),
    ]
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
