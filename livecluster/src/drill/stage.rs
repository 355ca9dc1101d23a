//! What a fault works with: the cluster, the load on it, and whom the fault concerns.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::time::{Instant, sleep};

use super::chance::Chance;
use super::cluster::{Cluster, Part};
use super::load::Load;
use super::score::Score;

/// A cluster under load.
#[derive(Debug)]
pub struct Stage {
    /// The cluster.
    pub cluster: Cluster,
    /// Its clients.
    pub load: Load,
    /// What decides whom it hits.
    pub chance: Chance,
    /// How streams are called in front of their number: `app/name-`.
    pub prefix: String,
    /// From one keyframe to the next.
    pub gop: Duration,
    /// The stream that was moved by hand, and where it was before.
    pub moved: Option<(u32, String)>,
    /// How many links were cut.
    pub cuts: usize,
    /// `None` between faults.
    fault: Option<Ongoing>,
}

/// A fault that goes on.
#[derive(Debug)]
struct Ongoing {
    /// The viewers that see something of it.
    concerned: Vec<usize>,
    began: Instant,
    /// How long it lasted, once it is over.
    lasted: Option<Duration>,
}

/// What was seen of one fault.
#[derive(Debug)]
pub struct Seen {
    /// What all clients saw.
    pub score: Score,
    /// The gaps of the viewers whom it concerned.
    pub gaps: Vec<Duration>,
    /// From the fault until all that it broke was whole again.
    pub lasted: Duration,
    /// By how much the drill itself was late at most.
    pub late: Duration,
}

impl Stage {
    /// Between faults.
    pub fn new(cluster: Cluster, load: Load, chance: Chance, prefix: String, gop: Duration) -> Self {
        Self { cluster, load, chance, prefix, gop, moved: None, cuts: 0, fault: None }
    }

    /// Waits until all viewers watch and know what is usual, and then for any part of a group of pictures.
    pub async fn calm(&mut self) -> anyhow::Result<()> {
        let all = self.load.audience().find(|_, _| true);
        let now = self.load.now();
        let start = Instant::now();
        while self.load.audience().settled(now) < all.len() {
            if start.elapsed() > CALM_LIMIT {
                let watching = self.load.audience().reached(&all, now);
                bail!("{watching} of {} viewers watch after {CALM_LIMIT:?}", all.len());
            }
            sleep(INTERVAL).await;
        }
        let phase = self.chance.below(usize::try_from(self.gop.as_millis()).unwrap_or(1));
        sleep(Duration::from_millis(phase as u64)).await;
        Ok(())
    }

    /// So many of the origins that have viewers at other edges than their publisher's, or as many as there are.
    pub async fn any_origins(&mut self, count: usize) -> anyhow::Result<Vec<Part>> {
        let mut origins = Vec::new();
        for origin in &self.cluster.origins {
            if !self.viewers_over(std::slice::from_ref(origin)).await?.is_empty() {
                origins.push(origin.clone());
            }
        }
        while origins.len() > count {
            origins.remove(self.chance.below(origins.len()));
        }
        ensure!(!origins.is_empty(), "no origin has a stream that is watched at another edge");
        Ok(origins)
    }

    /// One of those.
    pub async fn any_origin(&mut self) -> anyhow::Result<Part> {
        self.any_origins(1).await?.pop().context("no origin")
    }

    /// One of the other origins, by its name.
    pub fn another_origin(&mut self, origin: &str) -> Option<String> {
        let others: Vec<_> = self.cluster.origins.iter().filter(|other| other.name != origin).collect();
        others.get(self.chance.below(others.len())).map(|other| other.name.clone())
    }

    /// One of the streams that are watched at another edge than their publisher's, and the name of its origin.
    pub async fn any_stream(&mut self) -> anyhow::Result<(u32, String)> {
        let mut streams = self.streams().await?;
        streams.retain(|(stream, _)| !self.viewers_of(&[*stream].into()).is_empty());
        ensure!(!streams.is_empty(), "no stream is watched at another edge");
        Ok(streams.swap_remove(self.chance.below(streams.len())))
    }

    /// One of the edges, by its number.
    pub fn any_edge(&mut self) -> usize {
        self.chance.below(self.cluster.edges.len())
    }

    /// One of the edges that have clients, by its number.
    pub fn any_edge_in_use(&mut self) -> Option<usize> {
        let has_viewers = |edge| !self.load.audience().find(|_, at| at == edge).is_empty();
        let is_used = |edge: &usize| has_viewers(*edge) || !self.encoders_at(*edge).is_empty();
        let used: Vec<_> = (0..self.cluster.edges.len()).filter(is_used).collect();
        used.get(self.chance.below(used.len())).copied()
    }

