//! What a server answers. All answers are AMF0: clients that know AMF3 read both.

use super::{Capabilities, status};
use crate::Message;
use crate::amf0::{self, Value};
use crate::message::Kind;

/// A status of a stream or of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info<'a> {
    level: &'a str,
    code: &'a str,
    description: &'a str,
    details: Option<&'a str>,
}

impl<'a> Info<'a> {
    /// Something went as it should.
    pub const fn status(code: &'a str, description: &'a str) -> Self {
        Self { level: status::LEVEL_STATUS, code, description, details: None }
    }

    /// Something did not.
    pub const fn error(code: &'a str, description: &'a str) -> Self {
        Self { level: status::LEVEL_ERROR, code, description, details: None }
    }

    /// With the name of the stream.
    pub const fn of_stream(self, name: &'a str) -> Self {
        Self { details: Some(name), ..self }
    }

    fn fields(self) -> Vec<(&'static str, Value)> {
        let mut fields =
            vec![("level", self.level.into()), ("code", self.code.into()), ("description", self.description.into())];
        fields.extend(self.details.map(|name| ("details", name.into())));
        fields
    }

    fn value(self) -> Value {
        Value::object(self.fields())
    }
}

/// `_result` of connect. A client that knows Enhanced RTMP learns that all codecs are passed on.
pub fn connected(transaction_id: f64, object_encoding: f64, enhanced: bool) -> Message {
    let mut properties: Vec<(&str, Value)> =
        vec![("fmsVer", FMS_VERSION.into()), ("capabilities", CAPABILITIES.into()), ("mode", 1.0.into())];
    let mut info = Info::status(status::CONNECT_SUCCESS, "Connection succeeded.").fields();
    info.push(("objectEncoding", object_encoding.into()));
    if enhanced {
        // Clients differ in which of the two objects they look at.
        properties.extend(enhanced_fields());
        info.extend(enhanced_fields());
    }
    command(0, "_result", transaction_id, [Value::object(properties), Value::object(info)])
}

fn enhanced_fields() -> [(&'static str, Value); 4] {
    let all = || Value::object([("*", f64::from(Capabilities::CAN_FORWARD))]);
    [
        ("fourCcList", Value::StrictArray(vec!["*".into()])),
        ("videoFourCcInfoMap", all()),
        ("audioFourCcInfoMap", all()),
        ("capsEx", f64::from(CAPABILITIES_EXTENDED).into()),
    ]
}

/// `_result` with one value.
pub fn result(stream_id: u32, transaction_id: f64, value: Value) -> Message {
    command(stream_id, "_result", transaction_id, [Value::Null, value])
}

/// `_error`, of connect or of any other command.
pub fn error(stream_id: u32, transaction_id: f64, code: &str, description: &str) -> Message {
    let info = Info::error(code, description).value();
    command(stream_id, "_error", transaction_id, [Value::Null, info])
}

/// `onStatus` of a stream; of the connection if `stream_id` is 0.
pub fn on_status(stream_id: u32, info: Info<'_>) -> Message {
    command(stream_id, "onStatus", 0.0, [Value::Null, info.value()])
}

/// `onFCPublish`, `onFCUnpublish` or `onFCSubscribe`: a status of the connection under a name of its own.
pub fn on_fc(name: &str, info: Info<'_>) -> Message {
    command(0, name, 0.0, [Value::Null, info.value()])
}

/// `onBWDone`: the bandwidth was measured, or rather will not be. Some clients wait for it.
pub fn on_bandwidth_done() -> Message {
    command(0, "onBWDone", 0.0, [Value::Null])
}

/// Enhanced RTMP's request to connect anew: to `tc_url`, or where the client is now.
pub fn reconnect(tc_url: Option<&str>, description: &str) -> Message {
    let mut fields = Info::status(status::CONNECT_RECONNECT_REQUEST, description).fields();
    fields.extend(tc_url.map(|url| ("tcUrl", url.into())));
    command(0, "onStatus", 0.0, [Value::Null, Value::object(fields)])
}

/// A command message: name, transaction id, command object, arguments. A value that AMF0 can not hold goes as null.
pub fn command(stream_id: u32, name: &str, transaction_id: f64, values: impl IntoIterator<Item = Value>) -> Message {
    let mut payload = Vec::new();
    for value in [name.into(), transaction_id.into()].into_iter().chain(values) {
        let len = payload.len();
        if amf0::encode(&value, &mut payload).is_err() {
            payload.truncate(len);
            payload.push(NULL);
        }
    }
    Message { kind: Kind::COMMAND_AMF0, timestamp: 0, stream_id, payload: payload.into() }
}

/// What clients take for a server that can do what it answers.
const FMS_VERSION: &str = "FMS/3,5,7,7009";
/// A mask without documentation; this is what FMS 3.5 says.
const CAPABILITIES: f64 = 31.0;
/// What a relay does of Enhanced RTMP: it passes payloads on whole, and asks to reconnect.
const CAPABILITIES_EXTENDED: u32 =
    Capabilities::RECONNECT | Capabilities::MULTITRACK | Capabilities::MOD_EX | Capabilities::NANO_OFFSET;
/// The AMF0 marker of null.
const NULL: u8 = 0x05;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amf0::{Decoder, Limits};

    /// All the values of a message.
    fn values(message: &Message) -> Vec<Value> {
        let mut decoder = Decoder::new(&message.payload, Limits::default());
        std::iter::from_fn(|| decoder.next_value().unwrap()).collect()
    }

    #[test]
    fn status_carries_level_code_description_and_the_stream() {
        let info = Info::error(status::PUBLISH_BAD_NAME, "Taken.").of_stream("cam");

        let message = on_status(3, info);

        let fields =
            [("level", "error"), ("code", "NetStream.Publish.BadName"), ("description", "Taken."), ("details", "cam")];
        let expected = ["onStatus".into(), 0.0.into(), Value::Null, Value::object(fields)];
        assert_eq!(values(&message), expected);
        assert_eq!((message.kind, message.stream_id), (Kind::COMMAND_AMF0, 3));
    }

    #[test]
    fn connect_is_answered_with_enhanced_rtmp_only_when_the_client_knows_it() {
        let legacy = values(&connected(1.0, 3.0, false));
        let enhanced = values(&connected(1.0, 0.0, true));

        assert_eq!(legacy[..2], ["_result".into(), 1.0.into()]);
        assert_eq!(legacy[2].get("mode"), Some(&1.0.into()));
        assert_eq!(legacy[3].get("code"), Some(&status::CONNECT_SUCCESS.into()));
        assert_eq!(legacy[3].get("objectEncoding"), Some(&3.0.into()));
        assert!(!Capabilities::of(&legacy[2]).is_enhanced() && !Capabilities::of(&legacy[3]).is_enhanced());
        for object in &enhanced[2..] {
            let capabilities = Capabilities::of(object);
            assert_eq!(capabilities.four_ccs, ["*"]);
            assert_eq!(capabilities.video, [("*".to_owned(), Capabilities::CAN_FORWARD)]);
            assert_eq!(capabilities.audio, capabilities.video);
            assert_eq!(capabilities.extended, Some(15));
        }
    }

    #[test]
    fn request_to_reconnect_names_the_url_only_if_there_is_one() {
        let there = values(&reconnect(Some("rtmp://other/live"), "Draining."));
        let here = values(&reconnect(None, "Draining."));

        assert_eq!(there[3].get("tcUrl"), Some(&"rtmp://other/live".into()));
        assert_eq!(here[3].get("tcUrl"), None);
        assert_eq!(here[3].get("code"), Some(&status::CONNECT_RECONNECT_REQUEST.into()));
    }
}
