//! A candidate at work: it asks the API what its election wants.

use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::BoxStream;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::{ObjectMeta, PostParams};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, watch_object};
use tokio::sync::watch;
use tokio::time;

use super::{Election, Lead, Leadership, Record, Step, Timing, record};

/// Stands for election until it is told to end, or until it has led and no longer does.
#[derive(Debug)]
pub struct Candidate {
    api: Api<Lease>,
    name: String,
    election: Election,
    /// As it was last seen.
    lease: Lease,
    lead: watch::Sender<Lead>,
}

/// Why a candidate gives its lease back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Its process ends.
    Done,
    /// It reaches too little of what it leads, and another one may reach more. Whoever has the lease next keeps it for
    /// five minutes at least, so that it does not go round where nobody reaches more.
    Blind,
}

/// The lease was held, and is no longer: another one may lead.
#[derive(Debug, thiserror::Error)]
#[error("the lease \"{lease}\" was lost: another operator may lead now")]
pub struct Lost {
    /// Its name.
    pub lease: String,
}

impl Candidate {
    /// Stands for the lease of this name, in the namespace of `api`.
    pub fn new(api: Api<Lease>, name: &str, identity: String, timing: Timing) -> (Self, Leadership) {
        let (lead, leadership) = watch::channel(Lead::default());
        let election = Election::new(identity, timing, now());
        let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
        let lease = Lease { metadata, ..Lease::default() };
        (Self { api, name: name.to_owned(), election, lease, lead }, Leadership::new(leadership))
    }

    /// Runs until `shutdown`, and gives the lease back then: what acts as the leader has to have ended before. While no API
    /// answers, one that does not lead waits; one that leads has lost the lease after [`Timing::renew`].
    pub async fn run(mut self, shutdown: impl Future<Output = Ending>) -> Result<(), Lost> {
        let mut shutdown = pin!(shutdown);
        let mut news = Some(news(&self.api, &self.name));
        let ending = loop {
            tokio::select! {
                biased;
                ending = &mut shutdown => break ending,
                went_on = self.go_on(&mut news) => went_on?,
            }
        };
        self.resign(ending).await;
        Ok(())
    }

    /// One step. A leader is told by its own writes, and needs no watch.
    async fn go_on(&mut self, news: &mut Option<News>) -> Result<(), Lost> {
        let sent = now();
        match self.election.poll(sent) {
            Step::Wait(until) => self.wait(until, news).await,
            Step::Read => self.read().await,
            Step::Create => self.write(sent, None).await,
            Step::Claim(version) => self.write(sent, Some(version)).await,
            Step::Lost => {
                self.lead.send_replace(Lead::default());
                return Err(Lost { lease: self.name.clone() });
            }
        }
        if self.election.leads_until().is_some() {
            *news = None;
        }
        Ok(())
    }

    async fn wait(&mut self, until: Instant, news: &mut Option<News>) {
        let told = async {
            match news {
                Some(news) => news.next().await,
                None => std::future::pending().await,
            }
        };
        let told = time::timeout_at(until.into(), told).await;
        match told {
            Ok(Some(Ok(lease))) => self.note(lease),
            Ok(Some(Err(error))) => tracing::debug!(%error, "lease not watched"),
            Ok(None) => *news = None,
            Err(_) => {}
        }
    }

    async fn read(&mut self) {
        match time::timeout(self.patience(), self.api.get_opt(&self.name)).await {
            Ok(Ok(lease)) => self.note(lease),
            Ok(Err(error)) => self.fail(&error.to_string()),
            Err(_) => self.fail("no answer"),
        }
    }

