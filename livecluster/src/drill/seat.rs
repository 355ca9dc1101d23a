//! One viewer of the drill, over all its connections.

use std::time::Duration;

use livecluster_rtmp::Message;
use livecluster_rtmp::chunk::control::Control;
use livecluster_rtmp::session::ClientEvent as Event;

use super::rhythm::Rhythm;
use super::timeline::{Step, Timeline};
use crate::bench::connection::Lost;
use crate::bench::mark::Mark;
use crate::bench::play::{Counts, Line, Viewer, is_end};

/// Where a viewer sits, and what it has seen there.
#[derive(Debug)]
pub struct Seat {
    /// The number of its stream.
    pub stream: u32,
    /// The number of the edge where it is.
    pub edge: usize,
    /// That of the edge where it begins.
    home: usize,
    /// What the bench does not count, since a fault.
    pub notes: Notes,
    /// When the newest of its frames was sent.
    pub newest: Duration,
    /// Its pauses.
    pub rhythm: Rhythm,
    viewer: Viewer,
    timeline: Timeline,
}

/// What a viewer noticed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Notes {
    /// How often it lost its connection.
    pub losses: u64,
    /// How often it was told that its stream ended.
    pub ends: u64,
    /// Frames that are missing where one run of its encoder followed on another.
    pub missing: u64,
    /// Frames of a run that another had replaced.
    pub replaced: u64,
    /// How often time stepped back where one run followed on another.
    pub backs: u64,
}

impl Seat {
    /// Before the first connection.
    pub fn new(stream: u32, edge: usize) -> Self {
        Self {
            stream,
            edge,
            home: edge,
            notes: Notes::default(),
            newest: Duration::ZERO,
            rhythm: Rhythm::default(),
            viewer: Viewer::new(stream),
            timeline: Timeline::default(),
        }
    }

    /// It connects, for the first time or again.
    pub fn connect(&mut self, now: Duration) {
        self.edge = self.home;
        self.viewer = Viewer::new(self.stream);
        self.viewer.connect(now);
        self.timeline = Timeline::default();
    }

    /// It has been let in and asks to play.
    pub fn ask(&mut self, line: Line, now: Duration, counts: &mut Counts) {
        match line {
            Line::Own => self.viewer.ask(now, counts),
            Line::Next => self.viewer.ask_next(now),
        }
    }

    /// Takes what came. An error says that it was refused.
    pub fn handle(&mut self, line: Line, event: Event, now: Duration, counts: &mut Counts) -> Result<(), Lost> {
        match (event, line) {
            (Event::Media(message), line) => self.watch(line, &message, now, counts),
            (Event::Refused { status, .. }, _) => return Err(Lost::Refused(status.code)),
            (_, Line::Next) => {}
            (Event::Playing { .. }, _) => self.viewer.play(counts),
            (Event::Status { status, .. }, _) if is_end(&status.code) => self.notes.ends += 1,
            (Event::Control(Control::StreamEof(_)), _) => self.notes.ends += 1,
            _ => {}
        }
        Ok(())
    }

    /// Whether all that comes is on the next connection by now.
    pub fn may_go_over(&self, now: Duration) -> bool {
        self.viewer.may_go_over(now)
    }

    /// It has moved to another edge.
    pub fn go_over(&mut self, edge: usize, counts: &mut Counts) {
        self.viewer.go_over(counts);
        self.edge = edge;
    }

    /// It lost its connection.
    pub fn lose(&mut self) {
        self.notes.losses += 1;
        self.newest = Duration::ZERO;
    }

    /// A fault begins.
    pub fn begin(&mut self) {
        self.notes = Notes::default();
        self.rhythm.begin();
    }

    /// What has happened to it since was to happen.
    pub fn forgive(&mut self) {
        self.notes = Notes::default();
        self.rhythm.rest();
    }

    fn watch(&mut self, line: Line, message: &Message, now: Duration, counts: &mut Counts) {
        let is_news = match line {
            Line::Own => self.viewer.handle(message, now, counts),
            Line::Next => self.viewer.handle_next(message, now, counts),
        };
        let Some(mark) = Mark::of(message).filter(|_| is_news) else {
            return;
        };
        self.newest = self.newest.max(mark.sent);
        self.rhythm.hear(now);
        match self.timeline.take(&mark, message) {
            Step::Forward => {}
            Step::Begins { missing } => self.notes.missing += u64::from(missing),
            Step::Replaced => self.notes.replaced += 1,
            Step::Back => self.notes.backs += 1,
        }
    }
}
