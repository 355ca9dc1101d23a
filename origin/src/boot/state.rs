//! What is behind a boot's lock: the core, the links that are up, and when the clock looks next.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::GoAway;
use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::link::{Role, Watchdog};
use livecluster_mrtmp::route::{self, File, Table};
use livecluster_node::Identity;
use livecluster_node::routes::Lag;
use livecluster_rtmp::broadcast::Budget;

use super::Over;
use crate::Config;
use crate::core::{Core, LinkId, Now, Output, Peer, StreamStatus, Violation};
use crate::link::Handle;
use crate::totals::Totals;

/// The state of one boot.
#[derive(Debug)]
pub(crate) struct State {
    core: Core,
    budget: Arc<Budget>,
    links: HashMap<LinkId, Arc<Handle>>,
    has_document: bool,
    draining: bool,
    /// The links that have not been told that this process will end.
    untold: HashSet<LinkId>,
    lag: Lag,
    max_queued: usize,
    /// What links that have ended, and boots before this one, had counted.
    past: Totals,
    /// How many boots this process has had.
    boots: u64,
    /// When the clock looks next.
    due: Instant,
    watchdog: Watchdog,
    over: Option<Over>,
}

/// Why a link that came up is closed again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTaken {
    #[error("a newer link of this peer is up")]
    Older,
    #[error("{0} links are up: that is the limit")]
    TooMany(u32),
    #[error(transparent)]
    Over(#[from] Over),
}

/// Why a link that is up is closed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Rejected {
    #[error("a newer link of this peer came up")]
    Replaced,
    #[error("{0} frames wait to be read: that is too many")]
    Unread(usize),
    #[error(transparent)]
    Violation(#[from] Violation),
    #[error(transparent)]
    Over(#[from] Over),
}

/// What pages show.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub generation: u64,
    pub draining: bool,
    pub boots: u64,
    pub totals: Totals,
    pub streams: Vec<StreamStatus>,
    /// Bytes in all logs, and what they may be.
    pub log_bytes: usize,
    pub log_limit: usize,
    pub links: Vec<LinkStatus>,
}

/// A link as pages show it.
#[derive(Debug)]
pub(crate) struct LinkStatus {
    pub peer: Name,
    pub role: Role,
    pub rtt: Option<Duration>,
    pub bytes_in: u64,
    pub bytes_out: u64,
}

impl State {
    pub fn new(config: &Config, identity: &Identity, lag: Lag, now: Now) -> Self {
        let budget = config.budget();
        let core = config.core(identity.name().clone(), &budget);
        Self {
            budget,
            core: Core::new(core, &identity.link.cluster, now),
            links: HashMap::new(),
            has_document: false,
            draining: false,
            untold: HashSet::new(),
            lag,
            max_queued: usize::try_from(config.max_queued_frames).unwrap_or(usize::MAX),
            past: Totals::default(),
            boots: 1,
            due: now.instant,
            watchdog: Watchdog::new(now.instant),
            over: None,
        }
    }

    /// Goes on where an older boot ceased to count, and to serve.
    pub fn go_on(&mut self, old: &Self) {
        self.draining = old.draining;
        self.past = old.totals();
        self.boots = old.boots + 1;
    }

    // The clock.

    /// Whether this boot is over; it is if the clock ought to have looked long before `now`.
    pub fn check(&mut self, now: Instant) -> Result<(), Over> {
        if self.over.is_none() {
            self.over = self.watchdog.check(now).err().map(Over::Frozen);
        }
        self.over.clone().map_or(Ok(()), Err)
    }

    pub fn end(&mut self, over: Over) {
        self.over.get_or_insert(over);
    }

    /// Does what is due; says when to look again.
    pub fn tick(&mut self, now: Now) -> Instant {
        if self.core.deadline().is_some_and(|due| due <= now.instant) {
            self.core.handle_timeout(now);
        }
        let latest = now.instant + TICK;
        self.due = self.core.deadline().map_or(latest, |due| due.min(latest));
        self.watchdog.set(self.due);
        self.due
    }

    /// Whether the clock has to look earlier than it said. Told once.
    pub fn is_deadline_sooner(&mut self) -> bool {
        let sooner = self.core.deadline().filter(|due| *due < self.due);
        self.due = sooner.unwrap_or(self.due);
        sooner.is_some()
    }

    // Routes.

    pub fn set_document(&mut self, file: &File, now: Now) {
        self.core.set_applications(file.applications.clone());
        self.core.set_routes(Table::from(file.document.clone()), now);
        self.has_document = true;
    }