    async fn write(&mut self, sent: Instant, version: Option<String>) {
        let mut lease = self.lease.clone();
        let is_new = version.is_none();
        lease.metadata.resource_version = version;
        let term = self.election.timing().lease;
        let lease = record::claimed(lease, self.election.identity(), term, Timestamp::now());
        let params = PostParams::default();
        let written = async {
            if is_new {
                return self.api.create(&params, &lease).await;
            }
            self.api.replace(&self.name, &params, &lease).await
        };
        match time::timeout(self.patience(), written).await {
            Ok(Ok(lease)) => self.hold(sent, lease),
            Ok(Err(kube::Error::Api(status))) if matches!(status.code, 404 | 409) => self.election.refused(),
            Ok(Err(error)) => self.fail(&error.to_string()),
            Err(_) => self.fail("no answer"),
        }
    }

    fn note(&mut self, lease: Option<Lease>) {
        let record = lease.as_ref().map(Record::from);
        let holder = record.as_ref().map(|record| record.holder.clone()).unwrap_or_default();
        if !holder.is_empty() && holder != Record::from(&self.lease).holder {
            tracing::info!(lease = self.name, holder, "lease is held");
        }
        self.lease = lease.unwrap_or_else(|| blank(&self.lease));
        self.election.read(record, now());
    }

    fn hold(&mut self, sent: Instant, lease: Lease) {
        let mut lead = *self.lead.borrow();
        if self.election.leads_until().is_none() {
            tracing::info!(lease = self.name, identity = self.election.identity(), "leads");
            lead.firm_until = record::is_given_up(&self.lease).then(|| now() + FIRM);
        }
        self.election.wrote(sent, Record::from(&lease), now());
        self.lease = lease;
        lead.until = self.election.leads_until();
        self.lead.send_replace(lead);
    }

    fn fail(&mut self, error: &str) {
        match self.election.leads_until() {
            Some(_) => tracing::warn!(lease = self.name, error, "lease not renewed; it is tried again"),
            None => tracing::debug!(lease = self.name, error, "lease not reached"),
        }
        self.election.failed(now());
    }

    /// How long an answer may take. A leader looks up when its time is over.
    fn patience(&self) -> Duration {
        let left = self.election.leads_until().map(|until| until.saturating_duration_since(now()));
        left.map_or(REQUEST_LIMIT, |left| left.min(REQUEST_LIMIT))
    }

    /// Gives the lease back, if it is ours. Whoever waits for it waits longer if that fails.
    async fn resign(mut self, ending: Ending) {
        self.lead.send_replace(Lead::default());
        self.election.resign();
        match time::timeout(REQUEST_LIMIT, self.release(ending)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(lease = self.name, %error, "lease not given back"),
            Err(_) => tracing::warn!(lease = self.name, "lease not given back: no answer"),
        }
    }

    /// It is read first: a write that was on the way may have made another version.
    async fn release(&self, ending: Ending) -> kube::Result<()> {
        let Some(lease) = self.api.get_opt(&self.name).await? else {
            return Ok(());
        };
        if Record::from(&lease).holder == self.election.identity() {
            let lease = record::released(lease, ending, Timestamp::now());
            self.api.replace(&self.name, &PostParams::default(), &lease).await?;
        }
        Ok(())
    }
}

/// What a watch tells of the lease.
type News = BoxStream<'static, watcher::Result<Option<Lease>>>;

fn news(api: &Api<Lease>, name: &str) -> News {
    watch_object(api.clone(), name).default_backoff().boxed()
}

/// As it would be made.
fn blank(lease: &Lease) -> Lease {
    let metadata = ObjectMeta { name: lease.metadata.name.clone(), ..ObjectMeta::default() };
    Lease { metadata, ..Lease::default() }
}

/// The clock that deadlines are measured with, as a test may have stopped it.
fn now() -> Instant {
    time::Instant::now().into_std()
}

/// How long whoever takes a lease keeps it that another one gave up for reaching too little.
const FIRM: Duration = Duration::from_secs(300);

/// How long the API may take to answer.
const REQUEST_LIMIT: Duration = Duration::from_secs(3);

#[cfg(test)]
#[path = "candidate_tests.rs"]
mod tests;
