//! YAML for people: members in a fixed order, whole numbers without a fraction.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::{Number, Value};

/// A document of one value. The same value always gives the same text.
pub fn document(value: &impl Serialize) -> Result<String, Error> {
    let value = serde_json::to_value(value)?;
    Ok(serde_saphyr::to_string(&Tidy(&value))?)
}

/// What can't be written as YAML.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A map whose keys are no texts.
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// What the writer refuses.
    #[error("not YAML: {0}")]
    Yaml(#[from] serde_saphyr::ser::Error),
}

/// A value in the form in which it is written.
struct Tidy<'a>(&'a Value);

impl Serialize for Tidy<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Number(number) => match whole(number) {
                Some(whole) => serializer.serialize_i64(whole),
                None => number.serialize(serializer),
            },
            Value::Array(items) => {
                let mut written = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| written.serialize_element(&Tidy(item)))?;
                written.end()
            }
            Value::Object(members) => {
                let mut sorted: Vec<_> = members.iter().collect();
                sorted.sort_by_key(|(name, _)| *name);
                let mut written = serializer.serialize_map(Some(sorted.len()))?;
                sorted.into_iter().try_for_each(|(name, value)| written.serialize_entry(name, &Tidy(value)))?;
                written.end()
            }
            other => other.serialize(serializer),
        }
    }
}

/// 3 for 3.0.
fn whole(number: &Number) -> Option<i64> {
    let float = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT)?;
    Some(float as i64)
}

/// Below it a floating-point number holds every whole number.
const EXACT: f64 = 9_007_199_254_740_992.0;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_numbers_have_no_fraction() {
        assert_eq!(document(&json!({"b": 3.0, "a": [1.5, -2.0]})).unwrap(), "a:\n- 1.5\n- -2\nb: 3\n");
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let long =
            "a: sentence that is longer than a line and that has a colon in it, so that it would have to be quoted";
        let texts = json!(["true", "3", "10Gi", "no", "", "a: b", long, " blank ", "two\nlines", {"#": []}]);

        let read: Value = serde_saphyr::from_str(&document(&texts).unwrap()).unwrap();

        assert_eq!(read, texts);
    }
}
