//! What publishers have sent.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::Args;
use crate::bench::connection::Lost;
use crate::bench::host;
use crate::bench::percentiles::{Percentiles, Times};
use crate::bench::table::Table;
use crate::bench::target;
use crate::bench::units::{bytes, megabits_per_second, seconds};

/// What has been sent until now.
#[derive(Debug)]
pub struct Sent {
    publishing: u32,
    started: u32,
    frames: u64,
    bytes: u64,
    late: Times,
    reasons: BTreeMap<String, u64>,
    moved: u64,
    unmoved: BTreeMap<String, u64>,
    /// Where publishers have gone, by their numbers: the number of the target.
    places: BTreeMap<u32, usize>,
}

impl Sent {
    /// Nothing.
    pub fn new() -> Self {
        Self {
            publishing: 0,
            started: 0,
            frames: 0,
            bytes: 0,
            late: Times::new(),
            reasons: BTreeMap::new(),
            moved: 0,
            unmoved: BTreeMap::new(),
            places: BTreeMap::new(),
        }
    }

    /// A publisher may send.
    pub fn begin(&mut self) {
        self.started += 1;
        self.publishing += 1;
    }

    /// Whether a publisher may send, or might.
    pub fn has_begun(&self) -> bool {
        self.started > 0
    }

    /// A publisher has sent all.
    pub fn end(&mut self) {
        self.publishing -= 1;
    }

    /// A publisher ended before its time.
    pub fn lose(&mut self, lost: &Lost) {
        *self.reasons.entry(lost.to_string()).or_default() += 1;
    }

    /// A publisher has gone to a target because it was asked to.
    pub fn go_over(&mut self, publisher: u32, target: usize) {
        self.moved += 1;
        self.places.insert(publisher, target);
    }

    /// A publisher connects anew where it began.
    pub fn come_back(&mut self, publisher: u32) {
        self.places.remove(&publisher);
    }

    /// A publisher was asked to move, and can't: why.
    pub fn stay(&mut self, why: String) {
        *self.unmoved.entry(why).or_default() += 1;
    }

    /// The target to which a publisher has gone; `None` if it is where it began.
    pub fn place_of(&self, publisher: u32) -> Option<usize> {
        self.places.get(&publisher).copied()
    }

    /// A frame is sent, so much after it was due.
    pub fn count(&mut self, length: usize, late: Duration) {
        self.frames += 1;
        self.bytes += length as u64;
        self.late.record(late);
    }

    /// In a line.
    pub fn state(&self) -> String {
        let (publishing, disconnects) = (self.publishing, self.disconnects());
        let sent = bytes(self.bytes);
        format!("{publishing} publishing, {sent} sent, {disconnects} disconnects")
    }

    fn disconnects(&self) -> u64 {
        self.reasons.values().sum()
    }
}

/// What `bench publish` tells. Field by field the object that `--json` prints.
#[derive(Debug, Serialize)]
pub struct Report {
    /// `publish`.
    pub bench: &'static str,
    /// Where it published.
    pub url: String,
    /// How many publishers were asked for.
    pub publishers: u32,
    /// How many of them the server let publish.
    pub published: u32,
    /// How many were refused, or disconnected before their time.
    pub disconnects: u64,
    /// The same by reason.
    pub disconnect_reasons: BTreeMap<String, u64>,
    /// How often publishers moved to another connection because they were asked to.
    pub moved: u64,
    /// Why publishers that were asked could not, and how many.
    pub unmoved_reasons: BTreeMap<String, u64>,
    /// Video and audio frames sent.
    pub frames_sent: u64,
    /// Bytes of those, without chunk headers.
    pub bytes_sent: u64,
    /// From the first connect to the end.
    pub elapsed_seconds: f64,
    /// `bytes_sent` over `elapsed_seconds`.
    pub megabits_per_second: f64,
    /// By how much frames were sent after they were due: the server did not read, or this machine has no CPU left.
    pub late_ms: Option<Percentiles>,
    /// CPU time of this process, its share of the kernel's work included.
    pub bench_cpu_seconds: f64,
}

impl Report {
    /// What there is to tell after `elapsed`.
    pub fn of(args: &Args, sent: &Sent, elapsed: Duration) -> Self {
        Self {
            bench: "publish",
            url: target::urls(&args.targets),
            publishers: args.publishers,
            published: sent.started,
            disconnects: sent.disconnects(),
            disconnect_reasons: sent.reasons.clone(),
            moved: sent.moved,
            unmoved_reasons: sent.unmoved.clone(),
            frames_sent: sent.frames,
            bytes_sent: sent.bytes,
            elapsed_seconds: seconds(elapsed),
            megabits_per_second: megabits_per_second(sent.bytes, elapsed),
            late_ms: sent.late.percentiles(),
            bench_cpu_seconds: seconds(host::cpu_time()),
        }
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut table = Table::default();
        let published = [(u64::from(self.published), "published"), (self.disconnects, "disconnected")];
        table.line("url", &self.url);
        table.counts("publishers", &published);
        table.reasons(&self.disconnect_reasons);
        if self.moved > 0 || !self.unmoved_reasons.is_empty() {
            table.counts("", &[(self.moved, "moved")]);
            table.reasons(&self.unmoved_reasons);
        }
        table.counts("frames", &[(self.frames_sent, "sent")]);
        let rate = self.megabits_per_second;
        let sent = bytes(self.bytes_sent);
        table.line("bytes", &format!("{sent} sent, {rate:.1} Mb/s"));
        table.line("cpu of this process", &format!("{:.2} s", self.bench_cpu_seconds));
        table.percentiles_head();
        table.percentiles("sent after it was due", self.late_ms);
        table.finish()
    }
}
