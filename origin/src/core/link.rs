//! The links of an origin: what is queued for each, and what the numbers on it mean.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::id::{BootId, Channel, ClientId, Group, Name, PublicationId};
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
    opened: u64,
}

#[derive(Debug)]
pub(super) struct Link {
    pub peer: Peer,
    control: VecDeque<Frame>,
    ready: VecDeque<Ready>,
    channels: HashMap<Channel, (PublicationId, Key)>,
    groups: HashMap<Group, Key>,
    viewers: HashMap<(ClientId, u32), Key>,
    /// For an operator: what changed since the last report, and whether all has to be listed.
    pub unreported: BTreeSet<Key>,
    pub lists_all: bool,
}

/// What can be asked for its next frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ready {
    Group(Group, Key),
    Report,
}

impl Links {
    pub fn insert(&mut self, peer: Peer) -> LinkId {
        self.opened += 1;
        let id = LinkId(self.opened);
        self.links.insert(id, Link::new(peer));
        id
    }

    /// The link of the same peer that is up.
    pub fn of(&self, peer: &Peer) -> Option<LinkId> {
        let same = |link: &Link| link.peer.name == peer.name && link.peer.role == peer.role;
        self.links.iter().find(|(_, link)| same(link)).map(|(id, _)| *id)
    }

    pub fn remove(&mut self, id: LinkId) -> Option<Link> {
        self.links.remove(&id)
    }

    pub fn get_mut(&mut self, id: LinkId) -> Option<&mut Link> {
        self.links.get_mut(&id)
    }

    pub fn name_of(&self, id: LinkId) -> Option<Name> {
        self.links.get(&id).map(|link| link.peer.name.clone())
    }

    /// Channels, groups and viewers on all links.
    pub fn numbers(&self) -> usize {
        self.links.values().map(|link| link.channels.len() + link.groups.len() + link.viewers.len()).sum()
    }

    /// Control frames that wait for this link.
    pub fn queued(&self, id: LinkId) -> usize {
        self.links.get(&id).map_or(0, |link| link.control.len())
    }

    pub fn note_stream(&mut self, key: &Key) -> Vec<LinkId> {
        let operators = self.links.iter_mut().filter(|(_, link)| link.peer.role == Role::Operator);
        operators
            .map(|(id, link)| {
                link.unreported.insert(key.clone());
                link.push_ready(Ready::Report);
                *id
            })
            .collect()
    }
}

impl Link {
    fn new(peer: Peer) -> Self {
        let is_operator = peer.role == Role::Operator;
        Self {
            peer,
            control: VecDeque::new(),
            ready: is_operator.then_some(Ready::Report).into_iter().collect(),
            channels: HashMap::new(),
            groups: HashMap::new(),
            viewers: HashMap::new(),
            unreported: BTreeSet::new(),
            lists_all: is_operator,
        }
    }

    /// Keeps what the numbers in a question mean.
    pub fn note_stream(&mut self, key: &Key, question: &Frame) {
        match question {
            Frame::Publish(f) => drop(self.channels.insert(f.channel, (f.publication, key.clone()))),
            Frame::Resume(f) => drop(self.channels.insert(f.channel, (f.publication, key.clone()))),
            Frame::Watch(f) => drop(self.groups.insert(f.group, key.clone())),
            Frame::Play(f) => drop(self.viewers.insert((f.client, f.stream_id), key.clone())),
            _ => {}
        }
    }

    pub fn publication(&self, channel: Channel) -> Option<(PublicationId, Key)> {
        self.channels.get(&channel).cloned()
    }

    pub fn close_channel(&mut self, channel: Channel) -> Option<(PublicationId, Key)> {
        self.channels.remove(&channel)
    }

    pub fn stream(&self, group: Group) -> Option<Key> {
        self.groups.get(&group).cloned()
    }

    pub fn close_group(&mut self, group: Group) -> Option<Key> {
        self.groups.remove(&group)
    }

    pub fn remove_viewer(&mut self, viewer: (ClientId, u32)) -> Option<Key> {
        self.viewers.remove(&viewer)
    }

    pub fn remove_viewers_of(&mut self, stream: &Key) {
        self.viewers.retain(|_, key| key != stream);
    }

    /// All streams that this link has to do with.
    pub fn streams(&self) -> BTreeSet<&Key> {
        let channels = self.channels.values().map(|(_, key)| key);
        channels.chain(self.groups.values()).chain(self.viewers.values()).collect()
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
