//! Watch links: one to each part, on which parts report and nobody orders. What they tell comes out as
//! [`Observation`](crate::routing::Observation)s.

mod link;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use livecluster_mrtmp::id::{BootId, Name};
use livecluster_mrtmp::link::{Config, Role, Secrets};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};

use self::link::Link;
use crate::routing::{Observation, Part};

/// The watch links of one process. They end when this is dropped.
#[derive(Debug)]
pub struct Watches {
    common: Common,
    configs: watch::Sender<Arc<Config>>,
    tasks: JoinSet<()>,
    links: BTreeMap<Part, Kept>,
}

/// What all links have in common.
#[derive(Debug, Clone)]
struct Common {
    configs: watch::Receiver<Arc<Config>>,
    generation: Arc<AtomicU64>,
    observations: mpsc::Sender<Observation>,
    /// Counts all links: a later one takes the place of an earlier one to the same part.
    opened: Arc<AtomicU64>,
}

/// A part to which a link is kept.
#[derive(Debug)]
struct Kept {
    address: watch::Sender<SocketAddr>,
    task: AbortHandle,
}

/// The system gives no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("random numbers: {0}")]
pub struct NotRandom(getrandom::Error);

impl Watches {
    /// None yet. `name` is this process's alone, since a part takes one link of each name. `generation` is that of the
    /// document that this process knows, shown to parts. Observations that nobody takes close the link they came over.
    pub fn new(
        cluster: String,
        name: Name,
        secrets: Secrets,
        generation: Arc<AtomicU64>,
        observations: mpsc::Sender<Observation>,
    ) -> Result<Self, NotRandom> {
        let boot = BootId(u64::from_le_bytes(random()?));
        let config = Config::new(cluster, name, Role::Operator, boot, secrets);
        let (configs, receiver) = watch::channel(Arc::new(config));
        let common = Common { configs: receiver, generation, observations, opened: Arc::default() };
        Ok(Self { common, configs, tasks: JoinSet::new(), links: BTreeMap::new() })
    }

    /// Keeps a link to the part at this address, until [`Self::end`]. A part that is elsewhere by now is dialled there.
    pub fn keep(&mut self, part: &Part, address: SocketAddr) {
        match self.links.get(part) {
            Some(kept) => {
                kept.address.send_if_modified(|known| std::mem::replace(known, address) != address);
            }
            None => self.begin(part, address),
        }
    }

    /// No link to this part any more; nothing more is told of it.
    pub fn end(&mut self, part: &Part) {
        if let Some(kept) = self.links.remove(part) {
            kept.task.abort();
        }
    }

    /// The parts to which links are kept.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        self.links.keys()
    }

    /// New links to all parts, which tell everything again.
    pub fn begin_anew(&mut self) {
        for (part, kept) in std::mem::take(&mut self.links) {
            kept.task.abort();
            self.begin(&part, *kept.address.borrow());
        }
    }

    /// The secrets have changed. Links that are up stay up; new ones are made with any of these.
    pub fn set_secrets(&self, secrets: Secrets) {
        self.configs.send_modify(|config| *config = Arc::new(Config { secrets, ..(**config).clone() }));
    }

    fn begin(&mut self, part: &Part, address: SocketAddr) {
        while self.tasks.try_join_next().is_some() {}
        let (sender, addresses) = watch::channel(address);
        let link = Link { common: self.common.clone(), part: part.clone(), addresses };
        let task = self.tasks.spawn(link.run());
        self.links.insert(part.clone(), Kept { address: sender, task });
    }
}

pub(crate) fn random<const LEN: usize>() -> Result<[u8; LEN], NotRandom> {
    let mut bytes = [0; LEN];
    getrandom::fill(&mut bytes).map_err(NotRandom)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
