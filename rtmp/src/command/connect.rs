//! The `connect` command (7.2.1.1) with what Enhanced RTMP adds to it.

use super::Arguments;
use crate::amf0::Value;

/// What a client says of itself, and where it wants to.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectRequest {
    /// The application, perhaps with instances below it: `live`, `live/room`. Without its query.
    pub app: String,
    /// What follows a `?` in `app`; empty if nothing does.
    pub query: String,
    /// The URL as the user gave it, up to the application.
    pub tc_url: String,
    /// The client's name and version.
    pub flash_ver: String,
    /// 0: the client wants AMF0; 3: it knows AMF3.
    pub object_encoding: f64,
    /// What the client can do of Enhanced RTMP.
    pub capabilities: Capabilities,
    /// The command object, whole.
    pub object: Value,
    /// The arguments behind it: user, password, whatever the application asks for.
    pub arguments: Vec<Value>,
}

impl ConnectRequest {
    pub(super) fn decode(object: Value, arguments: Arguments) -> Self {
        let text = |key| object.get(key).and_then(Value::as_str).unwrap_or_default();
        let (app, query) = split_query(text("app"));
        Self {
            app: app.trim_matches('/').to_owned(),
            query: query.to_owned(),
            tc_url: text("tcUrl").to_owned(),
            flash_ver: text("flashVer").to_owned(),
            object_encoding: number(&object, "objectEncoding"),
            capabilities: Capabilities::of(&object),
            arguments: arguments.collect(),
            object,
        }
    }
}

/// What a peer can do of Enhanced RTMP. All empty for a peer that does not know it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Capabilities {
    /// `fourCcList`: codecs by FourCC; `*` stands for all.
    pub four_ccs: Vec<String>,
    /// `videoFourCcInfoMap`: by FourCC a sum of [`Self::CAN_DECODE`], [`Self::CAN_ENCODE`] and [`Self::CAN_FORWARD`].
    pub video: Vec<(String, u32)>,
    /// `audioFourCcInfoMap`, likewise.
    pub audio: Vec<(String, u32)>,
    /// `capsEx`: a sum of [`Self::RECONNECT`], [`Self::MULTITRACK`], [`Self::MOD_EX`] and [`Self::NANO_OFFSET`].
    pub extended: Option<u32>,
}

impl Capabilities {
    /// The codec can be decoded.
    pub const CAN_DECODE: u32 = 1;
    /// The codec can be encoded.
    pub const CAN_ENCODE: u32 = 2;
    /// The codec can be passed on.
    pub const CAN_FORWARD: u32 = 4;
    /// A request to reconnect is obeyed.
    pub const RECONNECT: u32 = 1;
    /// Messages of several tracks are understood.
    pub const MULTITRACK: u32 = 2;
    /// Modifiers before the payload are understood.
    pub const MOD_EX: u32 = 4;
    /// Timestamps in nanoseconds are understood.
    pub const NANO_OFFSET: u32 = 8;

    /// Whether the peer knows Enhanced RTMP at all.
    pub fn is_enhanced(&self) -> bool {
        *self != Self::default()
    }

    /// Whether the peer obeys a request to reconnect.
    pub fn can_reconnect(&self) -> bool {
        self.extended.unwrap_or_default() & Self::RECONNECT != 0
    }

    /// Reads them from a command object or from the answer to one.
    pub fn of(object: &Value) -> Self {
        Self {
            four_ccs: strings(object.get("fourCcList")),
            video: flags(object.get("videoFourCcInfoMap")),
            audio: flags(object.get("audioFourCcInfoMap")),
            extended: object.get("capsEx").and_then(Value::as_number).map(to_bits),
        }
    }
}

/// Splits `name?query`; the query is empty if there is none.
pub fn split_query(name: &str) -> (&str, &str) {
    name.split_once('?').unwrap_or((name, ""))
}

fn number(object: &Value, key: &str) -> f64 {
    object.get(key).and_then(Value::as_number).unwrap_or_default()
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let Some(Value::StrictArray(values)) = value else {
        return Vec::new();
    };
    values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn flags(value: Option<&Value>) -> Vec<(String, u32)> {
    let flag = |value: &Value| value.as_number().map(to_bits).unwrap_or_default();
    let pairs = value.and_then(Value::properties).unwrap_or_default();
    pairs.iter().map(|(key, value)| (key.to_string(), flag(value))).collect()
}

/// A bit mask that came as a number. What does not fit is cut, what is no number is 0.
fn to_bits(number: f64) -> u32 {
    number as u32
}
