//! Video messages: FLV's `VideoTagHeader` and Enhanced RTMP's `ExVideoTagHeader`.

use super::cursor::Cursor;
use super::enhanced::{self, Packet};
use super::{Classified, Codec, Header, Media, Role, Tracks};

/// `isExHeader`: the low bits of the first byte are a packet type, not a codec id.
const EX_HEADER: u8 = 0x80;
/// `FrameType` of a picture that decodes on its own.
const KEYFRAME: u8 = 1;
/// `FrameType` of a keyframe that a server made.
const GENERATED_KEYFRAME: u8 = 4;
/// `FrameType` of a command: one byte follows, and no picture.
const COMMAND: u8 = 5;

/// `VideoPacketType` of Enhanced RTMP.
mod packet {
    pub const SEQUENCE_START: u8 = 0;
    pub const CODED_FRAMES: u8 = 1;
    pub const SEQUENCE_END: u8 = 2;
    pub const CODED_FRAMES_X: u8 = 3;
    pub const METADATA: u8 = 4;
    pub const MPEG2TS_SEQUENCE_START: u8 = 5;
    pub const MULTITRACK: u8 = 6;
}

pub(super) fn classify(payload: &[u8]) -> Classified {
    let mut cursor = Cursor(payload);
    let classified = match cursor.u8() {
        Some(first) if first & EX_HEADER != 0 => classify_enhanced(cursor, first),
        Some(first) => Some(classify_legacy(cursor, first)),
        None => None,
    };
    classified.unwrap_or(Classified::frame(Media::Video))
}

fn classify_legacy(mut cursor: Cursor<'_>, first: u8) -> Classified {
    let (frame_type, codec_id) = (first >> 4, first & 0x0f);
    let role = match codec_id {
        _ if frame_type == COMMAND => Role::Command,
        // AVC, and HEVC and AV1 in the same clothes: AVCPacketType follows.
        7 | 12 | 13 => match cursor.u8() {
            Some(0) => Role::Header(Header::Configuration),
            Some(1) => frame_role(frame_type),
            Some(2) => Role::SequenceEnd,
            _ => Role::Frame,
        },
        _ => frame_role(frame_type),
    };
    classified(role, Codec::of_video(codec_id), Tracks::FIRST)
}

fn classify_enhanced(mut cursor: Cursor<'_>, first: u8) -> Option<Classified> {
    let frame_type = first >> 4 & 0x07;
    let packet_type = enhanced::skip_mod_ex(&mut cursor, first & 0x0f)?;
    // A command has neither FourCC nor body, but the frame type of a metadata packet means nothing.
    if frame_type == COMMAND && packet_type != packet::METADATA {
        return Some(classified(Role::Command, None, Tracks::NONE));
    }
    let Packet { packet_type, codec, tracks } = enhanced::read_packet(&mut cursor, packet_type, packet::MULTITRACK)?;
    Some(classified(enhanced_role(packet_type, frame_type), Some(codec), tracks))
}

const fn enhanced_role(packet_type: u8, frame_type: u8) -> Role {
    match packet_type {
        packet::SEQUENCE_START | packet::MPEG2TS_SEQUENCE_START => Role::Header(Header::Configuration),
        packet::CODED_FRAMES | packet::CODED_FRAMES_X => frame_role(frame_type),
        packet::SEQUENCE_END => Role::SequenceEnd,
        packet::METADATA => Role::Header(Header::ColorInfo),
        _ => Role::Frame,
    }
}

const fn frame_role(frame_type: u8) -> Role {
    match frame_type {
        KEYFRAME | GENERATED_KEYFRAME => Role::Keyframe,
        _ => Role::Frame,
    }
}

fn classified(role: Role, codec: Option<Codec>, tracks: Tracks) -> Classified {
    let tracks = match role {
        Role::Frame | Role::Command => Tracks::NONE,
        _ => tracks,
    };
    Classified { media: Media::Video, role, codec, tracks }
}
