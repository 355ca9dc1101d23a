//! `publish`, `play`, `play2` and `onStatus` (7.2.2).

use std::time::Duration;

use super::{Arguments, Command, status};
use crate::amf0::Value;

/// What is to become of a published stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishKind {
    /// It goes to its viewers and is forgotten.
    Live,
    /// It replaces a recording.
    Record,
    /// It continues a recording.
    Append,
    /// Encoders make words up; they mean live.
    Other(String),
}

impl PublishKind {
    fn of(kind: Option<String>) -> Self {
        let Some(kind) = kind else {
            return Self::Live;
        };
        match kind.to_ascii_lowercase().as_str() {
            "live" | "" => Self::Live,
            "record" => Self::Record,
            "append" | "appendwithgap" => Self::Append,
            _ => Self::Other(kind),
        }
    }
}

/// What a viewer wants to see.
#[derive(Debug, Clone, PartialEq)]
pub struct Play {
    /// The name of the stream, with its query.
    pub name: String,
    /// From where.
    pub start: Start,
    /// For how long; zero is one frame, `None` all of it.
    pub duration: Option<Duration>,
    /// Whether it takes the place of what is playing, instead of following it.
    pub reset: bool,
}

/// Where to start playing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Live if there is such a stream, else the recording: −2.
    LiveOrRecorded,
    /// Only live: −1.
    Live,
    /// At this position of the recording.
    Recorded(Duration),
}

impl Start {
    /// 7.2.2.1 counts in seconds; players send milliseconds. That the negative values mean the same in both is on purpose.
    fn of(start: f64) -> Self {
        match milliseconds(start) {
            Some(position) => Self::Recorded(position),
            None if start == -1.0 || start == -1000.0 => Self::Live,
            None => Self::LiveOrRecorded,
        }
    }
}

pub(super) fn publish(mut arguments: Arguments) -> Command {
    match arguments.next() {
        Some(Value::Boolean(false)) => Command::CloseStream,
        name => Command::Publish {
            name: name.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned(),
            kind: PublishKind::of(arguments.text()),
        },
    }
}

pub(super) fn play(mut arguments: Arguments) -> Command {
    match arguments.next() {
        Some(Value::Boolean(false)) => Command::CloseStream,
        name => Command::Play(Play {
            name: name.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned(),
            start: arguments.number().map_or(Start::LiveOrRecorded, Start::of),
            duration: arguments.number().and_then(milliseconds),
            reset: arguments.next().is_none_or(|reset| is_reset(&reset)),
        }),
    }
}

/// `play2` has its parameters in an object; `transition` says how the new stream takes over from the old one.
pub(super) fn play2(mut arguments: Arguments) -> Command {
    let parameters = arguments.next().unwrap_or(Value::Null);
    let text = |key| parameters.get(key).and_then(Value::as_str).unwrap_or_default();
    let number = |key| parameters.get(key).and_then(Value::as_number);
    if text("transition") == "stop" {
        return Command::CloseStream;
    }
    Command::Play2(Play {
        name: text("streamName").to_owned(),
        start: number("start").map_or(Start::LiveOrRecorded, Start::of),
        duration: number("len").and_then(milliseconds),
        reset: text("transition") == "reset",
    })
}

/// Reset is a boolean, or 0 to 3, of which 1 and 3 clear the playlist.
fn is_reset(value: &Value) -> bool {
    match value {
        Value::Boolean(reset) => *reset,
        Value::Number(reset) => *reset != 0.0 && *reset != 2.0,
        _ => true,
    }
}

/// `None` for a negative number, or one that is none.
fn milliseconds(number: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(number / 1000.0).ok()
}

/// What `onStatus` and failed answers say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// `status`, `warning` or `error`.
    pub level: String,
    /// One of the codes of [`status`], or another.
    pub code: String,
    /// A sentence for people.
    pub description: String,
    /// Where to connect anew, as the server wrote it, if this asks for that.
    pub tc_url: Option<String>,
}

impl Status {
    /// Reads it from an information object. What is missing is empty.
    pub fn of(object: &Value) -> Self {
        let find = |key| object.get(key).and_then(Value::as_str);
        let text = |key| find(key).unwrap_or_default().to_owned();
        Self {
            level: text("level"),
            code: text("code"),
            description: text("description"),
            tc_url: find("tcUrl").map(str::to_owned),
        }
    }

    /// Whether it tells of a failure.
    pub fn is_error(&self) -> bool {
        self.level == status::LEVEL_ERROR
    }
}
