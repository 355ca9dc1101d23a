//! The values of a command, taken one by one. A value of another type than asked for counts as missing.

use crate::amf0::Value;

pub(super) struct Arguments(std::vec::IntoIter<Value>);

impl Arguments {
    pub fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    pub fn text(&mut self) -> Option<String> {
        self.next()?.as_str().map(str::to_owned)
    }

    /// A name; empty if there is none.
    pub fn name(&mut self) -> String {
        self.text().unwrap_or_default()
    }

    pub fn number(&mut self) -> Option<f64> {
        self.next()?.as_number()
    }

    pub fn boolean(&mut self) -> Option<bool> {
        self.next()?.as_bool()
    }

    /// A message stream id; what can not be one is 0, which is never a client's stream.
    pub fn stream_id(&mut self) -> u32 {
        self.number().unwrap_or_default() as u32
    }
}

impl Iterator for Arguments {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        self.0.next()
    }
}
