//! What a client tells its owner.

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
