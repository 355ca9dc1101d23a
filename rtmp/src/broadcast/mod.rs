//! The log of one publication, and positions in it. Publishers' uplinks, subscribed edges and viewers are all
//! [`Cursor`]s on a [`Broadcast`]: there is no other queue for media anywhere.

mod budget;
mod cursor;
mod entry;
mod headers;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use budget::Share;
pub use budget::{Budget, Full};
pub use cursor::{Cursor, Step};
pub use entry::Entry;
use headers::Headers;

use crate::Message;

/// A log of messages, numbered without a hole, kept within a byte and a time budget.
///
/// The caller numbers: a publisher's edge pushes, everyone else appends what was numbered there.
#[derive(Debug)]
pub struct Broadcast {
    limits: Limits,
    share: Option<Share>,
    entries: VecDeque<Arc<Entry>>,
    /// The number of the first entry, or the next one if there is none.
    oldest: u64,
    bytes: usize,
    headers: Headers,
    /// The numbers in the log where a viewer may start, if the stream has video.
    keyframes: VecDeque<u64>,
    first_video_track: Option<u8>,
    end: Option<u64>,
}

/// What a log may keep.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Payload bytes, with a fixed cost for each message.
    pub bytes: usize,
    /// How long a message stays for viewers that lag, if the bytes allow it.
    pub age: Duration,
    /// What the log may keep together with others; none: there is no such limit.
    pub shared: Option<Arc<Budget>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 32 << 20, age: Duration::from_secs(8), shared: None }
    }
}

impl Limits {
    /// Whether there is room for another stream in what is shared.
    pub fn check_room(&self) -> Result<(), Full> {
        self.shared.as_ref().map_or(Ok(()), |budget| budget.check_room())
    }
}

/// How long a message stays when the shared budget is tight: viewers who keep up have it long before.
const AGE_WHEN_TIGHT: Duration = Duration::from_secs(2);

/// What became of a numbered message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Append {
    /// It is in the log.
    Appended,
    /// Its number is below the next one: dropped.
    Duplicate,
    /// Its number is above the next one: dropped, and to be asked for again.
    Gap,
    /// The publication has ended: dropped.
    Ended,
}

impl Broadcast {
    /// An empty log whose first message will have this number.
    pub fn starting_at(next: u64, limits: Limits) -> Self {
        Self {
            share: limits.shared.clone().map(Share::of),
            limits,
            entries: VecDeque::new(),
            oldest: next,
            bytes: 0,
            headers: Headers::default(),
            keyframes: VecDeque::new(),
            first_video_track: None,
            end: None,
        }
    }

    /// Gives an empty log, which may have headers, the number of its first message.
    pub fn begin_at(&mut self, next: u64) {
        if self.entries.is_empty() {
            self.oldest = next;
        }
    }

    /// The number of the oldest message kept.
    pub fn oldest(&self) -> u64 {
        self.oldest
    }

    /// The number that the next message gets.
    pub fn next(&self) -> u64 {
        self.last_in_log().saturating_add(u64::from(self.end.is_some()))
    }

    /// The last number of the publication, once it has ended.
    pub fn end(&self) -> Option<u64> {
        self.end
    }

    /// Bytes kept.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes kept of the messages with these numbers.
    pub fn bytes_of(&self, numbers: Range<u64>) -> usize {
        let messages = self.range(numbers.start).take_while(|entry| entry.sequence < numbers.end);
        messages.map(|entry| entry.cost()).sum()
    }

    /// Whether more is kept than the budgets allow, its own and the shared one.
    pub fn is_over_budget(&self) -> bool {
        let shares = self.share.as_ref().is_some_and(|share| share.is_exceeded(self.bytes));
        shares || self.bytes > self.limits.bytes
    }

    /// The newest message.
    pub fn last(&self) -> Option<&Arc<Entry>> {
        self.entries.back()
    }

    /// Numbers and keeps a message of the publisher. Ignored after the end.
    pub fn push(&mut self, message: Message, now: Instant) -> Append {
        self.append(self.next(), message, now)
    }

    /// Keeps a message that its publisher's edge numbered.
    pub fn append(&mut self, sequence: u64, message: Message, now: Instant) -> Append {
        match self.place(sequence) {
            Append::Appended => self.keep(Entry::new(sequence, message, now)),
            refused => return refused,
        }
        Append::Appended
    }

    /// Ends the publication; the end has a number of its own.
    pub fn finish(&mut self, sequence: u64) -> Append {
        let placed = self.place(sequence);
        if placed == Append::Appended {
            self.end = Some(sequence);
        }
        placed
    }

    /// Keeps a header that was in force before the first message of this log.
    pub fn preset(&mut self, sequence: u64, message: Message, now: Instant) {
        let entry = Entry::new(sequence, message, now);
        self.note_video(&entry);
        self.headers.insert(Arc::new(entry));
        self.settle_share();
    }

