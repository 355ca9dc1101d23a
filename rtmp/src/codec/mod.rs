//! What a relay must know of a media payload: where a viewer may start, and what a late joiner needs first.
//! Everything else stays opaque, so that codecs unknown today pass through unchanged.

#![deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod audio;
mod codec_name;
mod cursor;
mod data;
mod enhanced;
mod tracks;
mod video;

pub use codec_name::Codec;
pub use data::strip_set_data_frame;
pub use tracks::Tracks;

use crate::message::Kind;

/// Classifies one message of a stream. Never fails: what is unknown or cut short is a [`Role::Frame`].
/// Allocates nothing.
pub fn classify(kind: Kind, payload: &[u8]) -> Classified {
    match kind {
        Kind::VIDEO => video::classify(payload),
        Kind::AUDIO => audio::classify(payload),
        Kind::DATA_AMF0 | Kind::DATA_AMF3 => data::classify(kind, payload),
        _ => Classified::frame(Media::Other),
    }
}

/// What one message is to a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Classified {
    /// Video, audio or data.
    pub media: Media,
    /// What the message is to a viewer.
    pub role: Role,
    /// The codec, if the payload names one; of several tracks the first one's.
    pub codec: Option<Codec>,
    /// The tracks to which [`Role::Keyframe`], [`Role::Header`] and [`Role::SequenceEnd`] apply; a payload without
    /// track ids is track 0. Empty for the other roles.
    pub tracks: Tracks,
}

impl Classified {
    /// Whether a viewer can start here: a keyframe of the first video track, which is track 0.
    pub fn is_keyframe(&self) -> bool {
        self.keyframe_track() == Some(0)
    }

    /// The lowest video track that has a keyframe here, for streams that have no track 0.
    pub fn keyframe_track(&self) -> Option<u8> {
        match self.role {
            Role::Keyframe => self.tracks.first(),
            _ => None,
        }
    }

    /// The keys under which this message is kept for late joiners; none if it is not a header.
    ///
    /// A message may hold the headers of several tracks. Whoever keeps them replaces key by key and sends each message
    /// that still holds a key once, in the order of arrival: then the newest header of every track comes last.
    pub fn headers(&self) -> impl Iterator<Item = HeaderKey> + use<> {
        let (media, role) = (self.media, self.role);
        self.tracks.iter().filter_map(move |track| match (media, role) {
            (Media::Data, Role::Header(Header::Metadata)) => Some(HeaderKey::Metadata),
            (Media::Video, Role::Header(Header::Configuration)) => Some(HeaderKey::VideoConfiguration(track)),
            (Media::Video, Role::Header(Header::ColorInfo)) => Some(HeaderKey::ColorInfo(track)),
            (Media::Audio, Role::Header(Header::Configuration)) => Some(HeaderKey::AudioConfiguration(track)),
            (Media::Audio, Role::Header(Header::Multichannel)) => Some(HeaderKey::AudioMultichannel(track)),
            _ => None,
        })
    }

    /// Whether the message is a header.
    pub fn is_header(&self) -> bool {
        matches!(self.role, Role::Header(_))
    }

    const fn frame(media: Media) -> Self {
        Self { media, role: Role::Frame, codec: None, tracks: Tracks::NONE }
    }
}

/// The medium of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Media {
    /// Type 9.
    Video,
    /// Type 8.
    Audio,
    /// Types 15 and 18.
    Data,
    /// No part of a stream.
    Other,
}

/// What a message is to a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Goes through in its turn: an inter frame, audio, a cue point, anything unknown.
    Frame,
    /// A video frame from which decoding can start.
    Keyframe,
    /// Kept for late joiners; the newest one counts.
    Header(Header),
    /// The sequence of these tracks ends; a new one begins with a new configuration.
    SequenceEnd,
    /// A video command frame (start and end of a seek): no picture.
    Command,
}

/// What a header describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Header {
    /// `onMetaData`.
    Metadata,
    /// What initialises the decoder.
    Configuration,
    /// Colour space and HDR of the video.
    ColorInfo,
    /// The channel layout of the audio.
    Multichannel,
}

/// Under which key a header is kept; the number is the track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HeaderKey {
    /// `onMetaData`, one for the stream.
    Metadata,
    /// The decoder configuration of a video track.
    VideoConfiguration(u8),
    /// The colour information of a video track.
    ColorInfo(u8),
    /// The decoder configuration of an audio track.
    AudioConfiguration(u8),
    /// The channel layout of an audio track.
    AudioMultichannel(u8),
}

#[cfg(test)]
mod tests;
