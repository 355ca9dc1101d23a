//! The parent of a local cluster's parts: it follows what happens to them, decides, and does what it is asked to.

use std::future::pending;
use std::io::Write;
use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, bail};
use livecluster_mrtmp::id::Name;
use livecluster_operator::routing::{Event, Observation, Part};
use livecluster_operator::watch::Watches;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use super::admin::{Act, Command, Handle, Listener, Snapshot};
use super::child::{Happening, Stop};
use super::directory::{self, Directory};
use super::launch::Setting;
use super::parts::{Parts, Role};
use super::ready::Ready;
use super::relay::Relay;
use super::routes::Routes;
use super::{Args, random};
use crate::log;
use crate::signals::Signals;

/// A cluster of child processes.
pub struct Cluster {
    args: Args,
    parts: Parts,
    routes: Routes,
    watches: Watches,
    /// Only if links go through this process.
    relay: Option<Relay>,
    happenings: mpsc::Receiver<Happening>,
    observations: mpsc::Receiver<Observation>,
    commands: (mpsc::Sender<Command>, mpsc::Receiver<Command>),
    /// Counts what happens, for those who wait for something.
    changes: watch::Sender<u64>,
    /// The part that failed last, and why.
    failed: Option<(Part, String)>,
    admin: JoinSet<()>,
    /// Last, so that it is removed when all else has ended.
    _directory: Directory,
}

impl Cluster {
    /// Makes the files; nothing runs yet.
    pub fn new(args: Args, log: &log::Args) -> anyhow::Result<Self> {
        let directory = Directory::open(args.dir.as_deref())?;
        let cluster = format!("local-{}", random::hex::<8>()?);
        let setting = Setting {
            program: std::env::current_exe().context("this program's own path")?,
            routes: directory.routes(),
            secret: directory.secret(args.secret_file.as_deref())?,
            environment: environment(log),
            cluster: cluster.clone(),
        };
        let routes = Routes::new(directory.routes(), &cluster)?;
        let (observed, observations) = mpsc::channel(MAX_OBSERVATIONS);
        let (happened, happenings) = mpsc::channel(MAX_HAPPENINGS);
        let secrets = directory::read_secrets(&setting.secret)?;
        let watches = Watches::new(cluster, NAME.into(), secrets, routes.generation(), observed)?;
        Ok(Self {
            parts: Parts::new(args.clone(), setting, happened),
            relay: args.relay_links.then(Relay::default),
            args,
            routes,
            watches,
            happenings,
            observations,
            commands: mpsc::channel(MAX_COMMANDS),
            changes: watch::Sender::new(0),
            failed: None,
            admin: JoinSet::new(),
            _directory: directory,
        })
    }

    /// Starts all parts and keeps them running until a signal comes.
    pub async fn run(&mut self, signals: &mut Signals) -> anyhow::Result<()> {
        tokio::select! {
            failed = self.start_and_lead() => failed,
            () = signals.recv() => Ok(()),
        }
    }

    /// Ends all parts: in good order, or at once. A second signal hurries.
    pub async fn stop(&mut self, in_good_order: bool, signals: &mut Signals) {
        self.parts.stop_all(if in_good_order { Stop::Hurry } else { Stop::Kill });
        // Children may wait to tell something that nobody needs any more.
        self.happenings.close();
        tokio::select! {
            () = self.parts.until_ended() => return,
            () = signals.recv() => {}
        }
        self.parts.stop_all(Stop::Kill);
        self.parts.until_ended().await;
    }

    async fn start_and_lead(&mut self) -> anyhow::Result<()> {
        let listener = Listener::bind(self.args.admin()).await?;
        for index in 0..self.args.origins {
            self.parts.start(Role::Origin, index)?;
        }
        self.until_ready(self.args.origins).await?;
        self.routes.write_first()?;
        for index in 0..self.args.edges {
            self.parts.start(Role::Edge, index)?;
        }
        self.until_ready(self.args.origins + self.args.edges).await?;
        let report = self.parts.report(listener.address());
        let text = if self.args.json { report.to_json() } else { report.to_text() };
        writeln!(std::io::stdout(), "{text}").context("stdout")?;
        self.admin.spawn(listener.serve(Handle::new(self.commands.0.clone(), self.changes.subscribe())));
        self.lead().await
    }

    async fn until_ready(&mut self, count: u16) -> anyhow::Result<()> {
        while self.parts.ready() < usize::from(count) {
            let happening = self.happenings.recv().await.context("all parts ended")?;
            self.handle(happening);
            if let Some((part, why)) = self.failed.take() {
                bail!("{}: {why}", part.name());
            }
        }
        Ok(())
    }

    /// Follows what happens, decides, and obeys.
    async fn lead(&mut self) -> anyhow::Result<()> {
        loop {
            let generation = self.routes.document().map(|document| document.generation);
            let deadline = self.routes.update();
            if self.routes.document().map(|document| document.generation) != generation {
                self.note_change();
            }
            tokio::select! {
                Some(happening) = self.happenings.recv() => self.handle(happening),
                Some(observation) = self.observations.recv() => self.observe(observation),
                Some(command) = self.commands.1.recv() => self.obey(command),
                () = until(deadline) => {}
            }
        }
    }

