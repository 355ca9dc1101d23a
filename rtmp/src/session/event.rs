//! What a server session tells its owner.

use crate::Message;
use crate::command::{ConnectRequest, Play};

/// What a client did that the session can not answer alone.
///
/// The stream ids are the connection's own. The owner takes the events in order and may wait in between: what has
/// come in meanwhile stays queued, so it reads no more input until it has taken all events.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The client wants in: answer with [`accept_connect`](super::Server::accept_connect) or
    /// [`refuse_connect`](super::Server::refuse_connect).
    Connect(Box<ConnectRequest>),
    /// The client wants to publish live: answer with [`start_publish`](super::Server::start_publish) or
    /// [`refuse_publish`](super::Server::refuse_publish). Media may follow before the answer.
    Publish {
        /// The stream.
        stream_id: u32,
        /// The name without its query; not empty.
        name: String,
        /// What follows a `?` in the name, or nothing.
        query: String,
    },
    /// The client wants to play: answer with [`start_play`](super::Server::start_play) or
    /// [`refuse_play`](super::Server::refuse_play).
    Play {
        /// The stream.
        stream_id: u32,
        /// What to play. Its name is without the query and not empty; its start is not inside a recording.
        play: Box<Play>,
        /// What follows a `?` in the name, or nothing.
        query: String,
    },
    /// Audio, video or data of a stream that publishes. `@setDataFrame` is stripped, aggregates are taken apart.
    Media(Message),
    /// A viewer pauses or goes on; it goes on with a keyframe. It was answered.
    Pause {
        /// The stream.
        stream_id: u32,
        /// Whether it is paused now.
        paused: bool,
    },
    /// A viewer wants audio, or none.
    ReceiveAudio {
        /// The stream.
        stream_id: u32,
        /// Whether it wants it.
        receive: bool,
    },
    /// A viewer wants video, which goes on with a keyframe, or none.
    ReceiveVideo {
        /// The stream.
        stream_id: u32,
        /// Whether it wants it.
        receive: bool,
    },
    /// The client ended what it asked for or did on this stream, or deleted it. It was answered, but for a publisher, who
    /// waits for [`confirm_unpublish`](super::Server::confirm_unpublish). The stream can be used again by a later event.
    Close {
        /// The stream.
        stream_id: u32,
    },
}
