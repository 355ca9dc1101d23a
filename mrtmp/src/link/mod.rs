//! One link between two parts, as a state machine: handshake, heartbeats, frames. No sockets, no clock of its own.

mod clock;
mod config;
mod error;
mod handshake;
mod message;
mod secret;

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::clock::Clock;
pub use self::clock::{HEARTBEAT_INTERVAL, SILENCE_LIMIT, Watchdog};
pub use self::config::{Config, HANDSHAKE_LIMIT, LOWEST_VERSION, Opening, Peer, Role, VERSION};
pub use self::error::{Error, Refusal, SecretError};
use self::handshake::Handshake;
use self::secret::Side;
pub use self::secret::{MAX_SECRETS, MIN_SECRET, Secrets};
use crate::frame::{Frame, Kind, MEDIA_FRAMING, Media, Reader, Way};
use crate::id::Name;

/// One end of a link. After an error it is closed: write what [`Self::poll_output`] still gives, then close the
/// connection.
#[derive(Debug)]
pub struct Link {
    config: Arc<Config>,
    generation: u64,
    state: State,
    /// The handshake's last words; they go before any frame.
    handshake: Vec<u8>,
    frames: Vec<u8>,
    events: VecDeque<Event>,
}

/// What a link tells its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The peer has proved who it is; frames may be sent.
    Up(Peer),
    /// A frame came. Heartbeats too, for their generation.
    Frame(Frame),
}

#[derive(Debug)]
enum State {
    Opening(Box<Handshake>, Instant),
    Up(Box<Up>),
    Closed,
}

#[derive(Debug)]
struct Up {
    side: Side,
    /// The role of the side that dialled.
    dialler: Role,
    peer: Peer,
    peer_generation: u64,
    reader: Reader,
    clock: Clock,
}

impl Link {
    /// The dialling side; `expected` is the name of the part that should answer.
    pub fn dial(config: Arc<Config>, expected: Name, opening: Opening, now: Instant) -> Result<Self, Error> {
        let handshake = Handshake::dial(config.clone(), expected, &opening)?;
        Ok(Self::new(config, opening.generation, handshake, now))
    }

    /// The side that was dialled.
    pub fn listen(config: Arc<Config>, opening: Opening, now: Instant) -> Self {
        let generation = opening.generation;
        Self::new(config.clone(), generation, Handshake::listen(config, opening), now)
    }

    fn new(config: Arc<Config>, generation: u64, mut handshake: Handshake, now: Instant) -> Self {
        Self {
            generation,
            handshake: handshake.take_output(),
            state: State::Opening(Box::new(handshake), now + config.handshake),
            config,
            frames: Vec::new(),
            events: VecDeque::new(),
        }
    }

    /// Takes in what came from the peer. [`Error::Frozen`] comes before the first byte is looked at.
    pub fn handle_input(&mut self, input: &[u8], now: Instant) -> Result<(), Error> {
        let handled = self.check_clock(now).and_then(|()| self.handle_bytes(input, now));
        self.close_on_error(handled)
    }

