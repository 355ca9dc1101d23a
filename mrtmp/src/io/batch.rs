//! What is written next: bytes of our own and payloads that are not copied, gathered into few system calls.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::ops::Range;

use bytes::{Buf, Bytes};

/// Output of one turn. It is written to the end before the next one is gathered.
#[derive(Debug, Default)]
pub(super) struct Batch {
    own: Vec<u8>,
    pieces: VecDeque<Piece>,
    /// Not yet written.
    length: usize,
}

#[derive(Debug)]
enum Piece {
    /// Of `own`.
    Own(Range<usize>),
    Payload(Bytes),
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(super) fn is_full(&self) -> bool {
        self.length >= BATCH_LEN
    }

    /// Lets `write` append bytes.
    pub(super) fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.is_empty() {
            self.own.clear();
        }
        let start = self.own.len();
        write(&mut self.own);
        self.length += self.own.len() - start;
        match self.pieces.back_mut() {
            Some(Piece::Own(last)) if last.end == start => last.end = self.own.len(),
            _ if self.own.len() > start => self.pieces.push_back(Piece::Own(start..self.own.len())),
            _ => {}
        }
    }

    pub(super) fn push(&mut self, payload: Bytes) {
        if !payload.is_empty() {
            self.length += payload.len();
            self.pieces.push_back(Piece::Payload(payload));
        }
    }

    /// Hands the first pieces to `write`, and drops what it says that it has taken.
    pub(super) fn write_with<E>(&mut self, write: impl FnOnce(&[IoSlice<'_>]) -> Result<usize, E>) -> Result<usize, E> {
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let mut count = 0;
        for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
            *slice = IoSlice::new(piece.bytes(&self.own));
            count += 1;
        }
        let written = write(slices.get(..count).unwrap_or(&[]))?;
        self.advance(written);
        Ok(written)
    }

    fn advance(&mut self, written: usize) {
        self.length = self.length.saturating_sub(written);
        let mut rest = written;
        while let Some(piece) = self.pieces.front_mut() {
            let length = piece.len();
            if rest < length {
                piece.advance(rest);
                return;
            }
            rest -= length;
            self.pieces.pop_front();
        }
    }
}

impl Piece {
    fn bytes<'a>(&'a self, own: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Own(range) => own.get(range.clone()).unwrap_or(&[]),
            Self::Payload(payload) => payload,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Own(range) => range.len(),
            Self::Payload(payload) => payload.len(),
        }
    }

    fn advance(&mut self, written: usize) {
        match self {
            Self::Own(range) => range.start += written,
            Self::Payload(payload) => payload.advance(written),
        }
    }
}

/// How much is gathered before it is written; the last frame may exceed it.
const BATCH_LEN: usize = 256 * 1024;
/// The most pieces in one system call.
const MAX_SLICES: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_in_portions_of_any_size_is_what_was_put_in() {
        for portion in [1, 2, 3, 7, 1000] {
            let mut batch = Batch::default();
            batch.append(|own| own.extend(b"head"));
            batch.append(|own| own.extend(b"er"));
            batch.push(Bytes::from_static(b"payload"));
            batch.push(Bytes::new());
            batch.append(|_| {});
            batch.append(|own| own.extend(b"tail"));

            assert_eq!(drain(&mut batch, portion), b"headerpayloadtail");
        }
    }

    #[test]
    fn more_pieces_than_one_call_takes_go_out_in_several() {
        let mut batch = Batch::default();
        let piece = || Bytes::from_static(b"ab");
        (0..MAX_SLICES + 5).for_each(|_| batch.push(piece()));

        assert_eq!(drain(&mut batch, usize::MAX).len(), 2 * (MAX_SLICES + 5));
    }

    #[test]
    fn bytes_of_a_written_batch_are_not_kept() {
        let mut batch = Batch::default();
        batch.append(|own| own.extend(b"first"));
        drain(&mut batch, usize::MAX);

        batch.append(|own| own.extend(b"second"));

        assert_eq!(batch.own, b"second");
    }

    fn drain(batch: &mut Batch, portion: usize) -> Vec<u8> {
        let mut taken = Vec::new();
        while !batch.is_empty() {
            let write = |slices: &[IoSlice<'_>]| {
                let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
                let some = &all[..portion.min(all.len())];
                taken.extend_from_slice(some);
                Ok::<_, ()>(some.len())
            };
            batch.write_with(write).unwrap();
        }
        taken
    }
}
