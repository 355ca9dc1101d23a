//! What Enhanced RTMP v2 puts before a body, the same for video and audio: ModEx, multitrack, FourCC, track ids.

use super::cursor::Cursor;
use super::{Codec, Tracks};

/// `PacketType.ModEx`, of video and of audio.
const MOD_EX: u8 = 7;
/// `AvMultitrackType.OneTrack`.
const ONE_TRACK: u8 = 0;
/// `AvMultitrackType.ManyTracks`.
const MANY_TRACKS: u8 = 1;
/// `AvMultitrackType.ManyTracksManyCodecs`.
const MANY_TRACKS_MANY_CODECS: u8 = 2;

/// What all tracks of a message have in common, and which they are.
pub(super) struct Packet {
    /// The packet type of the bodies: behind ModEx and Multitrack.
    pub packet_type: u8,
    /// The codec of the first track.
    pub codec: Codec,
    /// The tracks whose bodies are whole.
    pub tracks: Tracks,
}

/// Skips ModEx prefixes and returns the packet type behind them.
pub(super) fn skip_mod_ex(cursor: &mut Cursor<'_>, mut packet_type: u8) -> Option<u8> {
    while packet_type == MOD_EX {
        // One byte gives 1 to 255; 255 in it means that two bytes follow, for up to 65536.
        let len = match usize::from(cursor.u8()?) + 1 {
            256 => cursor.u16()?.saturating_add(1),
            len => len,
        };
        cursor.slice(len)?;
        packet_type = cursor.u8()? & 0x0f;
    }
    Some(packet_type)
}

/// Reads from the FourCC, or the multitrack byte, on.
pub(super) fn read_packet(cursor: &mut Cursor<'_>, packet_type: u8, multitrack: u8) -> Option<Packet> {
    if packet_type != multitrack {
        return Some(Packet { packet_type, codec: Codec(cursor.array()?), tracks: Tracks::FIRST });
    }
    let byte = cursor.u8()?;
    let packet_type = byte & 0x0f;
    let (codec, tracks) = match byte >> 4 {
        ONE_TRACK => (Codec(cursor.array()?), [cursor.u8()?].into_iter().collect()),
        MANY_TRACKS => (Codec(cursor.array()?), read_tracks(*cursor, 0)),
        MANY_TRACKS_MANY_CODECS => {
            let first = *cursor;
            (Codec(cursor.array()?), read_tracks(first, size_of::<Codec>()))
        }
        _ => return None,
    };
    Some(Packet { packet_type, codec, tracks })
}

/// The tracks up to the end of the message, or up to one that is cut short.
fn read_tracks(mut cursor: Cursor<'_>, codec_len: usize) -> Tracks {
    let mut next = || {
        cursor.slice(codec_len)?;
        let track = cursor.u8()?;
        let size = cursor.u24()?;
        cursor.slice(size)?;
        Some(track)
    };
    std::iter::from_fn(&mut next).collect()
}
