//! A drill from its start to its report.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;

use super::Args;
use super::chance::Chance;
use super::cluster::Cluster;
use super::fault::{Fault, Promise, Scene};
use super::forwarder::Forwarder;
use super::load::{Cast, Door, Load};
use super::progress::Progress;
use super::report::{self, Report, Row};
use super::stage::Stage;
use super::strike::strike;

/// A drill that goes on.
pub struct Drill<'a> {
    args: &'a Args,
    seed: u64,
    progress: Progress,
    rows: Vec<Row>,
    broken: Vec<String>,
}

impl<'a> Drill<'a> {
    /// Nothing runs yet.
    pub fn new(args: &'a Args, seed: u64) -> Self {
        let faults = args.faults().len() as u64 * u64::from(args.faults_each);
        let progress = Progress::new(faults);
        Self { args, seed, progress, rows: Vec::new(), broken: Vec::new() }
    }

    /// Does all faults, scene by scene. An error says that there was nothing to do them to.
    pub async fn run(&mut self) -> anyhow::Result<()> {
        let faults = self.args.faults();
        self.progress.tell(&report::head());
        for faults in faults.chunk_by(|one, next| one.scene() == next.scene()) {
            let scene = faults.first().map_or(Scene::Ordinary, |fault| fault.scene());
            self.play(scene, faults).await?;
        }
        Ok(())
    }

    async fn play(&mut self, scene: Scene, faults: &[Fault]) -> anyhow::Result<()> {
        let before = self.broken.len();
        let (mut stage, _lines) = self.set(scene).await?;
        for fault in faults {
            self.repeat(*fault, &mut stage).await;
        }
        if self.broken.len() > before {
            self.progress.tell(&format!("The cluster's log is {}", stage.cluster.keep_log().display()));
        }
        let Stage { cluster, load, .. } = stage;
        drop(load);
        cluster.stop().await;
        Ok(())
    }

    /// What there is to tell, at the end or when it was ended early.
    pub fn report(self) -> Report {
        let Args { origins, edges, publishers, viewers, bitrate, gop, latency_ms, .. } = self.args;
        let load = format!(
            "{publishers} encoders of {} kb/s with {gop:?} groups, {viewers} viewers, {origins} origins, {edges} edges, \
             latency {latency_ms} ms",
            bitrate / 1000
        );
        Report { drill: "drill", seed: self.seed, load, faults: self.rows, promises_broken: self.broken }
    }

    /// Starts a cluster and its clients. Thin lines are there for as long as the second part of what is returned.
    async fn set(&self, scene: Scene) -> anyhow::Result<(Stage, Vec<Forwarder>)> {
        self.progress.show("starting".to_owned());
        let cluster = Cluster::start(self.args.setting(scene)).await?;
        let name = format!("drill-{:x}-", self.seed);
        let (mut doors, mut lines) = (Vec::new(), Vec::new());
        for edge in &cluster.edges {
            let address = edge.rtmp.with_context(|| format!("{} takes no clients", edge.name))?;
            let url = format!("rtmp://{address}/{APP}/{name}{{n}}");
            let target = Arc::new(url.parse().map_err(anyhow::Error::msg)?);
            doors.push(Door { target, address, thin: self.thin(scene, address, &mut lines).await? });
        }
        let plans = self.args.plans(scene)?;
        let cast = Cast { edges: doors, encoders: self.args.publishers, viewers: self.args.viewers, plans };
        let load = Load::start(&cast)?;
        let prefix = format!("{APP}/{name}");
        Ok((Stage::new(cluster, load, Chance::new(self.seed), prefix, self.args.gop), lines))
    }

    async fn thin(
        &self,
        scene: Scene,
        edge: SocketAddr,
        lines: &mut Vec<Forwarder>,
    ) -> anyhow::Result<Option<SocketAddr>> {
        if scene != Scene::Thin {
            return Ok(None);
        }
        let line = Forwarder::start(edge, Some(self.args.thin_rate())).await?;
        let address = line.address;
        lines.push(line);
        Ok(Some(address))
    }

    async fn repeat(&mut self, fault: Fault, stage: &mut Stage) {
        let mut row = Row::new(fault, self.args.gap_limit.map_or(fault.promise(), Promise::Gap));
        for run in 1..=self.args.faults_each {
            self.progress.show(format!("{}, run {run}", fault.name()));
            if let Err(error) = self.once(fault, stage, &mut row).await {
                row.trouble(run, &error);
            }
            self.progress.advance();
        }
        self.broken.extend(row.broken());
        self.progress.tell(&row.line());
        self.rows.push(row);
    }

    /// An error is trouble: the cluster did not come back.
    async fn once(&self, fault: Fault, stage: &mut Stage, row: &mut Row) -> anyhow::Result<()> {
        stage.calm().await?;
        stage.load.take_late();
        let before = stage.cluster.figures().await;
        let mut struck = strike(fault, stage).await;
        if struck.is_ok() {
            struck = stage.recover().await;
        }
        let figures = stage.cluster.figures().await.since(before);
        if let Some(seen) = stage.end() {
            row.add(&seen, figures);
        }
        struck
    }
}

/// The application of the streams.
const APP: &str = "live";
