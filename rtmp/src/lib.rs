//! RTMP as a client sees it: chunks, messages, AMF, commands, codec headers and the log of a stream.
//! Sans-IO: bytes and the time come in as arguments, bytes and events go out as values.

pub mod aggregate;
pub mod amf;
pub mod amf0;
pub mod amf3;
pub mod broadcast;
pub mod chunk;
pub mod codec;
pub mod command;
pub mod handshake;
pub mod message;
pub mod session;

pub use message::Message;
