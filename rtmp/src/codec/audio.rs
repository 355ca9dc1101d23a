//! Audio messages: FLV's `AudioTagHeader` and Enhanced RTMP's `ExAudioTagHeader`.

use super::cursor::Cursor;
use super::enhanced::{self, Packet};
use super::{Classified, Codec, Header, Media, Role, Tracks};

/// `SoundFormat` that says: the low bits are a packet type.
const EX_HEADER: u8 = 9;
/// `SoundFormat` AAC: AACPacketType follows.
const AAC: u8 = 10;

/// `AudioPacketType` of Enhanced RTMP.
mod packet {
    pub const SEQUENCE_START: u8 = 0;
    pub const SEQUENCE_END: u8 = 2;
    pub const MULTICHANNEL_CONFIG: u8 = 4;
    pub const MULTITRACK: u8 = 5;
}

pub(super) fn classify(payload: &[u8]) -> Classified {
    let mut cursor = Cursor(payload);
    let classified = match cursor.u8() {
        Some(first) if first >> 4 == EX_HEADER => classify_enhanced(cursor, first & 0x0f),
        Some(first) => Some(classify_legacy(cursor, first >> 4)),
        // An empty message is silence.
        None => None,
    };
    classified.unwrap_or(Classified::frame(Media::Audio))
}

fn classify_legacy(mut cursor: Cursor<'_>, format: u8) -> Classified {
    let role = match (format, cursor.u8()) {
        (AAC, Some(0)) => Role::Header(Header::Configuration),
        _ => Role::Frame,
    };
    classified(role, Codec::of_audio(format), Tracks::FIRST)
}

fn classify_enhanced(mut cursor: Cursor<'_>, packet_type: u8) -> Option<Classified> {
    let packet_type = enhanced::skip_mod_ex(&mut cursor, packet_type)?;
    let Packet { packet_type, codec, tracks } = enhanced::read_packet(&mut cursor, packet_type, packet::MULTITRACK)?;
    let role = match packet_type {
        packet::SEQUENCE_START => Role::Header(Header::Configuration),
        packet::SEQUENCE_END => Role::SequenceEnd,
        packet::MULTICHANNEL_CONFIG => Role::Header(Header::Multichannel),
        _ => Role::Frame,
    };
    Some(classified(role, Some(codec), tracks))
}

fn classified(role: Role, codec: Option<Codec>, tracks: Tracks) -> Classified {
    let tracks = if role == Role::Frame { Tracks::NONE } else { tracks };
    Classified { media: Media::Audio, role, codec, tracks }
}
