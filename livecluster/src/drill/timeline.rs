//! What a viewer is shown over several runs of one encoder: one follows on another, and time never steps back.

use livecluster_rtmp::Message;
use livecluster_rtmp::message::Kind;

use crate::bench::mark::Mark;

/// The runs that a viewer has seen.
#[derive(Debug, Default)]
pub struct Timeline {
    video: Track,
    audio: Track,
}

/// How a frame follows on what came before. Within a run the bench tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// As it should.
    Forward,
    /// Another run follows on the one before, as it should.
    Begins {
        /// How many frames of its beginning have not come.
        missing: u32,
    },
    /// It is of a run that another had replaced.
    Replaced,
    /// Another run follows with a time before that of the last frame.
    Back,
}

/// Video or audio.
#[derive(Debug, Default)]
struct Track {
    /// The last is the one that goes on.
    runs: Vec<u32>,
    timestamp: u32,
}

impl Timeline {
    /// Takes the next frame.
    pub fn take(&mut self, mark: &Mark, message: &Message) -> Step {
        match message.kind {
            Kind::VIDEO => self.video.take(mark, message.timestamp),
            _ => self.audio.take(mark, message.timestamp),
        }
    }
}

impl Track {
    fn take(&mut self, mark: &Mark, timestamp: u32) -> Step {
        let last = std::mem::replace(&mut self.timestamp, timestamp);
        if self.runs.last() == Some(&mark.run) {
            return Step::Forward;
        }
        if self.runs.contains(&mark.run) {
            return Step::Replaced;
        }
        let is_first = self.runs.is_empty();
        self.begin(mark.run);
        // 5.3.1: timestamps wrap around.
        let is_back = last != timestamp && last.wrapping_sub(timestamp) < 1 << 31;
        match is_first {
            true => Step::Forward,
            false if is_back => Step::Back,
            false => Step::Begins { missing: mark.sequence },
        }
    }

    fn begin(&mut self, run: u32) {
        if self.runs.len() >= MAX_RUNS {
            self.runs.remove(0);
        }
        self.runs.push(run);
    }
}

/// Runs before that are forgotten.
const MAX_RUNS: usize = 8;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const BEGINS: Step = Step::Begins { missing: 0 };

    /// Frames of (run, timestamp), each the first of its run as far as its mark tells.
    fn steps<const N: usize>(frames: [(u32, u32); N]) -> [Step; N] {
        let mut track = Track::default();
        frames.map(|(run, timestamp)| track.take(&mark(run, 0), timestamp))
    }

    fn mark(run: u32, sequence: u32) -> Mark {
        Mark { run, publisher: 0, sequence, length: 0, sent: Duration::ZERO }
    }

    #[test]
    fn next_run_goes_on_in_time() {
        assert_eq!(steps([(1, 0), (1, 40), (2, 40), (2, 80)]), [Step::Forward, Step::Forward, BEGINS, Step::Forward]);
        assert_eq!(steps([(1, u32::MAX), (2, 3)]), [Step::Forward, BEGINS]);
    }

    #[test]
    fn time_that_steps_back_is_seen() {
        assert_eq!(steps([(1, 4000), (2, 3999)]), [Step::Forward, Step::Back]);
    }

    #[test]
    fn run_that_was_replaced_does_not_come_back() {
        assert_eq!(steps([(1, 0), (2, 40), (1, 80)]), [Step::Forward, BEGINS, Step::Replaced]);
    }

    #[test]
    fn run_that_follows_on_another_lacks_its_beginning() {
        let mut track = Track::default();

        assert_eq!(track.take(&mark(1, 700), 0), Step::Forward);
        assert_eq!(track.take(&mark(2, 50), 40), Step::Begins { missing: 50 });
    }
}
