//! The messages of the handshake and how they look on the wire: the magic once each way, then HELLO, PROOF or REFUSE.
#![deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use bytes::{Buf, BufMut, Bytes};

use super::secret::Proof;
use super::{Error, MAX_SECRETS, Refusal, Role};
use crate::frame;
use crate::frame::limit::{MAX_CONTROL, MAX_PAYLOAD, MIN_CONTROL, MIN_PAYLOAD};
use crate::frame::wire::{Input, Wire, fields};
use crate::id::{BootId, Name};

/// One message of the handshake.
#[derive(Debug)]
pub(super) enum Message {
    /// And its bytes, as sent.
    Hello(Hello, Bytes),
    Proof(Vec<Proof>),
    Refuse(Refusal),
}

/// Who a side is and what it takes. This layout never changes; later versions add optional fields behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hello {
    pub lowest: u16,
    pub highest: u16,
    pub role: Role,
    pub cluster: Name,
    pub name: Name,
    pub boot: BootId,
    pub number: u64,
    pub nonce: [u8; 32],
    pub generation: u64,
    pub payload: u32,
    pub control: u32,
    pub expected: Option<Name>,
}

fields! {
    Hello { lowest, highest, role, cluster, name, boot, number, nonce, generation, payload, control, expected }
}

impl Hello {
    /// Refuses limits that no version allows.
    fn check(self) -> Result<Self, frame::Error> {
        check_limit("a payload limit", self.payload, MIN_PAYLOAD, MAX_PAYLOAD)?;
        check_limit("a control limit", self.control, MIN_CONTROL, MAX_CONTROL)?;
        Ok(self)
    }
}

fn check_limit(field: &'static str, value: u32, lowest: u32, highest: u32) -> Result<(), frame::Error> {
    if !(lowest..=highest).contains(&value) {
        return Err(frame::Error::Value { field, value: value.into() });
    }
    Ok(())
}

/// Appends a HELLO and gives its bytes.
pub(super) fn put_hello(hello: &Hello, out: &mut Vec<u8>) -> Result<Bytes, frame::Error> {
    let mut body = Vec::new();
    hello.put(&mut body)?;
    let mut message = Vec::new();
    put(HELLO, &body, &mut message);
    out.put_slice(&message);
    Ok(message.into())
}

/// Appends a PROOF.
pub(super) fn put_proof(proofs: &[Proof], out: &mut Vec<u8>) {
    let count = u8::try_from(proofs.len()).unwrap_or(u8::MAX);
    let body: Vec<u8> = std::iter::once(count).chain(proofs.iter().flatten().copied()).collect();
    put(PROOF, &body, out);
}

/// Appends a REFUSE.
pub(super) fn put_refuse(refusal: Refusal, out: &mut Vec<u8>) {
    put(REFUSE, &[refusal.number()], out);
}

fn put(kind: u8, body: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    out.put_u32(length.saturating_add(1));
    out.put_u8(kind);
    out.put_slice(body);
}

/// Cuts the peer's first bytes into messages, and takes not one byte more.
#[derive(Debug, Default)]
pub(super) struct Reader {
    greeted: bool,
    bytes: Vec<u8>,
}

impl Reader {
    /// Takes bytes off the front of `input`, up to the end of one message. `None`: it took all.
    pub(super) fn read(&mut self, input: &mut &[u8]) -> Result<Option<Message>, Error> {
        if !self.greeted && !self.greet(input)? {
            return Ok(None);
        }
        if !self.fill_to(LENGTH_LEN, input) {
            return Ok(None);
        }
        let length = self.bytes.as_slice().try_get_u32().unwrap_or(0);
        let whole = LENGTH_LEN.saturating_add(check_length(length)?);
        if !self.fill_to(whole, input) {
            return Ok(None);
        }
        decode(std::mem::take(&mut self.bytes).into()).map(Some)
    }

    fn greet(&mut self, input: &mut &[u8]) -> Result<bool, Error> {
        self.greeted = self.fill_to(MAGIC.len(), input);
        if !MAGIC.starts_with(&self.bytes) {
            return Err(Error::Magic);
        }
        if self.greeted {
            self.bytes.clear();
        }
        Ok(self.greeted)
    }

    fn fill_to(&mut self, wanted: usize, input: &mut &[u8]) -> bool {
        let missing = wanted.saturating_sub(self.bytes.len());
        let (taken, rest) = input.split_at(missing.min(input.len()));
        self.bytes.extend_from_slice(taken);
        *input = rest;
        self.bytes.len() >= wanted
    }
}

fn check_length(length: u32) -> Result<usize, Error> {
    if length > MAX_MESSAGE {
        return Err(frame::Error::FrameTooLong { kind: HELLO, length, limit: MAX_MESSAGE }.into());
    }
    if length == 0 {
        return Err(frame::Error::NoType.into());
    }
    Ok(usize::try_from(length).unwrap_or(usize::MAX))
}

/// `message` is whole, length included.
fn decode(message: Bytes) -> Result<Message, Error> {
    let mut body = message.clone();
    body.advance(LENGTH_LEN.min(body.len()));
    let kind = body.try_get_u8().unwrap_or(0);
    let mut input = Input::new(kind, body);
    let decoded = match kind {
        HELLO => Message::Hello(Hello::take(&mut input)?.check()?, message),
        PROOF => Message::Proof(take_proofs(&mut input)?),
        REFUSE => Message::Refuse(Refusal::from_number(u8::take(&mut input)?)),
        kind => return Err(Error::Misplaced { kind }),
    };
    input.skip_optional()?;
    Ok(decoded)
}

fn take_proofs(input: &mut Input) -> Result<Vec<Proof>, frame::Error> {
    let count = u8::take(input)?;
    if usize::from(count) > MAX_SECRETS {
        return Err(frame::Error::FieldTooLong { field: "a list of proofs", length: count.into(), limit: MAX_SECRETS });
    }
    input.list(count.into())
}

impl Wire for Role {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), frame::Error> {
        self.number().put(out)
    }

    fn take(input: &mut Input) -> Result<Self, frame::Error> {
        let number = u8::take(input)?;
        Self::from_number(number).ok_or(frame::Error::Value { field: "a role", value: number.into() })
    }
}

/// The first bytes of each side.
pub(super) const MAGIC: &[u8; 4] = b"MRTP";
const LENGTH_LEN: usize = 4;
pub(super) const HELLO: u8 = 0x01;
pub(super) const PROOF: u8 = 0x02;
const REFUSE: u8 = 0x03;
/// The longest message of a handshake, its length field not counted.
const MAX_MESSAGE: u32 = 4096;