    /// The newest number at which a viewer may start: a keyframe of the first video track, or any message if there
    /// is no video (then the newest one).
    pub fn latest_start_point(&self) -> Option<u64> {
        match self.first_video_track {
            Some(_) => self.keyframes.back().copied(),
            None => self.entries.back().map(|entry| entry.sequence),
        }
    }

    /// The oldest number in the log at which a viewer may start.
    pub fn oldest_start_point(&self) -> Option<u64> {
        match self.first_video_track {
            Some(_) => self.keyframes.front().copied(),
            None => self.entries.front().map(|entry| entry.sequence),
        }
    }

    /// The first start point at or after this number.
    pub fn start_point_from(&self, sequence: u64) -> Option<u64> {
        match self.first_video_track {
            Some(_) => self.keyframes.iter().copied().find(|&point| point >= sequence),
            None => self.get(sequence.max(self.oldest)).map(|entry| entry.sequence),
        }
    }

    /// The message with this number.
    pub fn get(&self, sequence: u64) -> Option<&Arc<Entry>> {
        let index = sequence.checked_sub(self.oldest)?;
        self.entries.get(usize::try_from(index).ok()?)
    }

    /// The messages from this number on.
    pub fn range(&self, from: u64) -> impl Iterator<Item = &Arc<Entry>> {
        let skipped = from.saturating_sub(self.oldest);
        let start = usize::try_from(skipped).unwrap_or(usize::MAX).min(self.entries.len());
        self.entries.range(start..)
    }

    /// The headers in force just before `at` that someone who has all up to `has` lacks, in the order they came.
    pub fn headers(&self, has: u64, at: u64) -> Vec<Arc<Entry>> {
        self.headers.in_force(has, at)
    }

    /// All headers in force at the end of the log.
    pub fn newest_headers(&self) -> Vec<Arc<Entry>> {
        self.headers.in_force(0, u64::MAX)
    }

    /// Drops what is too old or too much: nothing at or above `keep`, and the latest start point only if the budget
    /// can't hold it.
    pub fn trim(&mut self, keep: u64, now: Instant) {
        let start = self.latest_start_point().unwrap_or(u64::MAX);
        while self.oldest < keep.min(start) && (self.is_over_budget() || self.front_is_old(now)) {
            self.drop_front();
        }
        while self.oldest < keep && self.is_over_budget() && !self.entries.is_empty() {
            self.drop_front();
        }
    }

    fn last_in_log(&self) -> u64 {
        let kept = u64::try_from(self.entries.len()).unwrap_or(u64::MAX);
        self.oldest.saturating_add(kept)
    }

    fn place(&self, sequence: u64) -> Append {
        match sequence.cmp(&self.next()) {
            std::cmp::Ordering::Less => Append::Duplicate,
            _ if self.end.is_some() => Append::Ended,
            std::cmp::Ordering::Equal => Append::Appended,
            std::cmp::Ordering::Greater => Append::Gap,
        }
    }

    fn keep(&mut self, entry: Entry) {
        self.note_video(&entry);
        if self.first_video_track.is_some_and(|track| entry.is_keyframe_of(track)) {
            self.keyframes.push_back(entry.sequence);
        }
        self.bytes = self.bytes.saturating_add(entry.cost());
        let entry = Arc::new(entry);
        if entry.is_header() {
            self.headers.insert(Arc::clone(&entry));
        }
        self.entries.push_back(entry);
        self.settle_share();
    }

    /// The first video track is the lowest one that had a keyframe or a configuration.
    fn note_video(&mut self, entry: &Entry) {
        let Some(track) = entry.video_track() else {
            return;
        };
        if self.first_video_track.is_none_or(|known| track < known) {
            self.first_video_track = Some(track);
            self.keyframes.clear();
        }
    }

    fn front_is_old(&self, now: Instant) -> bool {
        let age = match &self.share {
            Some(share) if share.is_tight() => self.limits.age.min(AGE_WHEN_TIGHT),
            _ => self.limits.age,
        };
        self.entries.front().is_some_and(|entry| now.saturating_duration_since(entry.at) > age)
    }

    fn drop_front(&mut self) {
        let Some(entry) = self.entries.pop_front() else {
            return;
        };
        self.bytes = self.bytes.saturating_sub(entry.cost());
        self.oldest = entry.sequence.saturating_add(1);
        while self.keyframes.front().is_some_and(|&point| point < self.oldest) {
            self.keyframes.pop_front();
        }
        if entry.is_header() {
            self.headers.forget_below(self.oldest);
        }
        self.settle_share();
    }

    /// A header in force that is in the log too counts twice.
    fn settle_share(&mut self) {
        if let Some(share) = &mut self.share {
            share.set(self.bytes.saturating_add(self.headers.bytes()));
        }
    }
}

#[cfg(test)]
mod tests;
