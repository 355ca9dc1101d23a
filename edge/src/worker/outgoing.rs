//! What goes out on one connection: what comes before media, and the places of its plays.
//!
//! There is no queue of media: a message is taken from its log when it is written; only one that is partly written is
//! kept.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::time::{Duration, Instant};

use livecluster_rtmp::broadcast::Entry;
use tokio::net::TcpStream;

use super::batch::Batch;
use super::play::{Next, Play, Wants};
use super::wire::{Form, Wire};
use crate::core::Closed;

/// What goes out on a connection.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// Goes before any media: control, headers, the rest of a message.
    ahead: VecDeque<Piece>,
    /// Bytes of control in it.
    control: usize,
    pub plays: Vec<Play>,
    /// Since when the socket takes nothing.
    pub blocked_since: Option<Instant>,
}

/// Something to write, from an offset on.
#[derive(Debug)]
struct Piece {
    wire: Wire,
    offset: usize,
}

/// What is left of a message that is partly written.
#[derive(Debug)]
pub(super) struct Rest {
    pub entry: Arc<Entry>,
    pub form: Form,
    pub offset: usize,
}

/// What came of writing.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub bytes: usize,
    /// Messages that viewers lost because they lagged.
    pub skipped: u64,
    /// Plays that have read all of a feed that is closed.
    pub closed: Vec<(u32, Closed)>,
    /// Plays that got all they wanted.
    pub finished: Vec<u32>,
    /// How long plays waited for their first media.
    pub first: Vec<Duration>,
}

/// How many bytes of answers may wait before a client is not read any more.
const MAX_CONTROL: usize = 64 << 10;
/// What the system takes in one vectored write (UIO_MAXIOV).
const MAX_SLICES: usize = 1024;

impl Outgoing {
    /// Queues bytes that go before any media.
    pub fn push_control(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.control += bytes.len();
            self.ahead.push_back(Piece { wire: Wire::Control(bytes), offset: 0 });
        }
    }

    /// Writes what there is until nothing is left or the socket is full.
    pub fn flush(&mut self, socket: &TcpStream, chunk_size: usize, now: Instant) -> io::Result<Written> {
        let mut written = Written::default();
        loop {
            let batch = self.next_batch(chunk_size, &mut written);
            if self.ahead.is_empty() && batch.is_none() {
                // A socket that is full while there is nothing to write must not be waited for.
                self.blocked_since = None;
                return Ok(written);
            }
            let Some(len) = self.write(socket, batch.as_ref(), now)? else {
                return Ok(written);
            };
            written.bytes += len;
            self.consume(len, batch, now, &mut written);
        }
    }

    /// The client does not read what it is answered.
    pub fn is_clogged(&self) -> bool {
        self.blocked_since.is_some() && self.control > MAX_CONTROL
    }

    pub fn play(&mut self, stream_id: u32) -> Option<&mut Play> {
        self.plays.iter_mut().find(|play| play.stream_id == stream_id)
    }

    /// The place of the only play, if it takes exactly what everyone else does and nothing goes before it.
    pub fn plain_position(&self) -> Option<u64> {
        let [play] = self.plays.as_slice() else {
            return None;
        };
        let watch = play.watch.as_ref().filter(|watch| watch.has_begun)?;
        let plain = self.ahead.is_empty() && self.blocked_since.is_none();
        (plain && play.stream_id == 1 && play.wants == Wants::ALL).then(|| watch.cursor.next())
    }

    /// The only play has read so far.
    pub fn advance_plain(&mut self, next: u64) {
        if let Some(watch) = self.plays.first_mut().and_then(|play| play.watch.as_mut()) {
            watch.cursor.advance_to(next);
        }
    }

    /// The socket is full; the rest of this message goes first.
    pub fn block(&mut self, rest: Option<Rest>, now: Instant) {
        if let Some(Rest { entry, form, offset }) = rest {
            self.ahead.push_back(Piece { wire: Wire::Shared(entry, form), offset });
        }
        self.blocked_since.get_or_insert(now);
    }

    /// What the first play that has something gets next.
    fn next_batch(&mut self, chunk_size: usize, written: &mut Written) -> Option<Batch> {
        written.closed.clear();
        for at in 0..self.plays.len() {
            let play = self.plays.get_mut(at)?;
            let Some(watch) = play.watch.as_mut() else {
                continue;
            };
            if play.wants.paused {
                // It follows all the same, or it would keep every feed that comes after this one.
                let followed = watch.feed.closed().filter(|_| watch.feed.successor().is_some());
                written.closed.extend(followed.map(|closed| (play.stream_id, closed)));
                continue;
            }
            match watch.step(play.stream_id, play.wants, chunk_size) {
                Next::Wait => {}
                Next::Closed(closed) => written.closed.push((play.stream_id, closed)),
                Next::Write(headers, skipped) => {
                    written.skipped += skipped;
                    let headers = headers.into_iter().map(|header| Piece { wire: Wire::Own(header), offset: 0 });
                    self.ahead.extend(headers);
                    let batch = Batch::of(play, at, chunk_size)?;
                    if !batch.pieces.is_empty() {
                        return Some(batch);
                    }
                    play.move_to(batch.end);
                    written.finished.extend(batch.is_last.then_some(play.stream_id));
                }
            }
        }
        None
    }

    /// One vectored write. None: the socket is full.
    fn write(&mut self, socket: &TcpStream, batch: Option<&Batch>, now: Instant) -> io::Result<Option<usize>> {
        let ahead = self.ahead.iter().flat_map(|piece| piece.wire.slices(piece.offset));
        let behind = batch.iter().flat_map(|batch| &batch.pieces).flat_map(|(wire, _)| wire.slices(0));
        let slices: Vec<_> = ahead.chain(behind).take(MAX_SLICES).map(IoSlice::new).collect();
        match socket.try_write_vectored(&slices) {
            Ok(len) => {
                self.blocked_since = None;
                Ok(Some(len))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.block(None, now);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Takes so many bytes as written.
    fn consume(&mut self, mut len: usize, batch: Option<Batch>, now: Instant, written: &mut Written) {
        while let Some(piece) = self.ahead.front_mut() {
            let left = piece.wire.len().saturating_sub(piece.offset);
            if len < left {
                piece.offset += len;
                return;
            }
            len -= left;
            if let Some(Piece { wire: Wire::Control(bytes), .. }) = self.ahead.pop_front() {
                self.control -= bytes.len();
            }
        }
        let Some(mut batch) = batch else {
            return;
        };
        let Some(play) = self.plays.get_mut(batch.play) else {
            return;
        };
        if len > 0 {
            written.first.extend(play.begin(now));
        }
        for (wire, place) in batch.pieces.drain(..) {
            if len == 0 {
                return;
            }
            play.move_to(place);
            let wire_len = wire.len();
            if len < wire_len {
                self.ahead.push_back(Piece { wire, offset: len });
                return;
            }
            len -= wire_len;
        }
        play.move_to(batch.end);
    }
}

#[cfg(test)]
mod tests;
