//! What `bench play` tells at the end.

use std::collections::BTreeMap;

use serde::Serialize;

use super::counts::Counts;
use crate::bench::percentiles::Percentiles;
use crate::bench::table::Table;
use crate::bench::units::bytes;

/// What was seen. Field by field the object that `--json` prints; times without any sample are null.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// `play`.
    pub bench: &'static str,
    /// What was watched.
    pub url: String,
    /// How many viewers were asked for.
    pub viewers: u32,
    /// Over how many streams they were spread.
    pub streams: u32,
    /// Viewers that the server let in.
    pub connected: u32,
    /// Viewers whose stream plays, by the server's word or by its frames.
    pub playing: u32,
    /// Viewers that got a keyframe. What follows about frames counts from there on.
    pub watching: u32,
    /// Viewers that were refused or disconnected.
    pub disconnects: u64,
    /// The same by reason.
    pub disconnect_reasons: BTreeMap<String, u64>,
    /// How often viewers moved to another connection because they were asked to.
    pub moved: u64,
    /// Why viewers that were asked could not, and how many.
    pub unmoved_reasons: BTreeMap<String, u64>,
    /// Video and audio messages, without configurations.
    pub frames_received: u64,
    /// Those that `bench publish` made: only of them loss, repeats, disorder, damage and latency are known.
    pub frames_checked: u64,
    /// Frames that did not come though a later one did.
    pub frames_lost: u64,
    /// Frames that came again.
    pub frames_repeated: u64,
    /// Frames that came over both connections of a viewer that moved. They count once elsewhere.
    pub frames_overlap: u64,
    /// Frames that came behind a later one.
    pub frames_out_of_order: u64,
    /// Frames of another length or another publisher than they should be.
    pub frames_damaged: u64,
    /// Messages with an earlier timestamp than the one before of their kind.
    pub timestamps_back: u64,
    /// From sending a frame to its arrival, of frames sent after the viewer's play command.
    pub latency_ms: Option<Percentiles>,
    /// From the beginning to the play command, one a viewer: TCP, handshake, connect and createStream.
    pub connect_ms: Option<Percentiles>,
    /// From the play command to the first keyframe, one a viewer.
    pub first_keyframe_ms: Option<Percentiles>,
    /// The longest pause between two frames, one a viewer.
    pub longest_pause_ms: Option<Percentiles>,
    /// Bytes read from sockets, all.
    pub bytes_received: u64,
    /// From the first connect to the end.
    pub elapsed_seconds: f64,
    /// From the last viewer's start to the end.
    pub steady_seconds: f64,
    /// Of the bytes read in those seconds.
    pub steady_megabits_per_second: f64,
    /// CPU time of this process in those seconds, its share of the kernel's work included.
    pub steady_bench_cpu_seconds: f64,
    /// CPU time of this process, all.
    pub bench_cpu_seconds: f64,
    /// A sentence for each stated bound that was broken. If there is one the exit code is 1.
    pub bounds_broken: Vec<String>,
}

impl Report {
    /// What the viewers have seen; the rest is not known here.
    pub fn of(counts: &Counts) -> Self {
        Self {
            bench: "play",
            connected: counts.connected,
            playing: counts.playing,
            watching: counts.watching,
            disconnects: counts.disconnects(),
            disconnect_reasons: counts.reasons.clone(),
            moved: counts.moved,
            unmoved_reasons: counts.unmoved.clone(),
            frames_received: counts.frames,
            frames_checked: counts.marked,
            frames_lost: counts.lost,
            frames_repeated: counts.repeated,
            frames_overlap: counts.overlap,
            frames_out_of_order: counts.out_of_order,
            frames_damaged: counts.damaged,
            timestamps_back: counts.timestamps_back,
            latency_ms: counts.latency.percentiles(),
            connect_ms: counts.connect.percentiles(),
            first_keyframe_ms: counts.first_keyframe.percentiles(),
            bytes_received: counts.bytes,
            ..Self::default()
        }
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut table = Table::default();
        table.line("url", &self.url);
        table.counts("viewers", &self.viewer_cells());
        table.reasons(&self.disconnect_reasons);
        if self.moved > 0 || !self.unmoved_reasons.is_empty() {
            table.counts("", &[(self.moved, "moved"), (self.frames_overlap, "frames over both connections")]);
            table.reasons(&self.unmoved_reasons);
        }
        table.counts("frames", &[(self.frames_received, "received"), (self.frames_checked, "checked")]);
        table.counts("", &self.fault_cells());
        let (rate, read) = (self.steady_megabits_per_second, bytes(self.bytes_received));
        table.line("bytes", &format!("{read} received, {rate:.1} Mb/s at the end"));
        table.line("cpu of this process", &self.cpu());
        table.percentiles_head();
        table.percentiles("latency", self.latency_ms);
        table.percentiles("connect", self.connect_ms);
        table.percentiles("first keyframe", self.first_keyframe_ms);
        table.percentiles("longest pause of a viewer", self.longest_pause_ms);
        table.verdicts("BROKEN", &self.bounds_broken);
        table.finish()
    }

    fn viewer_cells(&self) -> [(u64, &'static str); 4] {
        [
            (self.connected.into(), "connected"),
            (self.playing.into(), "playing"),
            (self.watching.into(), "watching"),
            (self.disconnects, "disconnected"),
        ]
    }

    fn fault_cells(&self) -> [(u64, &'static str); 5] {
        [
            (self.frames_lost, "lost"),
            (self.frames_repeated, "repeated"),
            (self.frames_out_of_order, "out of order"),
            (self.frames_damaged, "damaged"),
            (self.timestamps_back, "timestamps back"),
        ]
    }

    fn cpu(&self) -> String {
        let (seconds, steady) = (self.steady_bench_cpu_seconds, self.steady_seconds);
        let share = 100.0 * seconds / steady.max(f64::EPSILON);
        format!("{seconds:.2} s in the last {steady:.1} s: {share:.0} % of a core")
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Ten viewers, all well.
    pub(in super::super) fn report() -> Report {
        Report {
            bench: "play",
            url: "rtmp://host/live/cam".to_owned(),
            viewers: 10,
            connected: 10,
            playing: 10,
            watching: 10,
            frames_received: 20_450,
            frames_checked: 20_450,
            bytes_received: 5_612_000,
            steady_seconds: 30.0,
            steady_bench_cpu_seconds: 6.0,
            ..Report::default()
        }
    }

    #[test]
    fn table_is_aligned_and_has_units() {
        let latency_ms = Some(Percentiles { p50: 1.25, p90: 2.0, p99: 10.0, max: 1234.5 });

        let table = Report { latency_ms, ..report() }.table();

        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[1], "viewers                   10 connected, 10 playing, 10 watching, 0 disconnected");
        assert_eq!(lines[2], "frames                    20 450 received, 20 450 checked");
        assert_eq!(lines[5], "cpu of this process       6.00 s in the last 30.0 s: 20 % of a core");
        assert_eq!(lines[7], "milliseconds                      p50        p90        p99        max");
        assert_eq!(lines[8], "latency                           1.2        2.0       10.0     1234.5");
        assert_eq!(lines[9], "connect                             -          -          -          -");
    }

    #[test]
    fn json_names_its_fields() {
        let json = serde_json::to_value(report()).unwrap();

        assert_eq!(json["bench"], "play");
        assert_eq!(json["frames_lost"], 0);
        assert_eq!(json["bounds_broken"], serde_json::json!([]));
        assert!(json["latency_ms"].is_null());
    }
}
