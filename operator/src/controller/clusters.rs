//! The clusters that are served, each with a keeper of its route document, whether this process leads or not.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard};

use kube::{Api, Client, Resource, ResourceExt};
use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::link::Secrets;
use livecluster_mrtmp::route::Applications;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::error::Error;
use super::follow::{Follower, News, Nudge, PodsOf};
use super::link::Link;
use super::lock;
use crate::desire::{labels, routes_name};
use crate::keeper::{Keeper, Moved, Shown, Word};
use crate::lease::Leadership;
use crate::resource::LiveCluster;
use crate::routing::{DesiredOrigin, Reach};
use crate::store::{Own, Store};
use crate::watch::Watches;

/// Which cluster.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Id {
    pub namespace: String,
    pub name: String,
}

impl Id {
    pub fn of(cluster: &impl ResourceExt) -> Self {
        Self { namespace: cluster.namespace().unwrap_or_default(), name: cluster.name_any() }
    }
}

/// The clusters that are served.
pub(super) struct Clusters {
    client: Client,
    /// This process's own: parts know its links by it.
    name: Name,
    leadership: Leadership,
    pods: PodsOf,
    triggers: mpsc::Sender<Id>,
    served: Mutex<HashMap<Id, Served>>,
}

/// A cluster that is served, until this is dropped.
#[derive(Debug)]
struct Served {
    uid: String,
    secrets: Vec<Vec<u8>>,
    handle: Handle,
    nudge: Arc<Nudge>,
    _tasks: JoinSet<()>,
}

/// The way to the keeper of a cluster.
#[derive(Debug, Clone)]
pub(super) struct Handle {
    words: mpsc::Sender<Word>,
    shown: watch::Receiver<Shown>,
    news: Arc<Mutex<Vec<News>>>,
    /// What was told of streams that moved.
    moved: Arc<Mutex<BTreeMap<Moved, u64>>>,
}

impl Clusters {
    pub fn new(client: Client, name: Name, leadership: Leadership, pods: PodsOf, triggers: mpsc::Sender<Id>) -> Self {
        Self { client, name, leadership, pods, triggers, served: Mutex::default() }
    }

    /// Serves a cluster from now on. Without a Secret one that is served goes on with the last it had; another one can't
    /// begin, and there is nothing.
    pub async fn serve(&self, cluster: &LiveCluster, link: Option<&Link>) -> Result<Option<Handle>, Error> {
        let (handle, secrets) = {
            let mut served = self.served();
            let id = Id::of(cluster);
            served.retain(|other, served| *other != id || Some(&served.uid) == cluster.metadata.uid.as_ref());
            match (served.get_mut(&id), link) {
                (Some(served), Some(link)) => (served.handle.clone(), served.change_secrets(link)?),
                (Some(served), None) => (served.handle.clone(), None),
                (None, None) => return Ok(None),
                (None, Some(link)) => {
                    let begun = self.begin(cluster, &id, link)?;
                    (served.entry(id).or_insert(begun).handle.clone(), None)
                }
            }
        };
        if let Some(secrets) = secrets {
            handle.tell(Word::Secrets(secrets)).await;
        }
        Ok(Some(handle))
    }

    /// Whether this process leads.
    pub fn leadership(&self) -> &Leadership {
        &self.leadership
    }

    /// A cluster that is no more is served no more; its uid, if it was.
    pub fn end(&self, id: &Id) -> Option<String> {
        self.served().remove(id).map(|served| served.uid)
    }

    /// How many parts of all clusters this process can ask.
    pub fn reach(&self) -> Reach {
        self.served().values().map(|served| served.handle.shown.borrow().reach).sum()
    }

    /// The pods of a cluster have changed.
    pub fn nudge(&self, id: &Id) {
        if let Some(served) = self.served().get(id) {
            served.nudge.pods();
        }
    }

