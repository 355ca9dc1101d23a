//! What an origin has counted since its process started, over all its boots and links.

use std::ops::AddAssign;

use livecluster_mrtmp::io;

use crate::core;

/// Counts that only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub frames_in: u64,
    pub frames_out: u64,
    pub duplicates: u64,
    pub discontinuities: u64,
    pub takeovers: u64,
    pub refusals: u64,
}

impl From<&io::Counters> for Totals {
    fn from(link: &io::Counters) -> Self {
        Self {
            bytes_in: link.bytes_in(),
            bytes_out: link.bytes_out(),
            frames_in: link.frames_in(),
            frames_out: link.frames_out(),
            ..Self::default()
        }
    }
}

impl From<&core::Counters> for Totals {
    fn from(core: &core::Counters) -> Self {
        Self {
            duplicates: core.duplicates,
            discontinuities: core.discontinuities,
            takeovers: core.takeovers,
            refusals: core.refusals,
            ..Self::default()
        }
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, more: Self) {
        self.bytes_in += more.bytes_in;
        self.bytes_out += more.bytes_out;
        self.frames_in += more.frames_in;
        self.frames_out += more.frames_out;
        self.duplicates += more.duplicates;
        self.discontinuities += more.discontinuities;
        self.takeovers += more.takeovers;
        self.refusals += more.refusals;
    }
}
