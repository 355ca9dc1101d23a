//! The parent of a local cluster's parts.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::future::pending;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Instant;

use anyhow::{Context, bail};
use livecluster_operator::routing::{Event, Observation, Part};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use super::child::{Child, Happening, Stop};
use super::directory::Directory;
use super::launch::{Launch, Setting, name};
use super::ready::Ready;
use super::report::Report;
use super::routes::Routes;
use super::watch::Watch;
use super::{Args, random};
use crate::log;
use crate::signals::Signals;

/// A cluster of child processes.
pub struct Cluster {
    args: Args,
    setting: Setting,
    routes: Routes,
    children: JoinSet<()>,
    /// All parts, in the order in which they were started.
    parts: Vec<Part>,
    running: BTreeMap<Part, (u32, Ready)>,
    happenings: (mpsc::Sender<Happening>, mpsc::Receiver<Happening>),
    watch: Watch,
    watches: JoinSet<()>,
    observations: mpsc::Receiver<Observation>,
    stop: watch::Sender<Stop>,
    /// Last, so that it is removed when all else has ended.
    _directory: Directory,
}

impl Cluster {
    /// Makes the files; nothing runs yet.
    pub fn new(args: Args, log: &log::Args) -> anyhow::Result<Self> {
        let directory = Directory::open(args.dir.as_deref())?;
        let cluster = format!("local-{}", random::hex::<8>()?);
        let log = log
            .environment()
            .map(|(name, value)| (name, value.to_owned()));
        // Whoever ends a cluster on this machine does not want to wait for its clients.
        let drain = [
            "LIVECLUSTER_DRAIN_ACCEPT_SECONDS",
            "LIVECLUSTER_DRAIN_SECONDS",
        ]
        .into_iter()
        .filter(|name| std::env::var_os(name).is_none())
        .map(|name| (name, "0".to_owned()));
        let setting = Setting {
            program: std::env::current_exe().context("this program's own path")?,
            routes: directory.routes(),
            secret: directory.secret(args.secret_file.as_deref())?,
            environment: log.into_iter().chain(drain).collect(),
            cluster,
        };
        let routes = Routes::new(directory.routes(), &setting.cluster)?;
        let (sender, observations) = mpsc::channel(MAX_OBSERVATIONS);
        let uid = setting.cluster.clone();
        Ok(Self {
            args,
            watch: Watch::new(uid, &setting.secret, routes.generation(), sender)?,
            watches: JoinSet::new(),
            observations,
            routes,
            setting,
            children: JoinSet::new(),
            parts: Vec::new(),
            running: BTreeMap::new(),
            happenings: mpsc::channel(MAX_HAPPENINGS),
            stop: watch::Sender::new(Stop::No),
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
        self.stop
            .send_replace(if in_good_order { Stop::Ask } else { Stop::Kill });
        // Children may wait to tell something that nobody needs any more.
        self.happenings.1.close();
        while !self.children.is_empty() {
            tokio::select! {
                _ = self.children.join_next() => {}
                () = signals.recv() => drop(self.stop.send_replace(Stop::Kill)),
            }
        }
    }

    async fn start_and_lead(&mut self) -> anyhow::Result<()> {
        for index in 0..self.args.origins {
            self.start_origin(index)?;
        }
        self.until_running(self.args.origins).await?;
        self.routes.write_first()?;
        for index in 0..self.args.edges {
            self.start_edge(index)?;
        }
        self.until_running(self.args.origins + self.args.edges)
            .await?;
        self.report()?;
        self.lead().await
    }

    /// Follows what happens, and decides.
    async fn lead(&mut self) -> anyhow::Result<()> {
        loop {
            let deadline = self.routes.update();
            tokio::select! {
                Some(happening) = self.happenings.1.recv() => self.handle(happening)?,
                Some(observation) = self.observations.recv() => self.observe(observation),
                () = until(deadline) => {}
            }
        }
    }

    /// Takes in all that has come, so that one decision follows from it.
    fn observe(&mut self, observation: Observation) {
        self.routes.observe(observation);
        while let Ok(observation) = self.observations.try_recv() {
            self.routes.observe(observation);
        }
    }

    async fn until_running(&mut self, count: u16) -> anyhow::Result<()> {
        while self.running.len() < usize::from(count) {
            let happening = self.happenings.1.recv().await.context("all parts ended")?;
            self.handle(happening)?;
        }
        Ok(())
    }

    fn handle(&mut self, happening: Happening) -> anyhow::Result<()> {
        match happening {
            Happening::Ready(part, pid, ready) => self.handle_ready(part, pid, ready),
            Happening::Gone(part) => self.routes.observe(Observation {
                part,
                event: Event::Gone,
            }),
            Happening::Failed(part, why) => bail!("{}: {why}", name(&part)),
        }
        Ok(())
    }

    fn handle_ready(&mut self, part: Part, pid: u32, ready: Ready) {
        if let Part::Origin(name) = &part {
            self.routes.want(name.clone(), ready.link.to_string());
        }
        if self.running.contains_key(&part) {
            tracing::info!(part = %ready.name, pid, "runs again");
        } else {
            let watch = self.watch.clone();
            self.watches
                .spawn(watch.run(part.clone(), name(&part).clone(), ready.link));
        }
        self.running.insert(part.clone(), (pid, ready));
        self.routes.observe(Observation {
            part,
            event: Event::Started,
        });
    }

    fn start_origin(&mut self, index: u16) -> anyhow::Result<()> {
        let part = Part::Origin(format!("origin-{index}").into());
        let addresses = [
            ("--link-listen", ANY),
            ("--http-listen", self.args.origin_http(index)?),
        ];
        let mut more = option("--hold-seconds", self.args.hold_seconds);
        more.extend_from_slice(&self.args.origin_arg);
        let launch = self.setting.launch(&part, more, &addresses);
        self.start(part, launch);
        Ok(())
    }

    fn start_edge(&mut self, index: u16) -> anyhow::Result<()> {
        let part = Part::Edge(format!("edge-{index}").into());
        let (rtmp, http) = (self.args.edge_rtmp(index)?, self.args.edge_http(index)?);
        let addresses = [
            ("--rtmp-listen", rtmp),
            ("--link-listen", ANY),
            ("--http-listen", http),
        ];
        let mut more = option("--latency-ms", self.args.latency_ms);
        more.extend(option("--hold-seconds", self.args.hold_seconds));
        more.extend_from_slice(&self.args.edge_arg);
        let launch = self.setting.launch(&part, more, &addresses);
        self.start(part, launch);
        Ok(())
    }

    fn start(&mut self, part: Part, launch: Launch) {
        let child = Child {
            name: name(&part).clone(),
            part: part.clone(),
            launch,
            happenings: self.happenings.0.clone(),
            stop: self.stop.subscribe(),
        };
        self.parts.push(part);
        self.children.spawn(child.run());
    }

    fn report(&self) -> anyhow::Result<()> {
        let mut report = Report::default();
        for part in &self.parts {
            let Some((pid, ready)) = self.running.get(part).cloned() else {
                continue;
            };
            match part {
                Part::Origin(_) => report.origins.push((pid, ready)),
                Part::Edge(_) => report.edges.push((pid, ready)),
            }
        }
        let text = if self.args.json {
            report.to_json()
        } else {
            report.to_text()
        };
        writeln!(std::io::stdout(), "{text}").context("stdout")
    }
}

fn option(flag: &str, value: Option<u64>) -> Vec<OsString> {
    value.map_or_else(Vec::new, |value| {
        vec![flag.into(), value.to_string().into()]
    })
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline.into()).await,
        None => pending().await,
    }
}

/// A free port of this machine.
const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What has happened and was not looked at yet; beyond that, the children's tasks wait.
const MAX_HAPPENINGS: usize = 64;

/// What was reported and was not looked at yet; beyond that, watch links close and begin anew.
const MAX_OBSERVATIONS: usize = 4096;
