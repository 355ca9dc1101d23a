//! What ends at each hop, on both sides of a connection alike: handshake, chunks, acknowledgements and pings.

use super::Error;
use crate::Message;
use crate::chunk::control::Control;
use crate::chunk::{self, Chunked, Limits, Reader, csid};
use crate::handshake::Handshake;
use crate::message::Kind;

/// One end of a connection below the commands.
#[derive(Debug)]
pub(super) struct Hop {
    /// `None` when it is done.
    handshake: Option<Handshake>,
    reader: Reader,
    output: Vec<u8>,
    /// Of what is written.
    chunk_size: usize,
    window: Window,
}

impl Hop {
    /// The side that was connected to.
    pub fn server(limits: Limits, window: u32) -> Self {
        Self::new(Handshake::server(), limits, window)
    }

    /// The side that connects.
    pub fn client(limits: Limits, window: u32) -> Self {
        let mut handshake = Handshake::client();
        let mut output = Vec::new();
        handshake.start(&mut output);
        Self { output, ..Self::new(handshake, limits, window) }
    }

    fn new(handshake: Handshake, limits: Limits, window: u32) -> Self {
        Self {
            handshake: Some(handshake),
            reader: Reader::new(limits),
            output: Vec::new(),
            chunk_size: chunk::INITIAL_CHUNK_SIZE,
            window: Window::new(window),
        }
    }

    /// Whether the handshake is done.
    pub fn is_open(&self) -> bool {
        self.handshake.is_none()
    }

    /// The size of the chunks that are written.
    pub fn chunk_size(&self) -> usize {
        self.chunk_size
    }

    /// Sets the limit of one message, from the next one on.
    pub fn set_message_limit(&mut self, bytes: usize) {
        self.reader.set_message_limit(bytes);
    }

    /// Counts what came in and acknowledges it when it is time. To be called once for each piece of input, before
    /// it is read: the acknowledgement then leaves with the answers.
    pub fn count(&mut self, len: usize) {
        if let Some(received) = self.window.count(len)
            && self.is_open()
        {
            self.send_control(Control::Acknowledgement(received));
        }
    }

    /// The next message that is for the layer above. `None`: the input is consumed.
    pub fn read(&mut self, input: &mut &[u8]) -> Result<Option<Message>, Error> {
        if let Some(handshake) = &mut self.handshake {
            if !handshake.read(input, &mut self.output)? {
                return Ok(None);
            }
            self.handshake = None;
        }
        while let Some(message) = self.reader.read(input)? {
            match Control::decode(&message)? {
                Some(control) => {
                    if !self.obey(control) {
                        return Ok(Some(message));
                    }
                }
                // 6.2: unknown events are ignored.
                None if message.kind == Kind::USER_CONTROL => {}
                None => return Ok(Some(message)),
            }
        }
        Ok(None)
    }

    /// Returns false for what is about a stream.
    fn obey(&mut self, control: Control) -> bool {
        match control {
            Control::WindowAcknowledgementSize(bytes) => self.window.set(bytes),
            Control::PingRequest(time) => self.send_control(Control::PingResponse(time)),
            Control::StreamBegin(_) | Control::StreamEof(_) | Control::StreamDry(_) => {
                return false;
            }
            Control::SetBufferLength { .. } | Control::StreamIsRecorded(_) => return false,
            _ => {}
        }
        true
    }

    /// Writes a message on the chunk stream of its kind.
    pub fn send(&mut self, message: &Message) {
        Chunked::new(csid(message.kind), message, self.chunk_size).write(&mut self.output);
    }

    /// Writes a control message. A Set Chunk Size counts from the next message on.
    pub fn send_control(&mut self, control: Control) {
        self.send(&control.encode());
        if let Control::SetChunkSize(size) = control {
            self.chunk_size = usize::try_from(size).unwrap_or(chunk::MAX_CHUNK_SIZE);
        }
    }

    /// Moves what is written to the end of `into`. Nothing stays allocated.
    pub fn poll_output(&mut self, into: &mut Vec<u8>) {
        into.append(&mut std::mem::take(&mut self.output));
    }
}

/// What has come in and how much of it was acknowledged (5.4.3).
#[derive(Debug)]
struct Window {
    size: u32,
    received: u32,
    acknowledged: u32,
}

impl Window {
    const fn new(size: u32) -> Self {
        Self { size, received: 0, acknowledged: 0 }
    }

    fn set(&mut self, size: u32) {
        self.size = size;
    }

    /// Returns what to acknowledge: the running total, modulo 2^32. At half the window already, so that a peer that
    /// stops at the end of it never does.
    fn count(&mut self, len: usize) -> Option<u32> {
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        self.received = self.received.wrapping_add(len);
        let pending = self.received.wrapping_sub(self.acknowledged);
        if pending == 0 || pending < self.size / 2 {
            return None;
        }
        self.acknowledged = self.received;
        Some(self.received)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acknowledgements_are_a_running_total() {
        let mut window = Window::new(1000);

        assert_eq!(window.count(499), None);
        assert_eq!(window.count(1), Some(500));
        assert_eq!(window.count(600), Some(1100));
    }

    #[test]
    fn the_total_wraps_around() {
        let mut window = Window { received: u32::MAX, acknowledged: u32::MAX, size: 2 };

        assert_eq!(window.count(3), Some(2));
    }

    #[test]
    fn a_window_of_nothing_acknowledges_every_input() {
        let mut window = Window::new(0);

        assert_eq!(window.count(1), Some(1));
        assert_eq!(window.count(0), None);
    }
}
