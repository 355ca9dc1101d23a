//! The name of a codec, as status pages and metrics show it.

/// A codec by its FourCC; codecs of legacy RTMP have the FourCC of Enhanced RTMP, or one made up.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Codec(pub [u8; 4]);

impl Codec {
    /// The name: printable ASCII, or `?` if the peer's FourCC is something else. Any four characters are possible, so
    /// it is no label for a metric.
    pub fn as_str(&self) -> &str {
        match std::str::from_utf8(&self.0) {
            Ok(name) if self.0.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') => name.trim_end(),
            _ => "?",
        }
    }

    /// The codec of a legacy video message: the low four bits of its first byte.
    pub(super) const fn of_video(id: u8) -> Option<Self> {
        Some(Self(match id {
            2 => *b"h263",
            3 => *b"scr1",
            4 => *b"vp6f",
            5 => *b"vp6a",
            6 => *b"scr2",
            7 => *b"avc1",
            12 => *b"hvc1",
            13 => *b"av01",
            _ => return None,
        }))
    }

    /// The codec of a legacy audio message: the high four bits of its first byte.
    pub(super) const fn of_audio(format: u8) -> Option<Self> {
        Some(Self(match format {
            0 | 3 => *b"lpcm",
            1 => *b"adpc",
            2 | 14 => *b".mp3",
            4..=6 => *b"nell",
            7 => *b"alaw",
            8 => *b"ulaw",
            10 => *b"mp4a",
            11 => *b"spex",
            _ => return None,
        }))
    }
}

impl std::fmt::Display for Codec {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl std::fmt::Debug for Codec {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Codec({})", self.as_str())
    }
}
