//! Whether what came through is what was sent. Pure.

use std::fmt;
use std::time::Duration;

use crate::bench::percentiles::Percentiles;
use crate::bench::play::Counts;
use crate::bench::units::{count, seconds};

/// What came of a stream.
#[derive(Debug)]
pub struct Seen {
    /// Which stream.
    pub url: String,
    /// The last frame that was sent, of video and of audio.
    pub last: [Option<u32>; 2],
    /// The highest that came.
    pub latest: [Option<u32>; 2],
    /// How long the last frames were waited for.
    pub waited: Duration,
    /// All that came.
    pub counts: Counts,
}

/// All came.
#[derive(Debug)]
pub struct Passed {
    /// Which stream.
    pub url: String,
    /// Frames that came.
    pub frames: u64,
    /// From sending a frame to its arrival.
    pub latency: Option<Percentiles>,
}

/// Something did not come, or not as it was sent.
#[derive(Debug, thiserror::Error)]
#[error("{url}: of {} frames that were sent {faults}", count(*sent))]
pub struct Broken {
    url: String,
    sent: u64,
    faults: String,
}

impl Seen {
    /// Each frame has to come, once and in order.
    pub fn verdict(&self) -> Result<Passed, Broken> {
        let Self { url, counts, .. } = self;
        let url = url.clone();
        let faults = self.faults();
        if !faults.is_empty() {
            return Err(Broken { url, sent: number_of(self.last), faults: faults.join(", ") });
        }
        Ok(Passed { url, frames: counts.marked, latency: counts.latency.percentiles() })
    }

    fn faults(&self) -> Vec<String> {
        let Counts { frames, lost, repeated, out_of_order, damaged, timestamps_back, .. } = self.counts;
        let waited = seconds(self.waited);
        if frames == 0 {
            return vec![format!("none came within {waited} s")];
        }
        let missing = number_of(self.last).saturating_sub(number_of(self.latest));
        let found = [
            (lost, "were lost".to_owned()),
            (missing, format!("at the end did not come within {waited} s")),
            (repeated, "came twice".to_owned()),
            (out_of_order, "came out of order".to_owned()),
            (damaged, "were damaged".to_owned()),
            (timestamps_back, "went back in time".to_owned()),
        ];
        found.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", count(n))).collect()
    }
}

impl fmt::Display for Passed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, frames, latency } = self;
        write!(formatter, "{url}: {} frames came, each once and in order", count(*frames))?;
        let Some(Percentiles { p50, max, .. }) = latency else { return Ok(()) };
        write!(formatter, "; half of them within {p50:.0} ms, all within {max:.0} ms")
    }
}

/// How many frames there are up to these.
fn number_of(tracks: [Option<u32>; 2]) -> u64 {
    tracks.into_iter().flatten().map(|sequence| u64::from(sequence) + 1).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(change: impl FnOnce(&mut Seen)) -> Seen {
        let mut counts = Counts::new();
        (counts.frames, counts.marked) = (340, 340);
        counts.latency.record(Duration::from_millis(50));
        let (last, waited) = ([Some(124), Some(214)], Duration::from_secs(10));
        let mut seen = Seen { url: "rtmp://host/live/x".to_owned(), last, latest: last, waited, counts };
        change(&mut seen);
        seen
    }

    #[test]
    fn whole_stream_passes_with_figures() {
        let passed = seen(|_| {}).verdict().unwrap();

        assert_eq!(
            passed.to_string(),
            "rtmp://host/live/x: 340 frames came, each once and in order; half of them within 50 ms, all within 50 ms"
        );
    }

    #[test]
    fn each_fault_is_told() {
        type Change = fn(&mut Seen);
        let cases: [(Change, &str); 8] = [
            (|seen| seen.counts.lost = 3, "3 were lost"),
            (|seen| seen.latest = [Some(124), Some(200)], "14 at the end did not come within 10 s"),
            (|seen| seen.latest = [Some(124), None], "215 at the end did not come within 10 s"),
            (|seen| seen.counts.repeated = 1, "1 came twice"),
            (|seen| seen.counts.out_of_order = 1, "1 came out of order"),
            (|seen| seen.counts.damaged = 2, "2 were damaged"),
            (|seen| seen.counts.timestamps_back = 1, "1 went back in time"),
            (|seen| seen.counts.frames = 0, "none came within 10 s"),
        ];
        for (change, fault) in cases {
            let broken = seen(change).verdict().unwrap_err().to_string();

            assert_eq!(broken, format!("rtmp://host/live/x: of 340 frames that were sent {fault}"));
        }
    }
}
