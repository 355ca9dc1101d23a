//! The handshake of either side, from the first byte to a peer that has proved who it is.
#![deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::mem;
use std::sync::Arc;

use bytes::Bytes;

use super::message::{HELLO, Hello, MAGIC, Message, PROOF, Reader, put_hello, put_proof, put_refuse};
use super::secret::{Proof, Said, Secrets, Side};
use super::{Config, Error, Opening, Peer, Refusal, Role};
use crate::frame::Limits;
use crate::id::Name;

/// A handshake that goes on.
#[derive(Debug)]
pub(super) struct Handshake {
    config: Arc<Config>,
    side: Side,
    stage: Stage,
    reader: Reader,
    /// Our first bytes are queued.
    greeted: bool,
    out: Vec<u8>,
}

#[derive(Debug)]
enum Stage {
    /// The listener waits for the first word.
    Listening(Opening),
    /// The dialler's HELLO is out.
    Dialling {
        expected: Name,
        hello: Bytes,
    },
    /// Both HELLOs are known.
    Proving(Proving),
    Over,
}

#[derive(Debug)]
struct Proving {
    peer: Peer,
    dialler: Role,
    listener: Role,
    dialler_hello: Bytes,
    listener_hello: Bytes,
}

impl Handshake {
    pub(super) fn listen(config: Arc<Config>, opening: Opening) -> Self {
        Self::new(config, Side::Listener, Stage::Listening(opening))
    }

    pub(super) fn dial(config: Arc<Config>, expected: Name, opening: &Opening) -> Result<Self, Error> {
        let mut handshake = Self::new(config, Side::Dialler, Stage::Over);
        let hello = handshake.put_hello(opening, Some(expected.clone()))?;
        handshake.stage = Stage::Dialling { expected, hello };
        Ok(handshake)
    }

    fn new(config: Arc<Config>, side: Side, stage: Stage) -> Self {
        Self { config, side, stage, reader: Reader::default(), greeted: false, out: Vec::new() }
    }

    pub(super) fn side(&self) -> Side {
        self.side
    }

    /// What is to be sent.
    pub(super) fn take_output(&mut self) -> Vec<u8> {
        mem::take(&mut self.out)
    }

    /// Takes bytes off the front of `input`, up to the end of the handshake.
    pub(super) fn handle_input(&mut self, input: &mut &[u8]) -> Result<Option<Peer>, Error> {
        while let Some(message) = self.reader.read(input)? {
            match self.handle_message(message) {
                Ok(None) => {}
                Err(Error::PeerRefused(refusal)) => {
                    self.refuse(refusal);
                    return Err(Error::PeerRefused(refusal));
                }
                done => return done,
            }
        }
        Ok(None)
    }

    /// Says no.
    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.greet();
        put_refuse(refusal, &mut self.out);
        self.stage = Stage::Over;
    }

    fn handle_message(&mut self, message: Message) -> Result<Option<Peer>, Error> {
        match (mem::replace(&mut self.stage, Stage::Over), message) {
            (_, Message::Refuse(refusal)) => Err(Error::RefusedByPeer(refusal)),
            (Stage::Listening(opening), Message::Hello(theirs, bytes)) => self.answer(&opening, &theirs, bytes),
            (Stage::Dialling { expected, hello }, Message::Hello(theirs, bytes)) => {
                self.prove(&expected, hello, &theirs, bytes)
            }
            (Stage::Proving(proving), Message::Proof(proofs)) => self.verify(proving, &proofs).map(Some),
            (_, Message::Hello(..)) => Err(Error::Misplaced { kind: HELLO }),
            (_, Message::Proof(_)) => Err(Error::Misplaced { kind: PROOF }),
        }
    }

    /// The listener has heard who dials.
    fn answer(&mut self, opening: &Opening, theirs: &Hello, dialler_hello: Bytes) -> Result<Option<Peer>, Error> {
        let peer = self.peer(theirs)?;
        if theirs.expected.as_ref() != Some(&self.config.name) {
            return Err(Error::PeerRefused(Refusal::Name));
        }
        let (dialler, listener) = (theirs.role, self.config.role);
        check_roles(dialler, listener)?;
        let listener_hello = self.put_hello(opening, None)?;
        self.stage = Stage::Proving(Proving { peer, dialler, listener, dialler_hello, listener_hello });
        Ok(None)
    }

    /// The dialler has heard who answers.
    fn prove(&mut self, expected: &Name, ours: Bytes, theirs: &Hello, bytes: Bytes) -> Result<Option<Peer>, Error> {
        let peer = self.peer(theirs)?;
        if theirs.name != *expected {
            return Err(Error::PeerRefused(Refusal::Name));
        }
        let (dialler, listener) = (self.config.role, theirs.role);
        check_roles(dialler, listener)?;
        let proving = Proving { peer, dialler, listener, dialler_hello: ours, listener_hello: bytes };
        self.put_proofs(&self.config.secrets.clone(), &proving);
        self.stage = Stage::Proving(proving);
        Ok(None)
    }

    fn verify(&mut self, proving: Proving, proofs: &[Proof]) -> Result<Peer, Error> {
        let said = proving.said(self.side.other());
        let Some(shared) = self.config.secrets.verify(&said, proofs) else {
            return Err(Error::PeerRefused(Refusal::Proof));
        };
        if self.side == Side::Listener {
            self.put_proofs(&shared, &proving);
        }
        Ok(proving.peer)
    }

    fn put_proofs(&mut self, secrets: &Secrets, proving: &Proving) {
        let proofs = secrets.prove(&proving.said(self.side));
        put_proof(&proofs, &mut self.out);
    }

    /// Who said this, if we have a version and the cluster in common.
    fn peer(&self, hello: &Hello) -> Result<Peer, Error> {
        let version = hello.highest.min(*self.config.versions.end());
        if version < hello.lowest.max(*self.config.versions.start()) {
            return Err(Error::PeerRefused(Refusal::Version));
        }
        if *hello.cluster != *self.config.cluster {
            return Err(Error::PeerRefused(Refusal::Cluster));
        }
        Ok(Peer {
            name: hello.name.clone(),
            role: hello.role,
            boot: hello.boot,
            number: hello.number,
            version,
            generation: hello.generation,
            limits: Limits { payload: hello.payload, control: hello.control },
        })
    }

    fn put_hello(&mut self, opening: &Opening, expected: Option<Name>) -> Result<Bytes, Error> {
        self.greet();
        let limits = self.config.limits.clamped();
        let hello = Hello {
            lowest: *self.config.versions.start(),
            highest: *self.config.versions.end(),
            role: self.config.role,
            cluster: self.config.cluster.as_str().into(),
            name: self.config.name.clone(),
            boot: self.config.boot,
            number: opening.number,
            nonce: opening.nonce,
            generation: opening.generation,
            payload: limits.payload,
            control: limits.control,
            expected,
        };
        Ok(put_hello(&hello, &mut self.out)?)
    }

    fn greet(&mut self) {
        if !mem::replace(&mut self.greeted, true) {
            self.out.extend_from_slice(MAGIC);
        }
    }
}

impl Proving {
    fn said(&self, side: Side) -> Said<'_> {
        Said {
            side,
            dialler: self.dialler,
            listener: self.listener,
            dialler_hello: &self.dialler_hello,
            listener_hello: &self.listener_hello,
        }
    }
}

fn check_roles(dialler: Role, listener: Role) -> Result<(), Error> {
    if dialler.may_dial(listener) {
        return Ok(());
    }
    Err(Error::PeerRefused(Refusal::Role))
}
