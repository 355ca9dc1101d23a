//! The numbers of the frames that a viewer gets: which are missing, and which come twice or too late.

/// What has come of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequence {
    highest: u32,
    /// Bit `n`: the frame `n + 1` below `highest` is missing.
    missing: u64,
}

/// What a frame is to its sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The next one.
    Next,
    /// Further on: so many before it have not come.
    After {
        /// How many.
        missing: u32,
    },
    /// One that was missing. Those that come more than 64 frames late are not known any more.
    OutOfOrder,
    /// One that had come, or was before the first.
    Repeated,
}

impl Sequence {
    /// Begins with any frame.
    pub fn new(first: u32) -> Self {
        Self { highest: first, missing: 0 }
    }

    /// The highest number that has come.
    pub fn highest(&self) -> u32 {
        self.highest
    }

    /// Takes the next frame that comes.
    pub fn take(&mut self, number: u32) -> Arrival {
        match number.checked_sub(self.highest) {
            None | Some(0) => self.take_below(self.highest - number),
            Some(ahead) => {
                self.advance(ahead);
                match ahead - 1 {
                    0 => Arrival::Next,
                    missing => Arrival::After { missing },
                }
            }
        }
    }

    fn take_below(&mut self, below: u32) -> Arrival {
        let bit = below.checked_sub(1).and_then(|index| 1_u64.checked_shl(index)).unwrap_or_default();
        if self.missing & bit == 0 {
            return Arrival::Repeated;
        }
        self.missing &= !bit;
        Arrival::OutOfOrder
    }

    fn advance(&mut self, ahead: u32) {
        let skipped = ahead - 1;
        let kept = self.missing.checked_shl(ahead).unwrap_or_default();
        let new = 1_u64.checked_shl(skipped).map_or(u64::MAX, |bit| bit - 1);
        self.missing = kept | new;
        self.highest += ahead;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals<const N: usize>(first: u32, numbers: [u32; N]) -> [Arrival; N] {
        let mut sequence = Sequence::new(first);
        numbers.map(|number| sequence.take(number))
    }

    #[test]
    fn frames_in_order_are_next() {
        assert_eq!(arrivals(7, [8, 9, 10]), [Arrival::Next; 3]);
    }

    #[test]
    fn a_gap_counts_what_is_missing() {
        let missing = |missing| Arrival::After { missing };

        assert_eq!(arrivals(7, [9, 12]), [missing(1), missing(2)]);
        assert_eq!(arrivals(0, [1000]), [missing(999)]);
    }

    #[test]
    fn a_missing_frame_is_out_of_order_once_and_then_repeated() {
        let [_, late, again] = arrivals(7, [9, 8, 8]);

        assert_eq!((late, again), (Arrival::OutOfOrder, Arrival::Repeated));
        let [_, _, late] = arrivals(7, [9, 72, 8]);
        assert_eq!(late, Arrival::OutOfOrder);
    }

    #[test]
    fn what_has_come_is_repeated() {
        let repeated = Arrival::Repeated;

        assert_eq!(arrivals(7, [7, 8, 7]), [repeated, Arrival::Next, repeated]);
        assert_eq!(arrivals(7, [6, 0]), [repeated; 2]);
    }

    #[test]
    fn a_frame_far_behind_is_not_known_any_more() {
        let [_, late] = arrivals(0, [100, 35]);
        assert_eq!(late, Arrival::Repeated);
        let [_, late] = arrivals(0, [100, 36]);
        assert_eq!(late, Arrival::OutOfOrder);
    }

    #[test]
    fn any_order_of_the_same_frames_leaves_none_missing() {
        let numbers = [3, 1, 2, 6, 5, 4, 9, 7, 8];
        let mut lost = 0_u32;
        for arrival in arrivals(0, numbers) {
            match arrival {
                Arrival::After { missing } => lost += missing,
                Arrival::OutOfOrder => lost -= 1,
                Arrival::Next | Arrival::Repeated => {}
            }
        }

        assert_eq!(lost, 0);
    }
}
