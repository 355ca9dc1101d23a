//! A server session survives whatever a client sends, in any pieces and at any pace, and holds and answers no more than
//! that is worth.
//!
//! The input is a list of steps, each of them four bytes and a piece: how long the client waited (in 100 ms), what the
//! owner decides about all that it asks (odd: yes), and how many bytes of the piece follow.
#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use livecluster_rtmp::session::{Config, Error, Event, Server};

fuzz_target!(|input: &[u8]| {
    let mut steps = input;
    let mut scene = Scene::new();
    while let Some(([wait, decision, low, high], rest)) = steps.split_first_chunk() {
        let len = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
        let (piece, rest) = rest.split_at(len);
        steps = rest;
        let wait = Duration::from_millis(100) * u32::from(*wait);
        if scene.step(wait, piece, decision % 2 == 1).is_err() {
            return;
        }
    }
});

struct Scene {
    server: Server,
    now: Instant,
    /// Bytes that came, and bytes of media that went to the owner.
    input: usize,
    media: usize,
}

impl Scene {
    fn new() -> Self {
        let now = Instant::now();
        Self { server: Server::new(Config::default(), now), now, input: 0, media: 0 }
    }

    fn step(&mut self, wait: Duration, piece: &[u8], agrees: bool) -> Result<(), Error> {
        self.now += wait;
        self.input += piece.len();
        self.server.handle_timeout(self.now)?;
        let handled = self.server.handle_input(piece, self.now);
        self.take_events(agrees)?;
        let mut output = Vec::new();
        self.server.poll_output(&mut output);
        assert!(output.len() <= ANSWER + piece.len() * AMPLIFICATION, "{} bytes for {}", output.len(), piece.len());
        assert!(self.media <= self.input, "{} bytes of media in {}", self.media, self.input);
        handled
    }

    fn take_events(&mut self, agrees: bool) -> Result<(), Error> {
        let server = &mut self.server;
        while let Some(event) = server.poll_event() {
            match event {
                Event::Connect(_) if agrees => server.accept_connect(self.now)?,
                Event::Connect(_) => server.refuse_connect("NetConnection.Connect.Rejected", "no"),
                Event::Publish { stream_id, .. } if agrees => server.start_publish(stream_id),
                Event::Publish { stream_id, .. } => server.refuse_publish(stream_id, "NetStream.Publish.BadName", "no"),
                Event::Play { stream_id, .. } if agrees => server.start_play(stream_id),
                Event::Play { stream_id, .. } => server.refuse_play(stream_id, "NetStream.Play.Failed", "no"),
                Event::Media(message) => self.media += message.payload.len(),
                Event::Pause { stream_id, .. } if !agrees => server.stop_play(stream_id),
                _ => {}
            }
        }
        Ok(())
    }
}

/// What a session may answer to one piece: the handshake and the answer to connect are the most.
const ANSWER: usize = 16 << 10;
/// And for each byte of it.
const AMPLIFICATION: usize = 32;
