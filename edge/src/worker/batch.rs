//! What one play gets with one write, and what that changes of it.

use std::time::{Duration, Instant};

use super::play::{Play, Taken, Wants};
use super::wire::{Form, Wire};

/// Messages of one play for one write. What it changes of the play counts only as far as it is written.
pub(super) struct Batch {
    pub play: usize,
    pub pieces: Vec<(Wire, Place)>,
    /// Where the play stands when all is written.
    pub end: Place,
    /// Behind that is nothing that the client wants.
    pub is_last: bool,
}

/// Where a play stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub next: u64,
    pub wants: Wants,
}

/// How much of a log is gathered for one write.
pub(super) const MAX_GATHER: usize = 512 << 10;
/// How many messages are.
const MAX_PIECES: usize = 512;

impl Batch {
    /// Takes what a play wants of what is in its log, at most so much as is gathered.
    pub fn of(play: &Play, at: usize, chunk_size: usize) -> Option<Self> {
        let watch = play.watch.as_ref()?;
        let form = Form { chunk_size, offset: watch.feed.offset() };
        let mut place = Place { next: watch.cursor.next(), wants: play.wants };
        let (mut pieces, mut gathered, mut is_last) = (Vec::new(), 0, false);
        let log = watch.feed.log();
        for entry in log.range(watch.cursor.next()) {
            if gathered >= MAX_GATHER || pieces.len() >= MAX_PIECES {
                break;
            }
            is_last = place.wants.is_beyond(entry);
            if is_last {
                break;
            }
            let was = place;
            let taken = place.wants.take(entry);
            if taken == Taken::WithHeaders {
                let headers = play.headers_at(&log, entry, chunk_size);
                pieces.extend(headers.into_iter().map(|header| (Wire::Own(header), was)));
            }
            place.next = entry.sequence + 1;
            if taken != Taken::Not {
                let wire = form.wire(play.stream_id, entry);
                gathered += wire.len();
                pieces.push((wire, place));
            }
        }
        Some(Self { play: at, pieces, end: place, is_last })
    }
}

impl Play {
    /// Its first media was written. How long it waited for that, the first time.
    pub fn begin(&mut self, now: Instant) -> Option<Duration> {
        self.watch.as_mut()?.has_begun = true;
        Some(now.saturating_duration_since(self.asked_at.take()?))
    }

    pub fn move_to(&mut self, Place { next, wants }: Place) {
        self.wants = wants;
        if let Some(watch) = &mut self.watch {
            watch.cursor.advance_to(next);
        }
    }
}
