//! How a client connects.

use std::time::Duration;

use crate::amf0::Value;

/// Where a client connects to, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The application.
    pub app: String,
    /// The URL up to the application.
    pub tc_url: String,
    /// Whether connect says that a request to connect anew is obeyed: then [`Event::Reconnect`](super::Event::Reconnect)
    /// may come.
    pub reconnects: bool,
    /// What else the command object of connect holds.
    pub extra: Vec<(&'static str, Value)>,
    /// The size of the chunks sent, in bytes.
    pub chunk_size: u32,
    /// Bytes that the server may send before it is acknowledged; the server may set another window.
    pub window: u32,
    /// From the start to the answer to connect.
    pub timeout: Duration,
}

impl Options {
    /// Connects to an application with the defaults of an encoder.
    pub fn new(app: &str, tc_url: &str) -> Self {
        Self {
            app: app.to_owned(),
            tc_url: tc_url.to_owned(),
            reconnects: false,
            extra: Vec::new(),
            chunk_size: 60_000,
            window: 2_500_000,
            timeout: Duration::from_secs(10),
        }
    }
}
