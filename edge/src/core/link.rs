//! The links of an edge: what is queued for each, and what the numbers on it mean.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::id::{BootId, Channel, Group, Name, PublicationId};
use livecluster_mrtmp::link::Role;
use livecluster_mrtmp::route::Key;

/// One link that is up; never used again for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId(u64);

/// Who is at the other end of a link.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Its name.
    pub name: Name,
    /// What it is.
    pub role: Role,
    /// Its boot.
    pub boot: BootId,
}

/// All links that are up.
#[derive(Debug, Default)]
pub(super) struct Links {
    links: BTreeMap<LinkId, Link>,
    origins: HashMap<Name, LinkId>,
    /// Origins to which there is, or was, a link, or that could not be reached, with the boot that they showed last.
    tried: BTreeMap<Name, Option<BootId>>,
    opened: u64,
}

#[derive(Debug)]
pub(super) struct Link {
    pub peer: Peer,
    control: VecDeque<Frame>,
    ready: VecDeque<Ready>,
    channels: BTreeMap<Channel, PublicationId>,
    groups: BTreeMap<u32, Key>,
    numbered: u32,
    /// For an operator: what changed since the last report.
    pub unreported: Unreported,
}

/// What can be asked for its next frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ready {
    Channel(Channel, PublicationId),
    Report,
}

/// What an operator has not been told.
#[derive(Debug, Default)]
pub(super) struct Unreported {
    pub complete: bool,
    pub links: bool,
    pub streams: BTreeSet<Key>,
}

impl Links {
    pub fn insert(&mut self, peer: Peer) -> LinkId {
        self.opened += 1;
        let id = LinkId(self.opened);
        let mut link = Link::new(peer);
        match link.peer.role {
            Role::Origin => {
                self.origins.insert(link.peer.name.clone(), id);
                self.tried.insert(link.peer.name.clone(), Some(link.peer.boot));
            }
            _ => link.begin_report(),
        }
        self.links.insert(id, link);
        id
    }

    pub fn remove(&mut self, id: LinkId) -> Option<Link> {
        let link = self.links.remove(&id)?;
        if self.origins.get(&link.peer.name) == Some(&id) {
            self.origins.remove(&link.peer.name);
        }
        Some(link)
    }

    pub fn get_mut(&mut self, id: LinkId) -> Option<&mut Link> {
        self.links.get_mut(&id)
    }

    pub fn to(&self, origin: &Name) -> Option<LinkId> {
        self.origins.get(origin).copied()
    }

    /// Channels and groups on all links.
    pub fn numbers(&self) -> usize {
        self.links.values().map(|link| link.channels.len() + link.groups.len()).sum()
    }

    /// This origin can't be reached. True: that is news.
    pub fn note_unreachable(&mut self, origin: &Name) -> bool {
        let is_news = !self.tried.contains_key(origin);
        self.tried.entry(origin.clone()).or_default();
        is_news
    }

    /// Origins to which there is, or was, a link, or that could not be reached: the boot that they showed last, and
    /// whether the link is up.
    pub fn tried(&self) -> impl Iterator<Item = (&Name, Option<BootId>, bool)> {
        self.tried.iter().map(|(origin, boot)| (origin, *boot, self.origins.contains_key(origin)))
    }

    /// Forgets origins that are not in the cluster any more.
    pub fn retain_tried(&mut self, is_known: impl Fn(&Name) -> bool) {
        self.tried.retain(|origin, _| is_known(origin));
    }

    pub fn note_stream(&mut self, key: &Key) -> Vec<LinkId> {
        self.note(|unreported| {
            unreported.streams.insert(key.clone());
        })
    }

    pub fn note_links(&mut self) -> Vec<LinkId> {
        self.note(|unreported| unreported.links = true)
    }

    fn note(&mut self, note: impl Fn(&mut Unreported)) -> Vec<LinkId> {
        let operators = self.links.iter_mut().filter(|(_, link)| link.peer.role == Role::Operator);
        operators
            .map(|(id, link)| {
                note(&mut link.unreported);
                link.push_ready(Ready::Report);
                *id
            })
            .collect()
    }
}

impl Link {
    fn new(peer: Peer) -> Self {
        Self {
            peer,
            control: VecDeque::new(),
            ready: VecDeque::new(),
            channels: BTreeMap::new(),
            groups: BTreeMap::new(),
            numbered: 0,
            unreported: Unreported::default(),
        }
    }

    fn begin_report(&mut self) {
        self.unreported = Unreported { complete: true, links: true, ..Unreported::default() };
        self.push_ready(Ready::Report);
    }

    pub fn open_channel(&mut self, publication: PublicationId) -> Channel {
        self.numbered += 1;
        let channel = Channel(self.numbered);
        self.channels.insert(channel, publication);
        channel
    }

    pub fn close_channel(&mut self, channel: Channel) {
        self.channels.remove(&channel);
    }

    pub fn open_group(&mut self, key: &Key) -> Group {
        self.numbered += 1;
        self.groups.insert(self.numbered, key.clone());
        Group(self.numbered)
    }

    pub fn close_group(&mut self, group: Group) {
        self.groups.remove(&group.0);
    }

    pub fn publication(&self, channel: Channel) -> Option<PublicationId> {
        self.channels.get(&channel).copied()
    }

    pub fn stream(&self, group: u32) -> Option<Key> {
        self.groups.get(&group).cloned()
    }

    pub fn channels(&self) -> impl Iterator<Item = &PublicationId> {
        self.channels.values()
    }

    pub fn groups(&self) -> impl Iterator<Item = &Key> {
        self.groups.values()
    }

    /// How many streams are watched on it.
    pub fn watched(&self) -> u32 {
        u32::try_from(self.groups.len()).unwrap_or(u32::MAX)
    }

    pub fn push_control(&mut self, frame: Frame) {
        self.control.push_back(frame);
    }

    pub fn next_control(&mut self) -> Option<Frame> {
        self.control.pop_front()
    }

    pub fn push_ready(&mut self, ready: Ready) {
        if ready != Ready::Report || !self.ready.contains(&ready) {
            self.ready.push_back(ready);
        }
    }

    pub fn next_ready(&mut self) -> Option<Ready> {
        self.ready.pop_front()
    }
}
