//! Data messages: only their first string is read. The rest belongs to the publisher and the viewers.

use bytes::{BufMut, Bytes, BytesMut};

use super::cursor::Cursor;
use super::{Classified, Header, Media, Role, Tracks};
use crate::message::Kind;

/// The name of the message that describes a stream.
const ON_META_DATA: &[u8] = b"onMetaData";
/// What an encoder puts before a message that the server shall keep and send on without it.
const SET_DATA_FRAME: &[u8] = b"@setDataFrame";
/// The AMF0 marker of a string.
const STRING: u8 = 0x02;
/// What a type 15 message begins with: AMF0 follows.
const AMF3_PREFIX: u8 = 0x00;

pub(super) fn classify(kind: Kind, payload: &[u8]) -> Classified {
    let mut cursor = body(kind, payload);
    let name = match read_string(&mut cursor) {
        Some(SET_DATA_FRAME) => read_string(&mut cursor),
        name => name,
    };
    let (role, tracks) = match name {
        Some(ON_META_DATA) => (Role::Header(Header::Metadata), Tracks::FIRST),
        _ => (Role::Frame, Tracks::NONE),
    };
    Classified { media: Media::Data, role, codec: None, tracks }
}

/// The payload of a data message without a leading `@setDataFrame`, as viewers get it. `None` if nothing follows that
/// word: then there is nothing to send on.
pub fn strip_set_data_frame(kind: Kind, payload: Bytes) -> Option<Bytes> {
    let mut cursor = body(kind, &payload);
    if read_string(&mut cursor) != Some(SET_DATA_FRAME) {
        return Some(payload);
    }
    if cursor.is_empty() {
        return None;
    }
    if payload.first() != Some(&AMF3_PREFIX) {
        return Some(payload.slice_ref(cursor.0));
    }
    let mut stripped = BytesMut::with_capacity(payload.len());
    stripped.put_u8(AMF3_PREFIX);
    stripped.put_slice(cursor.0);
    Some(stripped.freeze())
}

/// The AMF0 part of the payload.
fn body(kind: Kind, payload: &[u8]) -> Cursor<'_> {
    match payload.split_first() {
        Some((&AMF3_PREFIX, rest)) if kind == Kind::DATA_AMF3 => Cursor(rest),
        _ => Cursor(payload),
    }
}

fn read_string<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    if cursor.u8()? != STRING {
        return None;
    }
    let len = cursor.u16()?;
    cursor.slice(len)
}
