//! A set of track ids, for one message; a track id is one byte.

/// The tracks of a message.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Tracks([u64; 4]);

impl Tracks {
    /// No track.
    pub const NONE: Self = Self([0; 4]);
    /// Track 0: what a payload without track ids is.
    pub const FIRST: Self = Self([1, 0, 0, 0]);

    /// Adds a track.
    pub fn insert(&mut self, track: u8) {
        if let Some(word) = self.0.get_mut(usize::from(track / 64)) {
            *word |= 1 << (track % 64);
        }
    }

    /// Whether the track is one of them.
    pub fn contains(self, track: u8) -> bool {
        self.0.get(usize::from(track / 64)).is_some_and(|word| word >> (track % 64) & 1 == 1)
    }

    /// The lowest track.
    pub fn first(self) -> Option<u8> {
        self.iter().next()
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// The tracks, lowest first.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0u8..4).zip(self.0).flat_map(|(index, word)| Bits(word).map(move |bit| index.wrapping_mul(64) | bit))
    }
}

impl FromIterator<u8> for Tracks {
    fn from_iter<I: IntoIterator<Item = u8>>(tracks: I) -> Self {
        let mut set = Self::NONE;
        tracks.into_iter().for_each(|track| set.insert(track));
        set
    }
}

impl std::fmt::Debug for Tracks {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.iter()).finish()
    }
}

/// The positions of the set bits of a word.
struct Bits(u64);

impl Iterator for Bits {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if self.0 == 0 {
            return None;
        }
        let bit = u8::try_from(self.0.trailing_zeros()).ok()?;
        self.0 &= self.0.wrapping_sub(1);
        Some(bit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_gives_back_its_tracks_in_order() {
        let tracks: Tracks = [255, 0, 64, 63, 0].into_iter().collect();

        assert_eq!(tracks.iter().collect::<Vec<_>>(), [0, 63, 64, 255]);
        assert_eq!(tracks.first(), Some(0));
        assert!(tracks.contains(255) && !tracks.contains(1));
        assert!(Tracks::NONE.is_empty());
    }
}
