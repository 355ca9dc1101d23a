//! What a client tells its owner.

use super::reconnect::BadTcUrl;
use crate::Message;
use crate::chunk::control::Control;
use crate::command::{Answer, Status};

/// What a client learns.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Connect was accepted; the answer is whole.
    Connected(Answer),
    /// A stream publishes: media may be sent on it.
    Published {
        /// The stream.
        stream_id: u32,
    },
    /// A stream plays.
    Playing {
        /// The stream.
        stream_id: u32,
    },
    /// Another status.
    Status {
        /// The stream; 0 for the connection.
        stream_id: u32,
        /// What it says.
        status: Status,
    },
    /// Something was refused, with an `_error` or with a status of that level.
    Refused {
        /// The stream; 0 for the connection.
        stream_id: u32,
        /// What it says.
        status: Status,
    },
    /// The server wants the client to connect anew, and goes on until it has. Only a client that
    /// [reconnects](super::Options::reconnects) is asked.
    Reconnect {
        /// Where to: the whole URL, up to the application. An error says why there is none to be followed.
        tc_url: Result<String, BadTcUrl>,
        /// A sentence for people.
        description: String,
    },
    /// The answer to [`Client::call`](super::Client::call).
    Answered {
        /// The transaction id.
        transaction_id: f64,
        /// What it holds.
        answer: Answer,
    },
    /// A command of the server.
    Called {
        /// Its name.
        name: String,
    },
    /// A user control event.
    Control(Control),
    /// Audio, video or data.
    Media(Message),
}
