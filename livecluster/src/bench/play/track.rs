//! The frames of one kind that come to a viewer over one connection, and which of them had come over another.

use std::time::Duration;

use super::counts::Counts;
use super::sequence::Sequence;
use crate::bench::mark::Mark;

/// Video or audio of one connection.
#[derive(Debug, Default)]
pub struct Track {
    /// Of the publisher's run that comes now.
    come: Option<(Span, Sequence)>,
    /// What had come over the connection before this one when that was closed.
    before: Option<Span>,
    timestamp: Option<u32>,
}

/// From the first frame to the highest of one run of a publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    run: u32,
    first: u32,
    highest: u32,
}

/// When a frame came, and since when the viewer has wanted it.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// Now.
    pub now: Duration,
    /// When it asked to play, over the connection that the frame came over.
    pub asked: Duration,
}

impl Track {
    /// What has come.
    pub fn span(&self) -> Option<Span> {
        self.come.map(|(span, sequence)| Span { highest: sequence.highest(), ..span })
    }

    /// The highest frame that has come.
    pub fn highest(&self) -> Option<u32> {
        self.span().map(|span| span.highest)
    }

    /// Whether a frame came over the connection before.
    pub fn had(&self, mark: &Mark) -> bool {
        self.before.is_some_and(|span| span.has(mark))
    }

    /// Takes the next frame: what it is to those before it.
    pub fn take(&mut self, mark: &Mark, counts: &mut Counts) {
        match &mut self.come {
            Some((span, sequence)) if span.run == mark.run => counts.count(sequence.take(mark.sequence)),
            // The first frame, or the publisher has come back: its timestamps begin anew too.
            _ => {
                let first = Span { run: mark.run, first: mark.sequence, highest: mark.sequence };
                self.come = Some((first, Sequence::new(mark.sequence)));
                self.timestamp = None;
                counts.lost += u64::from(self.hole());
            }
        }
    }

    /// 5.3.1: timestamps wrap around.
    pub fn check_timestamp(&mut self, timestamp: u32, counts: &mut Counts) {
        let back = |last: u32| last != timestamp && last.wrapping_sub(timestamp) < 1 << 31;
        if self.timestamp.replace(timestamp).is_some_and(back) {
            counts.timestamps_back += 1;
        }
    }

    /// Whether this track goes on where `earlier` is, or before that.
    pub fn joins(&self, earlier: &Self) -> bool {
        match (earlier.span(), self.span()) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(earlier), Some(later)) => later.hole_behind(earlier) == 0,
        }
    }

    /// This track goes on alone. What neither had is lost.
    pub fn follow(&mut self, earlier: &Self, counts: &mut Counts) {
        self.before = earlier.span().or(earlier.before);
        counts.lost += u64::from(self.hole());
    }

    /// How many frames neither this connection nor the one before had.
    fn hole(&self) -> u32 {
        let pair = self.before.zip(self.span());
        pair.map_or(0, |(before, come)| come.hole_behind(before))
    }
}

impl Span {
    /// Whether a frame is in it.
    pub fn has(&self, mark: &Mark) -> bool {
        self.run == mark.run && (self.first..=self.highest).contains(&mark.sequence)
    }

    /// How many frames are missing between the end of `earlier` and the beginning of this one.
    fn hole_behind(self, earlier: Self) -> u32 {
        match self.run == earlier.run {
            true => self.first.saturating_sub(earlier.highest.saturating_add(1)),
            false => 0,
        }
    }
}
