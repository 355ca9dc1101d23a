//! An amount of bytes as people write it in Kubernetes: `32Mi`, `1G`, `65536`.

use std::borrow::Cow;
use std::fmt;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A quantity of bytes.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(transparent)]
pub struct Bytes(Quantity);

/// Not a whole number of bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a number of bytes like 32Mi")]
pub struct NotBytes(String);

impl Bytes {
    /// How many; fractions of a byte are rounded up, as Kubernetes does.
    pub fn count(&self) -> Result<u64, NotBytes> {
        count(&self.0.0)
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        Self(Quantity(text.to_owned()))
    }
}

/// The shortest way to write a number of bytes.
impl From<u64> for Bytes {
    fn from(count: u64) -> Self {
        let units = BINARY.iter().rev().filter(|(_, factor)| count > 0 && count.is_multiple_of(*factor));
        let shortest = units.map(|(unit, factor)| format!("{}{unit}", count / factor)).next();
        Self(Quantity(shortest.unwrap_or_else(|| count.to_string())))
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.0)
    }
}

impl JsonSchema for Bytes {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Bytes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"x-kubernetes-int-or-string": true})
    }
}

fn count(text: &str) -> Result<u64, NotBytes> {
    let end = text.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let bytes = number.parse::<f64>().ok().zip(factor(unit)).map(|(number, factor)| (number * factor).ceil());
    let whole = bytes.filter(|bytes| (0.0..EXACT).contains(bytes)).map(|bytes| bytes as u64);
    whole.ok_or_else(|| NotBytes(text.to_owned()))
}

/// What a unit, or an exponent, stands for.
fn factor(unit: &str) -> Option<f64> {
    let units = BINARY.iter().map(|(name, factor)| (*name, *factor as f64)).chain(DECIMAL);
    let known = units.into_iter().find(|(name, _)| *name == unit).map(|(_, factor)| factor);
    let exponent = || unit.strip_prefix(['e', 'E'])?.parse().ok().map(|exponent| 10_f64.powi(exponent));
    known.or_else(exponent)
}

const BINARY: [(&str, u64); 6] =
    [("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30), ("Ti", 1 << 40), ("Pi", 1 << 50), ("Ei", 1 << 60)];

const DECIMAL: [(&str, f64); 10] = [
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("", 1.0),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
];

/// Below it a floating-point number holds every whole number.
const EXACT: f64 = 9_007_199_254_740_992.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_of_bytes_are_counted() {
        let counted = |text: &str| Bytes::from(text).count();

        assert_eq!(counted("65536"), Ok(65_536));
        assert_eq!(counted("32Mi"), Ok(32 << 20));
        assert_eq!(counted("1G"), Ok(1_000_000_000));
        assert_eq!(counted("1.5Gi"), Ok(3 << 29));
        assert_eq!(counted("0.3"), Ok(1));
        assert_eq!(counted("128974848000m"), Ok(128_974_848));
        assert_eq!(counted("1e9"), Ok(1_000_000_000));
    }

    #[test]
    fn what_is_no_number_of_bytes_is_refused() {
        for text in ["", "Mi", "-1", "1ex", "20 Mi", "99999999Ei", "1.2.3", "1x"] {
            assert_eq!(Bytes::from(text).count(), Err(NotBytes(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn number_without_a_unit_may_be_one_in_yaml() {
        let read: Bytes = serde_json::from_value(serde_json::json!(65_536)).unwrap();

        assert_eq!(read.count(), Ok(65_536));
    }

    #[test]
    fn number_of_bytes_is_written_the_short_way() {
        let written = |count: u64| Bytes::from(count).to_string();

        assert_eq!(written(32 << 20), "32Mi");
        assert_eq!(written(3 << 29), "1536Mi");
        assert_eq!(written(1000), "1000");
        assert_eq!(written(0), "0");
    }
}