    /// Whether a route document is in force: an origin without one owns nothing.
    pub fn has_document(&self) -> bool {
        self.has_document
    }

    pub fn generation(&self) -> u64 {
        self.core.routes().generation()
    }

    /// To be told which generations peers have.
    pub fn lag(&self) -> Lag {
        self.lag.clone()
    }

    /// Whether the document gives new streams to this origin.
    pub fn is_active(&self, name: &str) -> bool {
        let state = self.core.routes().origin(name).map(|origin| origin.state);
        state == Some(route::State::Active)
    }

    // The end.

    /// Every link is told that this process will end.
    pub fn begin_drain(&mut self) {
        if !std::mem::replace(&mut self.draining, true) {
            self.untold.extend(self.links.keys());
            self.links.values().for_each(|link| link.wake());
        }
    }

    pub fn is_draining(&self) -> bool {
        self.draining
    }

    pub fn streams(&self) -> usize {
        self.core.streams().count()
    }

    // Links.

    pub fn link_up(&mut self, handle: &Arc<Handle>, max: u32, now: Now) -> Result<LinkId, NotTaken> {
        let peer = &handle.peer;
        match self.link_of(peer.role, &peer.name) {
            Some((id, older)) if peer.replaces(&older.peer) => {
                older.end();
                self.link_down(id, now);
            }
            Some(_) => return Err(NotTaken::Older),
            None if self.links.len() >= usize::try_from(max).unwrap_or(usize::MAX) => {
                return Err(NotTaken::TooMany(max));
            }
            None => {}
        }
        self.lag.note(peer.generation, now.instant);
        let (name, role, boot) = (peer.name.clone(), peer.role, peer.boot);
        let id = self.core.link_up(Peer { name, role, boot }, now);
        self.links.insert(id, Arc::clone(handle));
        if self.draining {
            self.untold.insert(id);
        }
        Ok(id)
    }

    /// Does nothing for a link that was replaced.
    pub fn link_down(&mut self, id: LinkId, now: Now) {
        self.untold.remove(&id);
        if let Some(handle) = self.links.remove(&id) {
            self.past += Totals::from(&*handle.counters);
            self.core.link_down(id, now);
        }
    }

    pub fn handle_frame(&mut self, id: LinkId, frame: Frame, now: Now) -> Result<(), Rejected> {
        if !self.links.contains_key(&id) {
            return Err(Rejected::Replaced);
        }
        if let Frame::Heartbeat(beat) = &frame {
            self.lag.note(beat.generation, now.instant);
        }
        self.core.handle_frame(id, frame, now)?;
        self.wake_links(Some(id));
        match self.core.queued(id) {
            waiting if waiting > self.max_queued => Err(Rejected::Unread(waiting)),
            _ => Ok(()),
        }
    }

    pub fn poll_frame(&mut self, id: LinkId, now: Now) -> Option<Frame> {
        if self.untold.remove(&id) {
            return Some(Frame::GoAway(GoAway { reason: GoAway::DRAINING.to_owned() }));
        }
        let frame = self.core.poll_frame(id, now);
        self.wake_links(Some(id));
        frame
    }

    /// Wakes the links that have something to send, but not the one that is at it.
    pub fn wake_links(&mut self, awake: Option<LinkId>) {
        while let Some(Output::Wake(id)) = self.core.poll_output() {
            if awake != Some(id)
                && let Some(handle) = self.links.get(&id)
            {
                handle.wake();
            }
        }
    }

    fn link_of(&self, role: Role, name: &Name) -> Option<(LinkId, Arc<Handle>)> {
        let mut links = self.links.iter();
        let found = links.find(|(_, link)| link.peer.role == role && link.peer.name == *name);
        found.map(|(id, link)| (*id, Arc::clone(link)))
    }

    // Figures.

    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            generation: self.generation(),
            draining: self.draining,
            boots: self.boots,
            totals: self.totals(),
            streams: self.core.status(),
            log_bytes: self.budget.held(),
            log_limit: self.budget.limit(),
            links: self.links.values().map(|link| link.status()).collect(),
        }
    }

    fn totals(&self) -> Totals {
        let mut totals = self.past;
        totals += Totals::from(self.core.counters());
        for link in self.links.values() {
            totals += Totals::from(&*link.counters);
        }
        totals
    }
}

/// How often the clock looks at least: the shorter, the more exactly a frozen process knows for how long it was.
const TICK: Duration = Duration::from_millis(100);
