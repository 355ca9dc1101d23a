//! The messages of the protocol itself: protocol control (5.4) and user control events (6.2). They end at each hop.

use super::Error;
use crate::message::{Kind, Message};
use bytes::Bytes;

/// A protocol control message or a user control event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// The sender's chunks are this long from here on: bytes, 1 to [`super::MAX_CHUNK_SIZE`] (5.4.1).
    SetChunkSize(u32),
    /// The sender will not finish its message on this chunk stream (5.4.2).
    Abort(u32),
    /// The sender has received so many bytes in all, modulo 2^32 (5.4.3).
    Acknowledgement(u32),
    /// The sender wants an acknowledgement each time it has sent so many bytes (5.4.4).
    WindowAcknowledgementSize(u32),
    /// The receiver may have so many bytes on the way unacknowledged (5.4.5).
    SetPeerBandwidth(u32, BandwidthLimit),
    /// This message stream can be used from here on (6.2, event 0).
    StreamBegin(u32),
    /// Playback on this message stream is over (6.2, event 1).
    StreamEof(u32),
    /// There is no more for now on this message stream (6.2, event 2).
    StreamDry(u32),
    /// How much the client buffers of a message stream (6.2, event 3).
    SetBufferLength {
        /// The message stream.
        stream_id: u32,
        /// The length of the buffer in milliseconds.
        milliseconds: u32,
    },
    /// This message stream is a recording (6.2, event 4).
    StreamIsRecorded(u32),
    /// Is the client there? Milliseconds of the server's clock (6.2, event 6).
    PingRequest(u32),
    /// It is: the number of the request (6.2, event 7).
    PingResponse(u32),
}

/// How a peer is to take the window of Set Peer Bandwidth (5.4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BandwidthLimit {
    /// As it is.
    Hard,
    /// Unless its own is smaller.
    Soft,
    /// As hard after a hard one, else not at all. What a peer leaves out or makes up is read so.
    Dynamic,
}

impl Control {
    /// Reads a control message. `None`: another kind of message, or an event that is unknown, which is to be ignored.
    pub fn decode(message: &Message) -> Result<Option<Self>, Error> {
        let fields = Fields(message);
        Ok(Some(match message.kind {
            Kind::SET_CHUNK_SIZE => Self::SetChunkSize(fields.u32(0)?),
            Kind::ABORT => Self::Abort(fields.u32(0)?),
            Kind::ACKNOWLEDGEMENT => Self::Acknowledgement(fields.u32(0)?),
            Kind::WINDOW_ACKNOWLEDGEMENT_SIZE => Self::WindowAcknowledgementSize(fields.u32(0)?),
            Kind::SET_PEER_BANDWIDTH => {
                Self::SetPeerBandwidth(fields.u32(0)?, BandwidthLimit::from_wire(message.payload.get(4).copied()))
            }
            Kind::USER_CONTROL => return Self::decode_event(fields),
            _ => return Ok(None),
        }))
    }

    fn decode_event(fields: Fields<'_>) -> Result<Option<Self>, Error> {
        Ok(Some(match fields.u16(0)? {
            0 => Self::StreamBegin(fields.u32(2)?),
            1 => Self::StreamEof(fields.u32(2)?),
            2 => Self::StreamDry(fields.u32(2)?),
            3 => Self::SetBufferLength { stream_id: fields.u32(2)?, milliseconds: fields.u32(6)? },
            4 => Self::StreamIsRecorded(fields.u32(2)?),
            6 => Self::PingRequest(fields.u32(2)?),
            7 => Self::PingResponse(fields.u32(2)?),
            _ => return Ok(None),
        }))
    }

    /// The message, on message stream 0 at time 0 (5.4).
    pub fn encode(&self) -> Message {
        match *self {
            Self::SetChunkSize(bytes) => message(Kind::SET_CHUNK_SIZE, &[&bytes.to_be_bytes()]),
            Self::Abort(csid) => message(Kind::ABORT, &[&csid.to_be_bytes()]),
            Self::Acknowledgement(bytes) => message(Kind::ACKNOWLEDGEMENT, &[&bytes.to_be_bytes()]),
            Self::WindowAcknowledgementSize(bytes) => {
                message(Kind::WINDOW_ACKNOWLEDGEMENT_SIZE, &[&bytes.to_be_bytes()])
            }
            Self::SetPeerBandwidth(bytes, limit) => {
                message(Kind::SET_PEER_BANDWIDTH, &[&bytes.to_be_bytes(), &[limit as u8]])
            }
            Self::StreamBegin(stream_id) => event(0, &[stream_id]),
            Self::StreamEof(stream_id) => event(1, &[stream_id]),
            Self::StreamDry(stream_id) => event(2, &[stream_id]),
            Self::SetBufferLength { stream_id, milliseconds } => event(3, &[stream_id, milliseconds]),
            Self::StreamIsRecorded(stream_id) => event(4, &[stream_id]),
            Self::PingRequest(time) => event(6, &[time]),
            Self::PingResponse(time) => event(7, &[time]),
        }
    }
}