    /// Any pods may have changed.
    pub fn nudge_all(&self) {
        self.served().values().for_each(|served| served.nudge.pods());
    }

    /// The route document of a cluster may have been changed by somebody else.
    pub fn look(&self, id: &Id) {
        if let Some(served) = self.served().get(id) {
            served.nudge.document();
        }
    }

    fn begin(&self, cluster: &LiveCluster, id: &Id, link: &Link) -> Result<Served, Error> {
        let uid = cluster.uid().unwrap_or_default();
        let (observed, observations) = mpsc::channel(MAX_OBSERVATIONS);
        let generation = Arc::<AtomicU64>::default();
        let secrets = secrets(&link.secrets)?;
        let watches = Watches::new(uid.clone(), self.name.clone(), secrets, Arc::clone(&generation), observed)?;
        let store = Store::new(Api::namespaced(self.client.clone(), &id.namespace), own(cluster));
        let keeper = Keeper::new(uid.clone(), store, self.leadership.clone(), watches, observations, generation);
        let (words, told) = mpsc::channel(MAX_WORDS);
        let handle =
            Handle { words: words.clone(), shown: keeper.subscribe(), news: Arc::default(), moved: Arc::default() };
        let nudge = Arc::<Nudge>::default();
        let follower = Follower {
            id: id.clone(),
            pods: self.pods.clone(),
            nudge: Arc::clone(&nudge),
            words,
            shown: keeper.subscribe(),
            news: Arc::clone(&handle.news),
            triggers: self.triggers.clone(),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(keeper.run(told));
        tasks.spawn(follower.run());
        Ok(Served { uid, secrets: link.secrets.clone(), handle, nudge, _tasks: tasks })
    }

    fn served(&self) -> MutexGuard<'_, HashMap<Id, Served>> {
        lock(&self.served)
    }
}

impl Served {
    /// The secrets that links shall be made with by now, if these are others.
    fn change_secrets(&mut self, link: &Link) -> Result<Option<Secrets>, Error> {
        let all = link.with(&self.secrets);
        if all == self.secrets {
            return Ok(None);
        }
        self.secrets = all;
        secrets(&self.secrets).map(Some)
    }
}

impl Handle {
    pub async fn want(&self, origins: BTreeMap<Name, DesiredOrigin>, applications: Applications) {
        self.tell(Word::Want(origins, applications)).await;
    }

    pub fn shown(&self) -> Shown {
        self.shown.borrow().clone()
    }

    /// What happened since somebody asked last.
    pub fn take_news(&self) -> Vec<News> {
        let mut news = std::mem::take(&mut *lock(&self.news));
        let moved = self.shown.borrow().moved.clone();
        let told = std::mem::replace(&mut *lock(&self.moved), moved.clone());
        news.extend(moved.into_iter().filter_map(|(moved, all)| {
            let new = all.saturating_sub(told.get(&moved).copied().unwrap_or_default());
            (new > 0).then_some(News::Moved(moved, new))
        }));
        news
    }

    async fn tell(&self, word: Word) {
        // The keeper runs as long as its cluster is served.
        let _ = self.words.send(word).await;
    }
}

fn secrets(secrets: &[Vec<u8>]) -> Result<Secrets, Error> {
    let unusable = |error: livecluster_mrtmp::link::SecretError| Error::SecretUnusable {
        name: String::new(),
        why: error.to_string(),
    };
    Secrets::new(secrets.to_vec()).map_err(unusable)
}

fn own(cluster: &LiveCluster) -> Own {
    Own {
        name: routes_name(&cluster.name_any()),
        owner: cluster.controller_owner_ref(&()).unwrap_or_default(),
        labels: labels(cluster),
    }
}

/// What was reported and was not looked at yet; beyond that, watch links close and begin anew.
const MAX_OBSERVATIONS: usize = 4096;

/// What was told and was not looked at yet; beyond that, whoever tells waits.
const MAX_WORDS: usize = 64;
