//! All viewers and what they have seen: the part of `bench play` that decides, without sockets or a clock.

use std::time::Duration;

use livecluster_rtmp::chunk::control::Control;
use livecluster_rtmp::command::status;
use livecluster_rtmp::session::ClientEvent as Event;

use super::counts::Counts;
use super::player::{Line, Told};
use super::viewer::Viewer;
use crate::bench::connection::Lost;
use crate::bench::percentiles::Times;

/// The viewers of a run. All times are since the Unix epoch; a viewer is named by its index.
#[derive(Debug)]
pub struct Audience {
    /// `None` when it is lost.
    viewers: Vec<Option<Viewer>>,
    counts: Counts,
    /// The longest pause of each viewer that is lost.
    pauses: Times,
}

impl Audience {
    /// Viewers of the streams of these publishers.
    pub fn new(publishers: impl Iterator<Item = u32>) -> Self {
        Self { viewers: publishers.map(Viewer::new).map(Some).collect(), counts: Counts::new(), pauses: Times::new() }
    }

    /// The sums until now.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// A viewer is lost.
    pub fn lose(&mut self, index: usize, lost: &Lost, now: Duration) {
        let viewer = self.viewers.get_mut(index).and_then(Option::take);
        if let Some(pause) = viewer.and_then(|viewer| viewer.longest_pause(now)) {
            self.pauses.record(pause);
        }
        *self.counts.reasons.entry(lost.to_string()).or_default() += 1;
    }

    /// The highest frame that has come to a viewer, of video and of audio.
    pub fn latest(&self, index: usize) -> [Option<u32>; 2] {
        let viewer = self.viewers.get(index).and_then(Option::as_ref);
        viewer.map_or([None; 2], Viewer::latest)
    }

    /// The longest pause of each viewer that got a frame.
    pub fn longest_pauses(&self, now: Duration) -> Times {
        let mut pauses = self.pauses.clone();
        let viewers = self.viewers.iter().flatten();
        for pause in viewers.filter_map(|viewer| viewer.longest_pause(now)) {
            pauses.record(pause);
        }
        pauses
    }

    fn viewer(&mut self, index: usize) -> (Option<&mut Viewer>, &mut Counts) {
        let viewer = self.viewers.get_mut(index).and_then(Option::as_mut);
        (viewer, &mut self.counts)
    }
}

impl Told for Audience {
    fn connect(&mut self, index: usize, now: Duration) {
        if let (Some(viewer), _) = self.viewer(index) {
            viewer.connect(now);
        }
    }

    fn ask(&mut self, index: usize, line: Line, now: Duration) {
        match (self.viewer(index), line) {
            ((Some(viewer), counts), Line::Own) => viewer.ask(now, counts),
            ((Some(viewer), _), Line::Next) => viewer.ask_next(now),
            ((None, _), _) => {}
        }
    }

    fn read(&mut self, bytes: usize) {
        self.counts.bytes += bytes as u64;
    }

    fn handle(&mut self, index: usize, line: Line, event: Event, now: Duration) -> Result<(), Lost> {
        let (Some(viewer), counts) = self.viewer(index) else {
            return Ok(());
        };
        match (event, line) {
            (Event::Media(message), Line::Own) => drop(viewer.handle(&message, now, counts)),
            (Event::Media(message), Line::Next) => drop(viewer.handle_next(&message, now, counts)),
            (Event::Refused { status, .. }, _) => return Err(Lost::Refused(status.code)),
            (_, Line::Next) => {}
            (Event::Playing { .. }, _) => viewer.play(counts),
            (Event::Status { status, .. }, _) if is_end(&status.code) => viewer.end(),
            (Event::Control(Control::StreamEof(_)), _) => viewer.end(),
            _ => {}
        }
        Ok(())
    }

    fn may_go_over(&self, index: usize, now: Duration) -> bool {
        let viewer = self.viewers.get(index).and_then(Option::as_ref);
        viewer.is_some_and(|viewer| viewer.may_go_over(now))
    }

    fn go_over(&mut self, index: usize, _: usize) {
        if let (Some(viewer), counts) = self.viewer(index) {
            viewer.go_over(counts);
        }
    }

    fn stay(&mut self, _: usize, why: String) {
        *self.counts.unmoved.entry(why).or_default() += 1;
    }
}

/// Whether a status says that the stream has ended, for now or for good.
pub fn is_end(code: &str) -> bool {
    matches!(code, status::PLAY_STOP | status::PLAY_UNPUBLISH_NOTIFY)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_780_000_000);

    #[test]
    fn lost_viewers_count_by_their_reason() {
        let mut audience = Audience::new([0, 1, 0].into_iter());

        audience.lose(0, &Lost::Closed, NOW);
        audience.lose(1, &Lost::Closed, NOW);
        audience.lose(2, &Lost::Refused("Full".to_owned()), NOW);

        let counts = audience.counts();
        assert_eq!(counts.disconnects(), 3);
        assert_eq!(counts.reasons["closed by the server"], 2);
        assert_eq!(counts.reasons["refused with Full"], 1);
        assert_eq!(audience.longest_pauses(NOW).percentiles(), None);
    }

    #[test]
    fn viewer_is_connected_when_it_asks_and_plays_when_it_is_told() {
        let mut audience = Audience::new([0].into_iter());

        audience.connect(0, NOW);
        audience.ask(0, Line::Own, NOW);
        assert_eq!(audience.counts().connected, 1);
        assert_eq!(audience.counts().playing, 0);

        let playing = Event::Playing { stream_id: 1 };
        assert!(audience.handle(0, Line::Own, playing, NOW).is_ok());
        assert_eq!(audience.counts().playing, 1);
    }
}