    fn note_change(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Takes in all that has come, so that one decision follows from it.
    fn observe(&mut self, observation: Observation) {
        self.routes.observe(observation);
        while let Ok(observation) = self.observations.try_recv() {
            self.routes.observe(observation);
        }
        self.note_change();
    }

    fn handle(&mut self, happening: Happening) {
        match happening {
            Happening::Ready(part, pid, ready) => self.handle_ready(part, pid, ready),
            Happening::Gone(part) => {
                self.parts.set_down(&part);
                self.routes.observe(Observation { part, event: Event::Gone });
            }
            Happening::Left(part) => self.remove(part),
            Happening::Failed(part, why) => {
                self.failed = Some((part.clone(), why));
                self.remove(part);
            }
        }
        self.note_change();
    }

    fn handle_ready(&mut self, part: Part, pid: u32, ready: Ready) {
        if let Part::Origin(name) = &part {
            let address = self.dialled_at(name, ready.link);
            self.routes.want(name.clone(), address.to_string());
        }
        let link = ready.link;
        if self.parts.set_ready(&part, pid, ready) {
            self.watches.keep(&part, link);
        } else {
            tracing::info!(part = %part.name(), pid, "runs again");
        }
        self.routes.observe(Observation { part, event: Event::Started });
    }

    /// Where edges reach an origin.
    fn dialled_at(&mut self, origin: &Name, link: SocketAddr) -> SocketAddr {
        let Some(relay) = &mut self.relay else {
            return link;
        };
        relay.open(origin, link).unwrap_or_else(|error| {
            tracing::warn!(%origin, %error, "its links can't be cut");
            link
        })
    }

    fn remove(&mut self, part: Part) {
        self.parts.remove(&part);
        if let Some(relay) = &mut self.relay {
            relay.forget(part.name());
        }
        self.watches.end(&part);
        self.routes.observe(Observation { part, event: Event::Gone });
    }

    fn obey(&mut self, command: Command) {
        match command {
            // Whoever asked may have left.
            Command::Look(answer) => drop(answer.send(self.snapshot())),
            Command::Do(act, answer) => {
                drop(answer.send(self.act(act)));
                self.note_change();
            }
        }
    }

    fn act(&mut self, act: Act) -> anyhow::Result<()> {
        match act {
            Act::Start(role, index) => {
                self.failed.take_if(|(part, _)| *part == role.part(index));
                self.parts.start(role, index)?;
            }
            Act::Leave(part) => {
                if let Part::Origin(name) = &part {
                    self.routes.dismiss(name);
                }
                self.parts.stop(&part, Stop::Leave);
            }
            Act::Restart(part) => self.parts.restart(&part),
            Act::Wish(origin, wish) => self.routes.wish(&origin, wish),
            Act::BeginMove(stream, origin) => self.routes.begin_move(stream, origin),
            Act::EndMove(stream, origin) => self.routes.end_move(&stream, &origin),
            Act::Decide(false) => self.routes.stop_deciding(),
            Act::Decide(true) => self.start_deciding()?,
            Act::Cut(edge, origin, cut) => self.relay.iter().for_each(|relay| relay.set(&edge, &origin, cut)),
        }
        Ok(())
    }

    /// As a new leader, who has no links yet and knows of the processes alone.
    fn start_deciding(&mut self) -> anyhow::Result<()> {
        self.routes.start_deciding()?;
        while self.observations.try_recv().is_ok() {}
        self.watches.begin_anew();
        for (part, is_up) in self.parts.up() {
            let event = if is_up { Event::Started } else { Event::Gone };
            self.routes.observe(Observation { part, event });
        }
        Ok(())
    }

    fn snapshot(&self) -> Snapshot {
        let observed = self.routes.observed();
        let parts = self.parts.iter().map(|(part, process)| (part.clone(), process.cloned()));
        let origins = self.parts.iter().filter_map(|(part, _)| match part {
            Part::Origin(name) => Some((name.clone(), observed.streams_of(name)?.cloned().collect())),
            Part::Edge(_) => None,
        });
        Snapshot {
            document: self.routes.document().cloned().unwrap_or_default(),
            streams: origins.collect(),
            parts: parts.collect(),
            failed: self.failed.clone(),
            decides: self.routes.decides(),
            relays: self.relay.is_some(),
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline.into()).await,
        None => pending().await,
    }
}

/// How the parts of the cluster know this process.
const NAME: &str = "operator";

/// What has happened and was not looked at yet; beyond that, the children's tasks wait.
const MAX_HAPPENINGS: usize = 64;

/// What was reported and was not looked at yet; beyond that, watch links close and begin anew.
const MAX_OBSERVATIONS: usize = 4096;

/// What was asked and was not looked at yet; beyond that, whoever asks waits.
const MAX_COMMANDS: usize = 16;
/// What parts are told that do not say otherwise. No load balancer is in front of them: who is to end accepts no more.
fn environment(log: &log::Args) -> Vec<(&'static str, String)> {
    let drain = std::env::var_os(DRAIN_ACCEPT).is_none().then_some((DRAIN_ACCEPT, "0"));
    log.environment().into_iter().chain(drain).map(|(name, value)| (name, value.to_owned())).collect()
}

const DRAIN_ACCEPT: &str = "LIVECLUSTER_DRAIN_ACCEPT_SECONDS";
