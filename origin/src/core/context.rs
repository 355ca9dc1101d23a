//! What every part of the core uses: routes, links, deadlines and what goes out.

use std::collections::VecDeque;
use std::time::Duration;

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::route::{Applications, Key};
use livecluster_mrtmp::timers::Timers;

use super::adoption::Adoption;
use super::link::{LinkId, Links, Ready};
use super::{Config, Now};

#[derive(Debug)]
pub(super) struct Context {
    pub config: Config,
    pub adoption: Adoption,
    pub applications: Applications,
    pub links: Links,
    pub timers: Timers<Key>,
    pub outputs: VecDeque<Output>,
    pub counters: Counters,
    pub now: Now,
}

/// What the IO layer has to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// This link has frames to send.
    Wake(LinkId),
}

/// Figures for metrics, counted since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Messages that came twice, or from a source that is not bound, and were dropped.
    pub duplicates: u64,
    /// Holes sent to edges that lagged behind the log.
    pub discontinuities: u64,
    /// Publications that took a stream over from another.
    pub takeovers: u64,
    /// Publishes and plays that were refused.
    pub refusals: u64,
}

impl Context {
    pub fn new(config: Config, adoption: Adoption, now: Now) -> Self {
        Self {
            config,
            adoption,
            applications: Applications::default(),
            links: Links::default(),
            timers: Timers::default(),
            outputs: VecDeque::new(),
            counters: Counters::default(),
            now,
        }
    }

    pub fn owns(&self, key: &Key) -> bool {
        self.adoption.owns(key)
    }

    /// Queues a control frame.
    pub fn control(&mut self, link: LinkId, frame: Frame) {
        if let Some(found) = self.links.get_mut(link) {
            found.push_control(frame);
            self.outputs.push_back(Output::Wake(link));
        }
    }

    /// Media is there to be sent.
    pub fn ready(&mut self, link: LinkId, ready: Ready) {
        if let Some(found) = self.links.get_mut(link) {
            found.push_ready(ready);
            self.outputs.push_back(Output::Wake(link));
        }
    }

    /// The operators are told about a change of this stream.
    pub fn report(&mut self, key: &Key) {
        for link in self.links.note_stream(key) {
            self.outputs.push_back(Output::Wake(link));
        }
    }

    /// The stream is looked at again after this time.
    pub fn after(&mut self, delay: Duration, key: &Key) {
        self.timers.set(self.now.instant + delay, key.clone());
    }
}
