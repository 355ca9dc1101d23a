//! How single fields look on the wire: big-endian numbers, strings and lists with their length in front.
#![deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use bytes::{Buf, BufMut, Bytes};

use super::Error;
use super::limit::{MAX_IDENTITY, MAX_KEY, MAX_NAME};
use crate::id::{BootId, Channel, ClientId, Group, Name, PublicationId, Term};
use crate::route::Key;

/// A field, or a row of fields.
pub(crate) trait Wire: Sized {
    /// Appends it; what it appended before an error is worthless.
    fn put(&self, out: &mut Vec<u8>) -> Result<(), Error>;
    /// Takes it off the front.
    fn take(input: &mut Input) -> Result<Self, Error>;
}

/// The body of one frame, read from its front.
pub(crate) struct Input {
    kind: u8,
    rest: Bytes,
}

impl Input {
    /// `kind` is for errors only.
    pub(crate) fn new(kind: u8, body: Bytes) -> Self {
        Self { kind, rest: body }
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Result<Bytes, Error> {
        if self.rest.len() < length {
            return Err(self.truncated());
        }
        Ok(self.rest.split_to(length))
    }

    pub(crate) fn rest(&mut self) -> Bytes {
        std::mem::take(&mut self.rest)
    }

    /// A byte string behind its u16 length.
    pub(crate) fn string(&mut self, field: &'static str, limit: usize) -> Result<Bytes, Error> {
        let length = usize::from(u16::take(self)?);
        check_length(field, length, limit)?;
        self.bytes(length)
    }

    /// A UTF-8 string behind its u16 length.
    pub(crate) fn text<T: for<'a> From<&'a str>>(&mut self, field: &'static str, limit: usize) -> Result<T, Error> {
        let bytes = self.string(field, limit)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| Error::NotUtf8 { field })?;
        Ok(T::from(text))
    }

    /// `count` fields. Room is made for what comes, not for what `count` announces.
    pub(crate) fn list<T: Wire>(&mut self, count: u32) -> Result<Vec<T>, Error> {
        (0..count).map(|_| T::take(self)).collect()
    }

    /// Skips the optional fields at the end: version 1 knows none.
    pub(crate) fn skip_optional(&mut self) -> Result<(), Error> {
        while self.rest.has_remaining() {
            let _tag = u8::take(self)?;
            let length = u16::take(self)?;
            self.bytes(usize::from(length))?;
        }
        Ok(())
    }

    fn truncated(&self) -> Error {
        Error::Truncated { kind: self.kind }
    }
}

/// Appends a byte string behind its u16 length.
pub(crate) fn put_string(out: &mut Vec<u8>, field: &'static str, limit: usize, bytes: &[u8]) -> Result<(), Error> {
    check_length(field, bytes.len(), limit)?;
    let length = u16::try_from(bytes.len()).map_err(|_| too_long(field, bytes.len(), limit))?;
    out.put_u16(length);
    out.put_slice(bytes);
    Ok(())
}

/// Appends a text for people, cut to what fits.
pub(crate) fn put_cut(out: &mut Vec<u8>, field: &'static str, limit: usize, text: &str) -> Result<(), Error> {
    let (fits, _) = text.split_at_checked(text.floor_char_boundary(limit)).unwrap_or((text, ""));
    put_string(out, field, limit, fits.as_bytes())
}

fn check_length(field: &'static str, length: usize, limit: usize) -> Result<(), Error> {
    if length > limit {
        return Err(too_long(field, length, limit));
    }
    Ok(())
}

pub(super) fn too_long(field: &'static str, length: usize, limit: usize) -> Error {
    Error::FieldTooLong { field, length, limit }
}

macro_rules! number {
    ($($type:ty, $put:ident, $take:ident;)*) => { $(
        impl Wire for $type {
            fn put(&self, out: &mut Vec<u8>) -> Result<(), Error> {
                out.$put(*self);
                Ok(())
            }

            fn take(input: &mut Input) -> Result<Self, Error> {
                input.rest.$take().map_err(|_| input.truncated())
            }
        }
    )* };
}

number! {
    u8, put_u8, try_get_u8;
    u16, put_u16, try_get_u16;
    u32, put_u32, try_get_u32;
    u64, put_u64, try_get_u64;
}

macro_rules! newtype {
    ($($type:ident)*) => { $(
        impl Wire for $type {
            fn put(&self, out: &mut Vec<u8>) -> Result<(), Error> {
                self.0.put(out)
            }

            fn take(input: &mut Input) -> Result<Self, Error> {
                Wire::take(input).map(Self)
            }
        }
    )* };
}

newtype! { BootId ClientId Channel Group }

/// Writes and reads the named fields of a struct in the order given.
macro_rules! fields {
    ($($type:ident { $($field:ident),+ })+) => { $(
        impl $crate::frame::wire::Wire for $type {
            fn put(&self, out: &mut Vec<u8>) -> Result<(), $crate::frame::Error> {
                $( self.$field.put(out)?; )+
                Ok(())
            }

            fn take(input: &mut $crate::frame::wire::Input) -> Result<Self, $crate::frame::Error> {
                Ok(Self { $( $field: $crate::frame::wire::Wire::take(input)? ),+ })
            }
        }
    )+ };
}
pub(crate) use fields;

fields! {
    PublicationId { edge, counter }
    Term { generation, counter }
}

impl Wire for bool {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        u8::from(*self).put(out)
    }

    fn take(input: &mut Input) -> Result<Self, Error> {
        match u8::take(input)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(Error::Value { field: "a boolean", value: other.into() }),
        }
    }
}

impl Wire for [u8; 32] {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        out.put_slice(self);
        Ok(())
    }

    fn take(input: &mut Input) -> Result<Self, Error> {
        let mut bytes = [0; 32];
        input.rest.try_copy_to_slice(&mut bytes).map_err(|_| input.truncated())?;
        Ok(bytes)
    }
}

impl Wire for Name {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        put_string(out, "a name", MAX_NAME, self.as_bytes())
    }

    fn take(input: &mut Input) -> Result<Self, Error> {
        input.text("a name", MAX_NAME)
    }
}

impl Wire for Key {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        put_string(out, "a stream key", MAX_KEY, self.as_str().as_bytes())
    }

    fn take(input: &mut Input) -> Result<Self, Error> {
        let text: String = input.text("a stream key", MAX_KEY)?;
        Self::parse(&text).map_err(|_| Error::Key(text))
    }
}

/// The identity of a key: the only byte string inside a control frame. Copied, so that it does not keep the frame.
impl Wire for Bytes {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        put_string(out, "an identity", MAX_IDENTITY, self)
    }

    fn take(input: &mut Input) -> Result<Self, Error> {
        let identity = input.string("an identity", MAX_IDENTITY)?;
        Ok(Self::copy_from_slice(&identity))
    }
}