impl BandwidthLimit {
    fn from_wire(byte: Option<u8>) -> Self {
        match byte {
            Some(0) => Self::Hard,
            Some(1) => Self::Soft,
            _ => Self::Dynamic,
        }
    }
}

/// The payload of a message as numbers. What is behind the last of them is ignored.
#[derive(Clone, Copy)]
struct Fields<'a>(&'a Message);

impl Fields<'_> {
    fn u16(self, offset: usize) -> Result<u16, Error> {
        self.bytes(offset).map(u16::from_be_bytes)
    }

    fn u32(self, offset: usize) -> Result<u32, Error> {
        self.bytes(offset).map(u32::from_be_bytes)
    }

    fn bytes<const N: usize>(self, offset: usize) -> Result<[u8; N], Error> {
        let payload = &self.0.payload;
        let bytes = payload.get(offset..).and_then(|rest| rest.first_chunk()).copied();
        let needed = offset.saturating_add(N);
        bytes.ok_or(Error::ControlTooShort { kind: self.0.kind, length: payload.len(), needed })
    }
}

fn event(event: u16, fields: &[u32]) -> Message {
    let fields: Vec<u8> = fields.iter().flat_map(|field| field.to_be_bytes()).collect();
    message(Kind::USER_CONTROL, &[&event.to_be_bytes(), &fields])
}

fn message(kind: Kind, parts: &[&[u8]]) -> Message {
    Message { kind, timestamp: 0, stream_id: 0, payload: Bytes::from(parts.concat()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Control; 14] = [
        Control::SetChunkSize(4096),
        Control::Abort(6),
        Control::Acknowledgement(u32::MAX),
        Control::WindowAcknowledgementSize(2_500_000),
        Control::SetPeerBandwidth(2_500_000, BandwidthLimit::Hard),
        Control::SetPeerBandwidth(0, BandwidthLimit::Soft),
        Control::SetPeerBandwidth(1, BandwidthLimit::Dynamic),
        Control::StreamBegin(1),
        Control::StreamEof(1),
        Control::StreamDry(1),
        Control::SetBufferLength { stream_id: 1, milliseconds: 3000 },
        Control::StreamIsRecorded(1),
        Control::PingRequest(7),
        Control::PingResponse(7),
    ];

    #[test]
    fn control_messages_survive_the_wire() {
        for control in ALL {
            assert_eq!(Control::decode(&control.encode()), Ok(Some(control)));
        }
    }

    #[test]
    fn truncated_control_message_names_what_is_missing() {
        for control in ALL {
            let mut message = control.encode();
            message.payload.truncate(message.payload.len().min(6) - 3);
            assert!(matches!(Control::decode(&message), Err(Error::ControlTooShort { .. })), "{control:?}");
        }
        let error = Control::decode(&message(Kind::USER_CONTROL, &[&[0, 3, 0, 0, 0, 1]])).unwrap_err();
        assert_eq!(error.to_string(), "control message of type 4 has 6 bytes instead of 10");
    }

    #[test]
    fn unknown_events_are_ignored() {
        for event in [5, 26, 27, 31, 32, 0xFFFF_u16] {
            let message = message(Kind::USER_CONTROL, &[&event.to_be_bytes(), &[0; 42]]);
            assert_eq!(Control::decode(&message), Ok(None));
        }
        assert_eq!(Control::decode(&message(Kind::AUDIO, &[])), Ok(None));
    }

    #[test]
    fn ping_request_is_written_as_the_specification_draws_it() {
        let message = Control::PingRequest(0x0102_0304).encode();

        assert_eq!(message.kind, Kind::USER_CONTROL);
        assert_eq!(&message.payload[..], [0, 6, 1, 2, 3, 4]);
    }

    proptest! {
        #[test]
        fn what_random_bytes_decode_to_survives_the_wire(kind in 0..8_u8, bytes in prop::collection::vec(0..9_u8, 0..12)) {
            if let Ok(Some(control)) = Control::decode(&message(Kind(kind), &[&bytes])) {
                prop_assert_eq!(Control::decode(&control.encode()), Ok(Some(control)));
            }
        }
    }
}
