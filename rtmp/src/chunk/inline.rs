//! A few bytes in place: a header, or what has come of one.

/// At most `N` bytes, without an allocation. `N` is at most 255.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inline<const N: usize> {
    bytes: [u8; N],
    len: u8,
}

impl<const N: usize> Inline<N> {
    pub(super) const EMPTY: Self = Self { bytes: [0; N], len: 0 };

    pub(super) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len()).unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Appends what there is room for and returns the rest.
    pub(super) fn append<'a>(&mut self, input: &'a [u8]) -> &'a [u8] {
        let room = self.bytes.get_mut(usize::from(self.len)..).unwrap_or_default();
        let count = room.len().min(input.len());
        let (taken, rest) = input.split_at_checked(count).unwrap_or_default();
        if let Some(room) = room.get_mut(..count) {
            room.copy_from_slice(taken);
        }
        self.len = self.len.saturating_add(u8::try_from(count).unwrap_or(u8::MAX));
        rest
    }

    /// Forgets the first `count` bytes.
    pub(super) fn drop_front(&mut self, count: usize) {
        let kept = *self;
        self.len = 0;
        self.append(kept.as_slice().get(count..).unwrap_or_default());
    }
}
