//! What a client asks.

use super::answer::command;
use crate::Message;
use crate::amf0::Value;

/// `connect` as encoders send it, with what `extra` adds to the command object.
pub fn connect(transaction_id: f64, app: &str, tc_url: &str, extra: &[(&'static str, Value)]) -> Message {
    let mut fields: Vec<(&str, Value)> = vec![
        ("app", app.into()),
        ("type", "nonprivate".into()),
        ("flashVer", FLASH_VERSION.into()),
        ("tcUrl", tc_url.into()),
        ("objectEncoding", 0.0.into()),
    ];
    fields.extend(extra.iter().cloned());
    command(0, "connect", transaction_id, [Value::object(fields)])
}

/// `createStream`.
pub fn create_stream(transaction_id: f64) -> Message {
    command(0, "createStream", transaction_id, [Value::Null])
}

/// `publish(name, "live")`.
pub fn publish(stream_id: u32, transaction_id: f64, name: &str) -> Message {
    command(stream_id, "publish", transaction_id, [Value::Null, name.into(), "live".into()])
}

/// `play(name)`: live, or the recording if there is one.
pub fn play(stream_id: u32, transaction_id: f64, name: &str) -> Message {
    command(stream_id, "play", transaction_id, [Value::Null, name.into()])
}

/// `deleteStream(stream id)`.
pub fn delete_stream(stream_id: u32) -> Message {
    command(0, "deleteStream", 0.0, [Value::Null, f64::from(stream_id).into()])
}

/// What servers take for an encoder.
const FLASH_VERSION: &str = "FMLE/3.0 (compatible; livecluster)";
