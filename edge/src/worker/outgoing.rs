//! What goes out on one connection: what comes before media, and the places of its plays.
//!
//! There is no queue of media: a message is taken from its log when it is written; only one that is partly written is
//! kept.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::time::{Duration, Instant};

use livecluster_rtmp::broadcast::Entry;
use livecluster_rtmp::chunk::Chunked;
use tokio::net::TcpStream;

use super::play::{Next, Play, Wants};
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

/// Bytes for the socket.
#[derive(Debug)]
enum Wire {
    Control(Vec<u8>),
    /// The same for all viewers.
    Shared(Arc<Entry>, Form),
    /// For this viewer.
    Own(Chunked),
}

/// In which form messages of a feed are sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub chunk_size: usize,
    pub offset: u32,
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

/// Messages of one play for one write.
struct Batch {
    play: usize,
    wires: Vec<(Wire, u64)>,
    /// Where the play stands when all is written.
    end: u64,
}

/// How much of a log is gathered for one write.
const MAX_GATHER: usize = 512 << 10;
/// How many bytes of answers may wait before a client is not read any more.
const MAX_CONTROL: usize = 64 << 10;
/// What the system takes in one vectored write (UIO_MAXIOV).
pub(super) const MAX_SLICES: usize = 1024;

impl Outgoing {
    /// Queues bytes that go before any media.
    pub fn push_control(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.control += bytes.len();
            self.ahead.push_back(Piece {
                wire: Wire::Control(bytes),
                offset: 0,
            });
        }
    }

    /// Writes what there is until nothing is left or the socket is full.
    pub fn flush(
        &mut self,
        socket: &TcpStream,
        chunk_size: usize,
        now: Instant,
    ) -> io::Result<Written> {
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
        self.plays
            .iter_mut()
            .find(|play| play.stream_id == stream_id)
    }

    /// The only play, if it takes exactly what everyone else does and nothing goes before it.
    pub fn plain_play(&mut self) -> Option<&mut Play> {
        let [play] = self.plays.as_mut_slice() else {
            return None;
        };
        let begun = play.watch.as_ref().is_some_and(|watch| watch.has_begun);
        let plain = self.ahead.is_empty() && self.blocked_since.is_none() && begun;
        (plain && play.stream_id == 1 && play.wants == Wants::ALL).then_some(play)
    }

    /// The socket is full; the rest of this message goes first.
    pub fn block(&mut self, rest: Option<(Arc<Entry>, Form, usize)>, now: Instant) {
        if let Some((entry, form, offset)) = rest {
            self.ahead.push_back(Piece {
                wire: Wire::Shared(entry, form),
                offset,
            });
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
                let followed = watch
                    .feed
                    .closed()
                    .filter(|_| watch.feed.successor().is_some());
                written
                    .closed
                    .extend(followed.map(|closed| (play.stream_id, closed)));
                continue;
            }
            match watch.step(play.stream_id, chunk_size) {
                Next::Wait => {}
                Next::Closed(closed) => written.closed.push((play.stream_id, closed)),
                Next::Write(headers, skipped) => {
                    written.skipped += skipped;
                    let headers = headers.into_iter().map(|header| Piece {
                        wire: Wire::Own(header),
                        offset: 0,
                    });
                    self.ahead.extend(headers);
                    if let Some(batch) = take(play, at, chunk_size, written) {
                        return Some(batch);
                    }
                }
            }
        }
        None
    }

    /// One vectored write. None: the socket is full.
    fn write(
        &mut self,
        socket: &TcpStream,
        batch: Option<&Batch>,
        now: Instant,
    ) -> io::Result<Option<usize>> {
        let ahead = self
            .ahead
            .iter()
            .flat_map(|piece| piece.wire.slices(piece.offset));
        let behind = batch
            .iter()
            .flat_map(|batch| &batch.wires)
            .flat_map(|(wire, _)| wire.slices(0));
        let slices: Vec<_> = ahead
            .chain(behind)
            .take(MAX_SLICES)
            .map(IoSlice::new)
            .collect();
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
    fn consume(
        &mut self,
        mut len: usize,
        batch: Option<Batch>,
        now: Instant,
        written: &mut Written,
    ) {
        while let Some(piece) = self.ahead.front_mut() {
            let left = piece.wire.len().saturating_sub(piece.offset);
            if len < left {
                piece.offset += len;
                return;
            }
            len -= left;
            if let Some(Piece {
                wire: Wire::Control(bytes),
                ..
            }) = self.ahead.pop_front()
            {
                self.control -= bytes.len();
            }
        }
        let Some(Batch { play, wires, end }) = batch else {
            return;
        };
        let Some(Play {
            watch: Some(watch),
            asked_at,
            ..
        }) = self.plays.get_mut(play)
        else {
            return;
        };
        if len > 0 {
            watch.has_begun = true;
            let asked_at = asked_at.take();
            written
                .first
                .extend(asked_at.map(|asked_at| now.saturating_duration_since(asked_at)));
        }
        for (wire, sequence) in wires {
            if len == 0 {
                return;
            }
            watch.cursor.advance_to(sequence + 1);
            let wire_len = wire.len();
            if len < wire_len {
                self.ahead.push_back(Piece { wire, offset: len });
                return;
            }
            len -= wire_len;
        }
        watch.cursor.advance_to(end);
    }
}

/// Takes what a play wants of what is in its log, at most so much as is gathered.
fn take(play: &mut Play, at: usize, chunk_size: usize, written: &mut Written) -> Option<Batch> {
    let watch = play.watch.as_mut()?;
    let form = Form {
        chunk_size,
        offset: watch.feed.offset(),
    };
    let mut batch = Batch {
        play: at,
        wires: Vec::new(),
        end: watch.cursor.next(),
    };
    let mut gathered = 0;
    for entry in watch.feed.log().range(watch.cursor.next()) {
        if gathered >= MAX_GATHER || batch.wires.len() >= MAX_SLICES / 2 {
            break;
        }
        if play.wants.is_beyond(entry) {
            written.finished.push(play.stream_id);
            break;
        }
        batch.end = entry.sequence + 1;
        if play.wants.take(entry) {
            let wire = match play.stream_id {
                1 => Wire::Shared(Arc::clone(entry), form),
                stream_id => Wire::Own(entry.rechunk(stream_id, form.offset, chunk_size)),
            };
            gathered += wire.len();
            batch.wires.push((wire, entry.sequence));
        }
    }
    if batch.wires.is_empty() {
        watch.cursor.advance_to(batch.end);
        return None;
    }
    Some(batch)
}

impl Wire {
    fn len(&self) -> usize {
        match self {
            Self::Control(bytes) => bytes.len(),
            Self::Shared(entry, form) => entry.chunks(form.offset, form.chunk_size).len(),
            Self::Own(chunks) => chunks.len(),
        }
    }

    fn slices(&self, offset: usize) -> impl Iterator<Item = &[u8]> {
        let (control, chunks) = match self {
            Self::Control(bytes) => (bytes.get(offset..), None),
            Self::Shared(entry, form) => (None, Some(entry.chunks(form.offset, form.chunk_size))),
            Self::Own(chunks) => (None, Some(chunks)),
        };
        control.into_iter().chain(
            chunks
                .into_iter()
                .flat_map(move |chunks| chunks.slices(offset)),
        )
    }
}
