//! The bytes of a message and what is left of its limits, for the decoders of both AMF versions.

use super::{Error, Limits, Text};
use bytes::{Buf, Bytes};

/// A place in the bytes of a message. Whatever it returns is checked against [`Limits`].
#[derive(Debug)]
pub(crate) struct Input {
    rest: Bytes,
    limits: Limits,
    depth: usize,
    values: usize,
}

impl Input {
    pub(crate) const fn new(rest: Bytes, limits: Limits) -> Self {
        Self { rest, limits, depth: 0, values: 0 }
    }

    pub(crate) const fn rest(&self) -> &Bytes {
        &self.rest
    }

    /// Counts a value and reads it, one level down.
    pub(crate) fn begin_value(&mut self) -> Result<(), Error> {
        self.count(1)?;
        self.depth = self.depth.saturating_add(1);
        let limit = self.limits.depth;
        if self.depth > limit { Err(Error::TooDeep { limit }) } else { Ok(()) }
    }

    /// One level up again.
    pub(crate) const fn end_value(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Counts what takes as much memory as so many values.
    pub(crate) const fn count(&mut self, values: usize) -> Result<(), Error> {
        self.values = self.values.saturating_add(values);
        let limit = self.limits.values;
        if self.values > limit { Err(Error::TooManyValues { limit }) } else { Ok(()) }
    }

    pub(crate) fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Error> {
        let Some(&array) = self.rest.first_chunk() else {
            return Err(self.truncated(what, N));
        };
        self.rest.advance(N);
        Ok(array)
    }

    pub(crate) fn u8(&mut self, what: &'static str) -> Result<u8, Error> {
        self.array(what).map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self, what: &'static str) -> Result<u16, Error> {
        self.array(what).map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self, what: &'static str) -> Result<u32, Error> {
        self.array(what).map(u32::from_be_bytes)
    }

    pub(crate) fn f64(&mut self, what: &'static str) -> Result<f64, Error> {
        self.array(what).map(f64::from_be_bytes)
    }

    pub(crate) fn bytes(&mut self, what: &'static str, length: usize) -> Result<Bytes, Error> {
        if length > self.rest.len() {
            return Err(self.truncated(what, length));
        }
        Ok(self.rest.split_to(length))
    }

    pub(crate) fn text(&mut self, what: &'static str, length: usize) -> Result<Text, Error> {
        let limit = self.limits.string;
        if length > limit {
            return Err(Error::TooLong { what, length, limit });
        }
        Text::try_from(self.bytes(what, length)?)
    }

    fn truncated(&self, what: &'static str, needed: usize) -> Error {
        Error::Truncated { what, needed, left: self.rest.len() }
    }
}
