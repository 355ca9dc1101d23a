//! All viewers of the drill, and what they see of a fault. No sockets and no clock.

use std::time::Duration;

use livecluster_rtmp::session::ClientEvent as Event;

use super::score::Score;
use super::seat::{Notes, Seat};
use crate::bench::connection::Lost;
use crate::bench::play::{Counts, Line, Told};

/// The viewers, and the encoders as far as they lose their connection. All times are since the Unix epoch.
#[derive(Debug)]
pub struct Audience {
    seats: Vec<Seat>,
    counts: Counts,
    /// How often each encoder lost its connection.
    encoders: Vec<u64>,
    /// The sums when the fault began.
    before: Score,
}

impl Audience {
    /// Of so many encoders; each viewer has a stream and an edge.
    pub fn new(encoders: usize, seats: impl Iterator<Item = (u32, usize)>) -> Self {
        Self {
            seats: seats.map(|(stream, edge)| Seat::new(stream, edge)).collect(),
            counts: Counts::new(),
            encoders: vec![0; encoders],
            before: Score::default(),
        }
    }

    /// A viewer lost its connection.
    pub fn lose(&mut self, index: usize, lost: &Lost) {
        if let Some(seat) = self.seats.get_mut(index) {
            seat.lose();
        }
        *self.counts.reasons.entry(format!("viewer {lost}")).or_default() += 1;
    }

    /// An encoder lost its connection.
    pub fn lose_encoder(&mut self, index: usize, lost: &Lost) {
        if let Some(losses) = self.encoders.get_mut(index) {
            *losses += 1;
        }
        *self.counts.reasons.entry(format!("encoder {lost}")).or_default() += 1;
    }

    /// The viewers that sit at such a place: stream and edge.
    pub fn find(&self, sits: impl Fn(u32, usize) -> bool) -> Vec<usize> {
        let found = self.seats.iter().enumerate().filter(|(_, seat)| sits(seat.stream, seat.edge));
        found.map(|(index, _)| index).collect()
    }

    /// How many viewers have a frame that was sent at this time or later.
    pub fn reached(&self, seats: &[usize], sent: Duration) -> usize {
        let seats = seats.iter().filter_map(|index| self.seats.get(*index));
        seats.filter(|seat| seat.newest >= sent).count()
    }

    /// How many viewers have a frame that was sent at this time or later, and know what pauses are usual.
    pub fn settled(&self, sent: Duration) -> usize {
        self.seats.iter().filter(|seat| seat.newest >= sent && seat.rhythm.is_known()).count()
    }

    /// A fault begins.
    pub fn begin(&mut self) {
        self.encoders.fill(0);
        self.seats.iter_mut().for_each(Seat::begin);
        self.before = self.score();
    }

    /// What has happened since to these viewers was to happen: no promise is broken.
    pub fn forgive(&mut self, seats: &[usize]) {
        for index in seats {
            if let Some(seat) = self.seats.get_mut(*index) {
                seat.forgive();
            }
        }
    }

    /// That these viewers were told of an end was to happen.
    pub fn forgive_ends(&mut self, seats: &[usize]) {
        for index in seats {
            if let Some(seat) = self.seats.get_mut(*index) {
                seat.notes.ends = 0;
            }
        }
    }

    /// An encoder had to lose its connection.
    pub fn forgive_encoder(&mut self, index: usize) {
        if let Some(losses) = self.encoders.get_mut(index) {
            *losses = 0;
        }
    }

    /// A fault is over: what all saw of it, and the gaps of those whom it concerned.
    pub fn end(&mut self, concerned: &[usize], now: Duration) -> (Score, Vec<Duration>) {
        let gaps: Vec<_> = self.seats.iter_mut().map(|seat| seat.rhythm.end(now)).collect();
        let concerned = concerned.iter().filter_map(|index| *gaps.get(*index)?);
        (self.score().since(&self.before), concerned.collect())
    }

