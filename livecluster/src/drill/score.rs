//! What all clients together saw of faults, in numbers that shall be 0.

use std::collections::BTreeMap;

use serde::Serialize;

/// Sums over all clients.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Score {
    /// Connections of viewers and encoders that were lost.
    pub disconnects: u64,
    /// Frames that did not come though a later one did, or came damaged.
    #[serde(rename = "frames_lost")]
    pub lost: u64,
    /// Frames that came again.
    #[serde(rename = "frames_repeated")]
    pub repeated: u64,
    /// Frames that came behind a later one, or with an earlier time.
    #[serde(rename = "frames_out_of_order")]
    pub out_of_order: u64,
    /// How often viewers were told that their stream had ended.
    pub told_ended: u64,
    /// Why connections were lost, those included that had to be.
    pub reasons: BTreeMap<String, u64>,
}

impl Score {
    /// What came on top of an earlier one.
    pub fn since(&self, before: &Self) -> Self {
        let reasons = self.reasons.iter().map(|(reason, times)| {
            let earlier = before.reasons.get(reason).copied().unwrap_or_default();
            (reason.clone(), times.saturating_sub(earlier))
        });
        Self {
            disconnects: self.disconnects.saturating_sub(before.disconnects),
            lost: self.lost.saturating_sub(before.lost),
            repeated: self.repeated.saturating_sub(before.repeated),
            out_of_order: self.out_of_order.saturating_sub(before.out_of_order),
            told_ended: self.told_ended.saturating_sub(before.told_ended),
            reasons: reasons.filter(|(_, times)| *times > 0).collect(),
        }
    }

    /// Takes those of another fault in.
    pub fn add(&mut self, other: &Self) {
        self.disconnects += other.disconnects;
        self.lost += other.lost;
        self.repeated += other.repeated;
        self.out_of_order += other.out_of_order;
        self.told_ended += other.told_ended;
        for (reason, times) in &other.reasons {
            *self.reasons.entry(reason.clone()).or_default() += times;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(disconnects: u64, reason: &str) -> Score {
        Score { disconnects, reasons: [(reason.to_owned(), disconnects)].into(), ..Score::default() }
    }

    #[test]
    fn difference_and_sum_agree() {
        let before = score(2, "closed");
        let mut after = before.clone();

        after.add(&score(3, "timeout"));

        assert_eq!(after.since(&before), score(3, "timeout"));
        assert_eq!(after.disconnects, 5);
    }
}