    /// One of the other edges.
    pub fn another_edge(&mut self, edge: usize) -> usize {
        let edges = self.cluster.edges.len();
        (edge + 1 + self.chance.below(edges.saturating_sub(1))) % edges.max(1)
    }

    /// Where clients of an edge connect.
    pub fn address(&self, edge: usize) -> anyhow::Result<SocketAddr> {
        self.cluster.edges.get(edge).and_then(|edge| edge.rtmp).context("no such edge")
    }

    /// One of the encoders, by its number.
    pub fn any_encoder(&mut self) -> usize {
        self.chance.below(self.load.encoders())
    }

    /// The encoders that publish at an edge.
    pub fn encoders_at(&self, edge: usize) -> Vec<usize> {
        (0..self.load.encoders())
            .filter(|encoder| self.load.post(*encoder).is_some_and(|post| post.edge == edge))
            .collect()
    }

    /// The edge at which a stream is published.
    pub fn home(&self, stream: u32) -> Option<usize> {
        self.load.post(stream as usize).map(|post| post.edge)
    }

    /// The viewers whose streams come from one of these origins, see [`Self::viewers_of`].
    pub async fn viewers_over(&self, origins: &[Part]) -> anyhow::Result<Vec<usize>> {
        let mut streams = self.streams().await?;
        streams.retain(|(_, owner)| origins.iter().any(|origin| origin.name == *owner));
        Ok(self.viewers_of(&streams.into_iter().map(|(stream, _)| stream).collect()))
    }

    /// The viewers of these streams. Those at their publisher's own edge see nothing of origins, and are not counted.
    pub fn viewers_of(&self, streams: &BTreeSet<u32>) -> Vec<usize> {
        self.load.audience().find(|stream, edge| streams.contains(&stream) && self.home(stream) != Some(edge))
    }

    /// How a stream is called.
    pub fn key(&self, stream: u32) -> String {
        format!("{}{stream}", self.prefix)
    }

    /// The fault begins. These viewers may see a gap.
    pub fn begin(&mut self, concerned: Vec<usize>) {
        self.load.audience().begin();
        self.fault = Some(Ongoing { concerned, began: Instant::now(), lasted: None });
    }

    /// All that the fault broke is whole again.
    pub fn note_end(&mut self) {
        if let Some(fault) = &mut self.fault {
            fault.lasted.get_or_insert_with(|| fault.began.elapsed());
        }
    }

    /// The fault is over: waits until those whom it concerned watch what is sent from now on, and a little longer.
    pub async fn recover(&mut self) -> anyhow::Result<()> {
        self.note_end();
        if let Some(fault) = &self.fault {
            self.until_watching(&fault.concerned).await?;
            sleep(AFTERMATH).await;
        }
        Ok(())
    }

    /// Waits until these viewers have got what is sent from now on.
    pub async fn until_watching(&self, seats: &[usize]) -> anyhow::Result<()> {
        let (now, start) = (self.load.now(), Instant::now());
        while self.load.audience().reached(seats, now) < seats.len() {
            if start.elapsed() > RECOVERY_LIMIT {
                let watching = self.load.audience().reached(seats, now);
                bail!("{watching} of {} viewers watch {RECOVERY_LIMIT:?} after the fault", seats.len());
            }
            sleep(INTERVAL).await;
        }
        Ok(())
    }

    /// What was seen of the fault; `None` if none had begun.
    pub fn end(&mut self) -> Option<Seen> {
        let Ongoing { concerned, began, lasted } = self.fault.take()?;
        let now = self.load.now();
        let (score, gaps) = self.load.audience().end(&concerned, now);
        Some(Seen { score, gaps, late: self.load.take_late(), lasted: lasted.unwrap_or_else(|| began.elapsed()) })
    }

    /// The streams of the encoders, and the names of their origins.
    async fn streams(&self) -> anyhow::Result<Vec<(u32, String)>> {
        let owners = self.cluster.owners().await?;
        let number = |key: &str| key.strip_prefix(&self.prefix)?.parse().ok();
        Ok(owners.into_iter().filter_map(|(key, owner)| Some((number(&key)?, owner))).collect())
    }
}

/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(25);

/// How long viewers may take to watch before anything is done to them.
const CALM_LIMIT: Duration = Duration::from_secs(60);

/// How long viewers may take to watch again.
const RECOVERY_LIMIT: Duration = Duration::from_secs(30);

/// What comes twice or too late may come after all is well.
const AFTERMATH: Duration = Duration::from_millis(500);
