//! The processes of a simulated cluster: what belongs to one edge and to one origin.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use livecluster_edge::core as edge;
use livecluster_mrtmp::id::{BootId, Name};
use livecluster_mrtmp::route::Document;
use livecluster_origin::core as origin;

/// An edge.
#[derive(Debug)]
pub struct Edge {
    /// Its decisions.
    pub core: edge::Core,
    /// Media frames that came down to it.
    pub came_down: u64,
    pub(super) name: Name,
    pub(super) boot: BootId,
    pub(super) wires: BTreeMap<edge::LinkId, usize>,
    /// Origins that it is trying to reach.
    pub(super) dialing: BTreeSet<usize>,
}

/// An origin.
#[derive(Debug)]
pub struct Origin {
    pub(super) name: Name,
    pub(super) boot: BootId,
    pub(super) process: Process,
    pub(super) wires: BTreeMap<origin::LinkId, usize>,
    /// What it keeps over a restart of its container.
    pub(super) document: Option<Document>,
    /// Milliseconds by which its clock that people read is late.
    pub(super) clock_late: u64,
}

/// An origin's process.
#[derive(Debug)]
pub(super) enum Process {
    Runs(Box<origin::Core>),
    /// It handles nothing since then, and its sockets stay open.
    Frozen(Box<origin::Core>, Duration),
    Gone,
}

impl Origin {
    /// Its decisions, while it runs.
    pub fn core(&mut self) -> Option<&mut origin::Core> {
        match &mut self.process {
            Process::Runs(core) => Some(core),
            Process::Frozen(..) | Process::Gone => None,
        }
    }

    /// Whether it runs.
    pub fn runs(&self) -> bool {
        matches!(self.process, Process::Runs(_))
    }
}
