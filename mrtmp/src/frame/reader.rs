//! Bytes from a socket to frames. Each payload is copied once, into a buffer of its own.
#![deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::mem;

use bytes::{Buf, Bytes};

use super::codec::SKIPPABLE;
use super::limit::{Limits, MAX_LIST_FRAME};
use super::media::{LENGTH_WITHOUT_PAYLOAD, MEDIA_FRAMING};
use super::{Error, Frame, Kind, Media};

/// Cuts a stream of bytes into frames.
#[derive(Debug)]
pub struct Reader {
    limits: Limits,
    state: State,
}

#[derive(Debug)]
enum State {
    Start(Start),
    Body(Of, Body),
    /// The rest of a frame that this version does not know.
    Skip(usize),
}

/// Whose body it is.
#[derive(Debug)]
enum Of {
    Control(Kind),
    Media(Media),
    Header(Media),
}

impl Reader {
    /// Refuses frames that exceed `limits`.
    pub fn new(limits: Limits) -> Self {
        Self { limits, state: State::Start(Start::default()) }
    }

    /// Takes bytes off the front of `input`, up to the end of one frame. `None`: it took all, and no frame is whole.
    /// After an error the reader is of no use.
    pub fn read(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, Error> {
        loop {
            let whole = match &mut self.state {
                State::Start(start) => match start.fill(input, self.limits)? {
                    Some(next) => {
                        self.state = next;
                        continue;
                    }
                    None => false,
                },
                State::Skip(rest) => skip(rest, input),
                State::Body(_, body) => body.fill(input),
            };
            if !whole {
                return Ok(None);
            }
            if let Some(frame) = self.finish()? {
                return Ok(Some(frame));
            }
        }
    }

    fn finish(&mut self) -> Result<Option<Frame>, Error> {
        match mem::replace(&mut self.state, State::Start(Start::default())) {
            State::Body(Of::Control(kind), body) => Frame::decode(kind.number(), body.into()),
            State::Body(Of::Media(media), body) => Ok(Some(Frame::Media(Media { payload: body.into(), ..media }))),
            State::Body(Of::Header(media), body) => Ok(Some(Frame::Header(Media { payload: body.into(), ..media }))),
            State::Start(_) | State::Skip(_) => Ok(None),
        }
    }
}

fn skip(rest: &mut usize, input: &mut &[u8]) -> bool {
    let skipped = (*rest).min(input.len());
    input.advance(skipped);
    *rest = rest.saturating_sub(skipped);
    *rest == 0
}

/// What comes before the body: length and type, with media also the fields in front of the payload.
#[derive(Debug, Default)]
struct Start {
    bytes: [u8; MEDIA_FRAMING],
    filled: usize,
}

impl Start {
    /// What follows, once enough is here to say.
    fn fill(&mut self, input: &mut &[u8], limits: Limits) -> Result<Option<State>, Error> {
        if !self.fill_to(LENGTH_AND_TYPE, input) {
            return Ok(None);
        }
        let [a, b, c, d, number, ..] = self.bytes;
        let length = u32::from_be_bytes([a, b, c, d]);
        let body = length.checked_sub(1).ok_or(Error::NoType)?;
        let Some(kind) = Kind::from_number(number) else {
            return unknown(number, length).map(Some);
        };
        limits.check(kind, length)?;
        if kind.is_media() {
            return self.fill_media(kind, length, input);
        }
        Ok(Some(State::Body(Of::Control(kind), Body::new(body))))
    }

    fn fill_media(&mut self, kind: Kind, length: u32, input: &mut &[u8]) -> Result<Option<State>, Error> {
        let truncated = Error::Truncated { kind: kind.number() };
        let payload = length.checked_sub(LENGTH_WITHOUT_PAYLOAD).ok_or(truncated)?;
        if !self.fill_to(MEDIA_FRAMING, input) {
            return Ok(None);
        }
        let fields = self.bytes.get(LENGTH_AND_TYPE..).and_then(Media::from_framing);
        let of = fields.map(if kind == Kind::Header { Of::Header } else { Of::Media });
        Ok(of.map(|of| State::Body(of, Body::new(payload))))
    }

    fn fill_to(&mut self, wanted: usize, input: &mut &[u8]) -> bool {
        if let Some(gap) = self.bytes.get_mut(self.filled..wanted) {
            let length = gap.len().min(input.len());
            let (to, _) = gap.split_at_mut(length);
            input.copy_to_slice(to);
            self.filled = self.filled.saturating_add(length);
        }
        self.filled >= wanted
    }
}

fn unknown(number: u8, length: u32) -> Result<State, Error> {
    if number < SKIPPABLE {
        return Err(Error::UnknownType(number));
    }
    if length > MAX_LIST_FRAME {
        return Err(Error::FrameTooLong { kind: number, length, limit: MAX_LIST_FRAME });
    }
    Ok(State::Skip(size(length.saturating_sub(1))))
}

#[derive(Debug)]
struct Body {
    bytes: Vec<u8>,
    length: usize,
}

impl Body {
    fn new(length: u32) -> Self {
        Self { bytes: Vec::new(), length: size(length) }
    }

    fn fill(&mut self, input: &mut &[u8]) -> bool {
        let missing = self.length.saturating_sub(self.bytes.len());
        let (taken, rest) = input.split_at(missing.min(input.len()));
        self.make_room(taken.len());
        self.bytes.extend_from_slice(taken);
        *input = rest;
        self.bytes.len() == self.length
    }

    /// In one piece if that is little or all is here; else room for as much again as has come.
    fn make_room(&mut self, more: usize) {
        let needed = self.bytes.len().saturating_add(more);
        if needed <= self.bytes.capacity() {
            return;
        }
        let room = needed.saturating_mul(2).max(ROOM_AHEAD).min(self.length);
        self.bytes.reserve_exact(room.saturating_sub(self.bytes.len()));
    }
}

impl From<Body> for Bytes {
    fn from(body: Body) -> Self {
        body.bytes.into()
    }
}

fn size(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

const LENGTH_AND_TYPE: usize = 5;
/// Room that a body may get before its bytes are here.
const ROOM_AHEAD: usize = 64 * 1024;
