//! Commands (7.2): what a client asks of a connection or of a stream, typed, and the answers to it.

#![deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

pub mod answer;
mod arguments;
mod connect;
pub mod request;
pub mod status;
mod stream;

pub use connect::{Capabilities, ConnectRequest, split_query};
pub use stream::{Play, PublishKind, Start, Status};

use arguments::Arguments;
use bytes::Bytes;

use crate::Message;
use crate::amf0::{self, Decoder, Limits, Value};
use crate::message::Kind;

/// A command with its transaction id, to which the answer refers; 0 wants no answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// The transaction id.
    pub transaction_id: f64,
    /// What is asked.
    pub command: Command,
}

/// A command. What is missing behind its name is taken as a player of old would have meant it.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// `connect` (7.2.1.1).
    Connect(Box<ConnectRequest>),
    /// `createStream` (7.2.1.3).
    CreateStream,
    /// `releaseStream(name)`: encoders send it before they publish.
    ReleaseStream(String),
    /// `FCPublish(name)`: likewise.
    FcPublish(String),
    /// `FCUnpublish(name)`: the encoder ends.
    FcUnpublish(String),
    /// `FCSubscribe(name)`: players of content delivery networks send it before they play.
    FcSubscribe(String),
    /// `publish(name, kind)` (7.2.2.6).
    Publish {
        /// The name of the stream, with its query.
        name: String,
        /// What is to become of the stream.
        kind: PublishKind,
    },
    /// `play(name, start, duration, reset)` (7.2.2.1).
    Play(Play),
    /// `play2` (7.2.2.2) to another stream.
    Play2(Play),
    /// `pause(paused, milliseconds)` (7.2.2.8), and `pauseRaw`.
    Pause(bool),
    /// `seek(milliseconds)` (7.2.2.7).
    Seek(f64),
    /// `receiveAudio(receive)` (7.2.2.4).
    ReceiveAudio(bool),
    /// `receiveVideo(receive)` (7.2.2.5).
    ReceiveVideo(bool),
    /// `closeStream`, and `publish(false)` and `play(false)`, which mean the same.
    CloseStream,
    /// `deleteStream(stream id)` (7.2.2.3).
    DeleteStream(u32),
    /// `getStreamLength(name)`.
    StreamLength(String),
    /// `_checkbw`.
    CheckBandwidth,
    /// `_result`: the answer to the command with this transaction id.
    Result(Answer),
    /// `_error`: likewise.
    Error(Answer),
    /// `onStatus` (7.2.2).
    Status(Status),
    /// Anything else.
    Call {
        /// The name of the command.
        name: String,
        /// The command object; null if it is missing.
        object: Value,
        /// The arguments.
        arguments: Vec<Value>,
    },
}

/// What an answer holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The properties: null unless connect is answered.
    pub properties: Value,
    /// The value; null if it is missing.
    pub value: Value,
}

/// Why a command can not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its values are broken.
    #[error("command with broken values: {0}")]
    Amf0(#[from] amf0::Error),
    /// It does not begin with a string.
    #[error("command without a name")]
    NoName,
}

/// Reads a command message, of AMF0 or of AMF3.
pub fn decode(message: &Message, limits: Limits) -> Result<Invocation, Error> {
    let mut decoder = Decoder::new(&body(message), limits);
    let mut values = Arguments::new(std::iter::from_fn(|| decoder.next_value().transpose()).collect::<Result<_, _>>()?);
    let name = values.text().ok_or(Error::NoName)?;
    let transaction_id = values.number().unwrap_or_default();
    let object = values.next().unwrap_or(Value::Null);
    Ok(Invocation { transaction_id, command: Command::of(name, object, values) })
}

/// 7.1.1: AMF3 commands begin with a byte that says that AMF0 follows.
fn body(message: &Message) -> Bytes {
    match message.payload.first() {
        Some(0) if message.kind == Kind::COMMAND_AMF3 => message.payload.slice(1..),
        _ => message.payload.clone(),
    }
}

impl Command {
    fn of(name: String, object: Value, mut arguments: Arguments) -> Self {
        match name.as_str() {
            "connect" => Self::Connect(Box::new(ConnectRequest::decode(object, arguments))),
            "createStream" => Self::CreateStream,
            "releaseStream" => Self::ReleaseStream(arguments.name()),
            "FCPublish" => Self::FcPublish(arguments.name()),
            "FCUnpublish" => Self::FcUnpublish(arguments.name()),
            "FCSubscribe" => Self::FcSubscribe(arguments.name()),
            "publish" => stream::publish(arguments),
            "play" => stream::play(arguments),
            "play2" => stream::play2(arguments),
            "pause" | "pauseRaw" => Self::Pause(arguments.boolean().unwrap_or(true)),
            "seek" => Self::Seek(arguments.number().unwrap_or_default()),
            "receiveAudio" => Self::ReceiveAudio(arguments.boolean().unwrap_or(true)),
            "receiveVideo" => Self::ReceiveVideo(arguments.boolean().unwrap_or(true)),
            "closeStream" => Self::CloseStream,
            "deleteStream" => Self::DeleteStream(arguments.stream_id()),
            "getStreamLength" => Self::StreamLength(arguments.name()),
            "_checkbw" => Self::CheckBandwidth,
            "_result" => Self::Result(Answer::of(object, arguments)),
            "_error" => Self::Error(Answer::of(object, arguments)),
            "onStatus" => Self::Status(Status::of(&arguments.next().unwrap_or(Value::Null))),
            _ => Self::Call { name, object, arguments: arguments.collect() },
        }
    }
}

impl Answer {
    fn of(properties: Value, mut arguments: Arguments) -> Self {
        Self { properties, value: arguments.next().unwrap_or(Value::Null) }
    }
}

#[cfg(test)]
mod tests;