    /// To be called at [`Self::deadline`]; does nothing before. [`Error::Silent`]: the peer is gone.
    /// [`Error::Frozen`]: this process was.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        let handled = self.check_clock(now).and_then(|()| self.handle_deadline(now));
        self.close_on_error(handled)
    }

    /// What happened. Poll until `None` after each input.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Appends what is to be written: handshake, then a heartbeat that is due, then frames. Poll it before each batch
    /// of media, so that heartbeats never wait behind more than one.
    pub fn poll_output(&mut self, now: Instant, into: &mut Vec<u8>) {
        into.append(&mut self.handshake);
        if let State::Up(up) = &mut self.state
            && let Some(heartbeat) = up.clock.poll_heartbeat(self.generation, now)
        {
            // A heartbeat always fits.
            let _ = Frame::Heartbeat(heartbeat).encode(into);
        }
        into.append(&mut self.frames);
    }

    /// Queues a frame. The queue has no bound of its own: send what the caller's own limits let through, and poll.
    /// Copies the payload of media; see [`Self::framing`]. An error leaves the link as it is: the frame does not fit.
    pub fn send(&mut self, frame: &Frame) -> Result<(), Error> {
        let up = self.up()?;
        up.check_way(frame.kind(), up.side)?;
        let start = self.frames.len();
        frame.encode(&mut self.frames)?;
        let length = self.frames.len().saturating_sub(start);
        let fits = self.check_limits(frame, length);
        if fits.is_err() {
            self.frames.truncate(start);
        }
        fits
    }

    /// The bytes in front of a media payload, for a caller that writes the payload itself, after all that
    /// [`Self::poll_output`] gives. `kind` is [`Kind::Media`] or [`Kind::Header`].
    pub fn framing(&self, kind: Kind, media: &Media) -> Result<[u8; MEDIA_FRAMING], Error> {
        let up = self.up()?;
        up.check_way(kind, up.side)?;
        up.peer.limits.check_payload(media.payload_len())?;
        Ok(media.framing(kind)?)
    }

    /// Refuses a peer while the handshake goes on, for instance since there are too many. The link is closed then.
    pub fn refuse(&mut self, refusal: Refusal) {
        if let State::Opening(mut handshake, _) = mem::replace(&mut self.state, State::Closed) {
            handshake.refuse(refusal);
            self.handshake.append(&mut handshake.take_output());
        }
    }

    /// When [`Self::handle_timeout`] is to be called. `None`: the link is closed.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Opening(_, deadline) => Some(*deadline),
            State::Up(up) => Some(up.clock.deadline()),
            State::Closed => None,
        }
    }

    /// The route generation that the next heartbeat shows.
    pub fn set_generation(&mut self, generation: u64) {
        self.generation = generation;
    }

    /// The highest route generation that the peer has shown; 0 before the link is up.
    pub fn peer_generation(&self) -> u64 {
        self.up().map_or(0, |up| up.peer_generation)
    }

    /// Who is at the other end, once the link is up.
    pub fn peer(&self) -> Option<&Peer> {
        self.up().ok().map(|up| &up.peer)
    }

    /// The time to the peer and back, smoothed. `None` until the first heartbeat was answered.
    pub fn rtt(&self) -> Option<Duration> {
        self.up().ok().and_then(|up| up.clock.round_trip())
    }

    fn up(&self) -> Result<&Up, Error> {
        match &self.state {
            State::Up(up) => Ok(up),
            State::Opening(..) | State::Closed => Err(Error::NotUp),
        }
    }

    fn check_clock(&self, now: Instant) -> Result<(), Error> {
        self.deadline().map_or(Err(Error::NotUp), |due| Watchdog::new(due).check(now))
    }

    fn close_on_error(&mut self, handled: Result<(), Error>) -> Result<(), Error> {
        if handled.is_err() {
            self.state = State::Closed;
        }
        handled
    }

    fn handle_bytes(&mut self, mut input: &[u8], now: Instant) -> Result<(), Error> {
        if let State::Opening(handshake, _) = &mut self.state {
            let handled = handshake.handle_input(&mut input);
            self.handshake.append(&mut handshake.take_output());
            let Some(peer) = handled? else { return Ok(()) };
            let side = handshake.side();
            self.come_up(side, peer, now);
        }
        self.handle_frames(input, now)
    }

    fn come_up(&mut self, side: Side, peer: Peer, now: Instant) {
        self.events.push_back(Event::Up(peer.clone()));
        self.state = State::Up(Box::new(Up {
            side,
            dialler: if side == Side::Dialler { self.config.role } else { peer.role },
            peer_generation: peer.generation,
            peer,
            reader: Reader::new(self.config.limits.clamped()),
            clock: Clock::new(now),
        }));
    }

    fn handle_frames(&mut self, mut input: &[u8], now: Instant) -> Result<(), Error> {
        let State::Up(up) = &mut self.state else {
            return Ok(());
        };
        if !input.is_empty() {
            up.clock.hear(now);
        }
        while let Some(frame) = up.reader.read(&mut input)? {
            up.check_way(frame.kind(), up.side.other())?;
            if let Frame::Heartbeat(heartbeat) = &frame {
                up.clock.handle_heartbeat(*heartbeat, now);
                up.peer_generation = up.peer_generation.max(heartbeat.generation);
            }
            self.events.push_back(Event::Frame(frame));
        }
        Ok(())
    }

    fn handle_deadline(&mut self, now: Instant) -> Result<(), Error> {
        match &mut self.state {
            State::Opening(_, deadline) if now >= *deadline => Err(Error::Slow(self.config.handshake)),
            State::Up(up) if now >= up.clock.deadline() => up.clock.handle_timeout(now),
            State::Opening(..) | State::Up(_) | State::Closed => Ok(()),
        }
    }

    fn check_limits(&self, frame: &Frame, encoded: usize) -> Result<(), Error> {
        let length = u32::try_from(encoded.saturating_sub(4)).unwrap_or(u32::MAX);
        Ok(self.up()?.peer.limits.check(frame.kind(), length)?)
    }
}

impl Up {
    /// Refuses what `from` has no business to send.
    fn check_way(&self, kind: Kind, from: Side) -> Result<(), Error> {
        let watched = self.dialler == Role::Operator;
        let fits = match kind.way() {
            Way::Link => true,
            Way::Both => !watched,
            Way::Up => !watched && from == Side::Dialler,
            Way::Down => !watched && from == Side::Listener,
            Way::Report => watched && from == Side::Listener,
        };
        if !fits {
            return Err(Error::Misplaced { kind: kind.number() });
        }
        Ok(())
    }
}
