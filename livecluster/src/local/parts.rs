//! The processes of a local cluster: which there are, and how one more is started or one ended.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use clap::ValueEnum;
use livecluster_mrtmp::id::Name;
use livecluster_operator::routing::Part;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

use super::Args;
use super::child::{Child, Happening, Stop};
use super::launch::{Launch, Setting};
use super::ready::Ready;
use super::report::Report;

/// The parts, in the order in which they were started.
pub struct Parts {
    args: Args,
    setting: Setting,
    children: JoinSet<()>,
    parts: Vec<Running>,
    happenings: mpsc::Sender<Happening>,
}

/// A part that was started.
#[derive(Debug)]
struct Running {
    part: Part,
    /// Its newest process and where that listens, once it can be used.
    process: Option<(u32, Ready)>,
    /// That process runs.
    is_up: bool,
    restart: Arc<Notify>,
    stop: watch::Sender<Stop>,
}

/// What a part can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
pub enum Role {
    /// Origins: they own streams
    #[serde(rename = "origins")]
    #[value(name = "origins")]
    Origin,
    /// Edges: clients come there
    #[serde(rename = "edges")]
    #[value(name = "edges")]
    Edge,
}

impl Role {
    /// Part number `index` of this role.
    pub fn part(self, index: u16) -> Part {
        match self {
            Self::Origin => Part::Origin(format!("origin-{index}").into()),
            Self::Edge => Part::Edge(format!("edge-{index}").into()),
        }
    }
}

impl Parts {
    /// None yet. What happens to them goes to `happenings`.
    pub fn new(args: Args, setting: Setting, happenings: mpsc::Sender<Happening>) -> Self {
        Self { args, setting, children: JoinSet::new(), parts: Vec::new(), happenings }
    }

    /// Starts a part, and keeps it running.
    pub fn start(&mut self, role: Role, index: u16) -> anyhow::Result<()> {
        let part = role.part(index);
        let launch = match role {
            Role::Origin => self.origin(&part, index)?,
            Role::Edge => self.edge(&part, index)?,
        };
        let running =
            Running { part, process: None, is_up: false, restart: Arc::default(), stop: watch::Sender::new(Stop::No) };
        let child = Child {
            name: running.part.name().clone(),
            part: running.part.clone(),
            launch,
            happenings: self.happenings.clone(),
            restart: Arc::clone(&running.restart),
            stop: running.stop.subscribe(),
        };
        self.parts.push(running);
        self.children.spawn(child.run());
        Ok(())
    }

    /// A part can be used. Whether it is so for the first time.
    pub fn set_ready(&mut self, part: &Part, pid: u32, ready: Ready) -> bool {
        let Some(running) = self.parts.iter_mut().find(|running| running.part == *part) else {
            return false;
        };
        running.is_up = true;
        running.process.replace((pid, ready)).is_none()
    }

    /// A part's process has ended.
    pub fn set_down(&mut self, part: &Part) {
        let running = self.parts.iter_mut().filter(|running| running.part == *part);
        running.for_each(|running| running.is_up = false);
    }

    /// Those that were ready at least once, and whether their process runs.
    pub fn up(&self) -> Vec<(Part, bool)> {
        let known = self.parts.iter().filter(|running| running.process.is_some());
        known.map(|running| (running.part.clone(), running.is_up)).collect()
    }

    /// How many can be used.
    pub fn ready(&self) -> usize {
        self.iter().filter(|(_, process)| process.is_some()).count()
    }

    /// All that were started, with their process ids and addresses once they can be used.
    pub fn iter(&self) -> impl Iterator<Item = (&Part, Option<&(u32, Ready)>)> {
        self.parts.iter().map(|running| (&running.part, running.process.as_ref()))
    }

    /// The part's process ends in good order, and another takes its place.
    pub fn restart(&self, part: &Part) {
        let running = self.parts.iter().filter(|running| running.part == *part);
        running.for_each(|running| running.restart.notify_one());
    }

    /// The part ends.
    pub fn stop(&self, part: &Part, how: Stop) {
        let running = self.parts.iter().filter(|running| running.part == *part);
        running.for_each(|running| raise(&running.stop, how));
    }

    /// All parts end.
    pub fn stop_all(&self, how: Stop) {
        self.parts.iter().for_each(|running| raise(&running.stop, how));
    }

    /// A part that has ended is none any more.
    pub fn remove(&mut self, part: &Part) {
        self.parts.retain(|running| running.part != *part);
    }

    /// Waits until all parts that are to end have ended. Cancel-safe.
    pub async fn until_ended(&mut self) {
        while self.children.join_next().await.is_some() {}
    }

    /// What runs.
    pub fn report(&self, admin: SocketAddr) -> Report {
        let mut report = Report { admin: Some(admin), ..Report::default() };
        for (part, process) in self.iter() {
            let list = match part {
                Part::Origin(_) => &mut report.origins,
                Part::Edge(_) => &mut report.edges,
            };
            list.extend(process.cloned());
        }
        report
    }

    fn origin(&self, part: &Part, index: u16) -> anyhow::Result<Launch> {
        let addresses = [("--link-listen", ANY), ("--http-listen", self.args.origin_http(index)?)];
        let mut more = option("--hold-seconds", self.args.hold_seconds);
        more.extend_from_slice(&self.args.origin_arg);
        Ok(self.setting.launch(part, more, &addresses))
    }

    fn edge(&self, part: &Part, index: u16) -> anyhow::Result<Launch> {
        let (rtmp, http) = (self.args.edge_rtmp(index)?, self.args.edge_http(index)?);
        let addresses = [("--rtmp-listen", rtmp), ("--link-listen", ANY), ("--http-listen", http)];
        let mut more = option("--latency-ms", self.args.latency_ms);
        more.extend(option("--hold-seconds", self.args.hold_seconds));
        more.extend_from_slice(&self.args.edge_arg);
        Ok(self.setting.launch(part, more, &addresses))
    }
}

/// One that is to end faster already does.
fn raise(stop: &watch::Sender<Stop>, how: Stop) {
    stop.send_if_modified(|stop| {
        let is_more = how > *stop;
        *stop = how.max(*stop);
        is_more
    });
}

fn option(flag: &str, value: Option<u64>) -> Vec<OsString> {
    value.map_or_else(Vec::new, |value| vec![flag.into(), value.to_string().into()])
}

/// The number in a part's name.
pub fn number(name: &Name) -> Option<u16> {
    name.rsplit_once('-')?.1.parse().ok()
}

/// A free port of this machine.
const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