    fn score(&self) -> Score {
        let sum = |of: fn(&Notes) -> u64| self.seats.iter().map(|seat| of(&seat.notes)).sum::<u64>();
        Score {
            disconnects: sum(|notes| notes.losses) + self.encoders.iter().sum::<u64>(),
            lost: self.counts.lost + self.counts.damaged + sum(|notes| notes.missing),
            repeated: self.counts.repeated + sum(|notes| notes.replaced),
            out_of_order: self.counts.out_of_order + self.counts.timestamps_back + sum(|notes| notes.backs),
            told_ended: sum(|notes| notes.ends),
            reasons: self.counts.reasons.clone(),
        }
    }
}

impl Told for Audience {
    fn connect(&mut self, index: usize, now: Duration) {
        if let Some(seat) = self.seats.get_mut(index) {
            seat.connect(now);
        }
    }

    fn ask(&mut self, index: usize, line: Line, now: Duration) {
        if let Some(seat) = self.seats.get_mut(index) {
            seat.ask(line, now, &mut self.counts);
        }
    }

    fn read(&mut self, bytes: usize) {
        self.counts.bytes += bytes as u64;
    }

    fn handle(&mut self, index: usize, line: Line, event: Event, now: Duration) -> Result<(), Lost> {
        match self.seats.get_mut(index) {
            Some(seat) => seat.handle(line, event, now, &mut self.counts),
            None => Ok(()),
        }
    }

    fn may_go_over(&self, index: usize, now: Duration) -> bool {
        self.seats.get(index).is_some_and(|seat| seat.may_go_over(now))
    }

    fn go_over(&mut self, index: usize, target: usize) {
        if let Some(seat) = self.seats.get_mut(index) {
            seat.go_over(target, &mut self.counts);
        }
    }

    fn stay(&mut self, _: usize, why: String) {
        *self.counts.reasons.entry(format!("viewer can't move: {why}")).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use livecluster_rtmp::Message;
    use livecluster_rtmp::message::Kind;

    use super::*;
    use crate::bench::h264;
    use crate::bench::mark::Mark;

    /// Two viewers of stream 0, at edges 0 and 1.
    fn audience() -> Audience {
        let mut audience = Audience::new(1, [(0, 0), (0, 1)].into_iter());
        for index in 0..2 {
            audience.connect(index, at(0));
            audience.ask(index, Line::Own, at(0));
        }
        audience
    }

    fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn show(audience: &mut Audience, seat: usize, sequence: u32) {
        let now = at(u64::from(sequence) * 40);
        let mark = Mark { run: 1, publisher: 0, sequence, length: 200, sent: now };
        let payload = h264::frame(&mark, sequence % 50).into();
        let message = Message { kind: Kind::VIDEO, timestamp: sequence * 40, stream_id: 1, payload };
        audience.handle(seat, Line::Own, Event::Media(message), now).expect("not refused");
    }

    #[test]
    fn only_those_whom_a_fault_concerns_have_a_gap() {
        let mut audience = audience();
        (0..=300).for_each(|sequence| show(&mut audience, 0, sequence));
        (0..=300).for_each(|sequence| show(&mut audience, 1, sequence));
        assert_eq!(audience.settled(at(12_000)), 2);

        audience.begin();
        show(&mut audience, 1, 310);
        show(&mut audience, 1, 311);
        let (score, gaps) = audience.end(&[1], at(12_440));

        assert_eq!(gaps, [at(360)]);
        assert_eq!(score, Score { lost: 9, ..Score::default() });
    }

    #[test]
    fn what_was_before_a_fault_does_not_count() {
        let mut audience = audience();
        audience.lose(0, &Lost::Closed);
        audience.lose_encoder(0, &Lost::Closed);

        audience.begin();

        assert_eq!(audience.end(&[0, 1], at(0)), (Score::default(), Vec::new()));
    }

    #[test]
    fn client_that_had_to_go_is_no_disconnect() {
        let mut audience = audience();
        audience.begin();
        audience.lose(0, &Lost::Closed);
        audience.lose(1, &Lost::Closed);
        audience.lose_encoder(0, &Lost::Closed);

        audience.forgive(&[0]);
        audience.forgive_encoder(0);

        let (score, _) = audience.end(&[], at(0));
        assert_eq!((score.disconnects, score.reasons["viewer closed by the server"]), (1, 2));
    }
}
