//! Tests of the watch links.

use std::time::{Duration, Instant};

use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{GoAway, Heartbeat, Links, Streams};
use livecluster_mrtmp::io::{self, Endpoint};
use livecluster_mrtmp::link::Opening;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::link::Reports;
use super::*;
use crate::routing::Event;

const SECRET: &[u8] = b"the secret of these tests, long enough";

fn secrets(secrets: &[&[u8]]) -> Secrets {
    Secrets::new(secrets.iter().map(|secret| secret.to_vec()).collect()).expect("long enough")
}

fn watches(observations: mpsc::Sender<Observation>) -> Watches {
    let watches = Watches::new("uid".to_owned(), "operator-0".into(), secrets(&[SECRET]), Arc::default(), observations);
    watches.expect("random numbers")
}

/// A part that sends what is in it.
struct Part0(Vec<Frame>);

impl Endpoint for Part0 {
    type Error = std::convert::Infallible;

    fn handle_frame(&mut self, _: Frame, _: Instant) -> Result<(), Self::Error> {
        Ok(())
    }

    fn poll_frame(&mut self, _: Instant) -> Option<Frame> {
        self.0.pop()
    }

    fn generation(&self) -> u64 {
        5
    }
}

/// An origin's process: it takes one link, and keeps it until it is told to end.
struct Process {
    address: SocketAddr,
    end: oneshot::Sender<()>,
    /// Whether the link ended since the other side went.
    task: JoinHandle<bool>,
}

impl Process {
    async fn start(boot: u64, secrets: Secrets, frames: Vec<Frame>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let config = Config::new("uid".to_owned(), "origin-0".into(), Role::Origin, BootId(boot), secrets);
        let config = Arc::new(config);
        let (end, ended) = oneshot::channel();
        let task = tokio::spawn(async move {
            let connection = loop {
                let (stream, _) = listener.accept().await.expect("a link");
                let opening = Opening { nonce: [1; 32], number: 0, generation: 5 };
                if let Ok(connection) = io::accept(stream, Arc::clone(&config), opening).await {
                    break connection;
                }
            };
            let ended = async { drop(ended.await) };
            let reason = connection.run(&mut Part0(frames), &Notify::new(), ended).await;
            !matches!(reason, io::Reason::Shutdown)
        });
        Self { address, end, task }
    }
}

fn part() -> Part {
    Part::Origin("origin-0".into())
}

/// The next event that is no heartbeat's.
async fn next(observations: &mut mpsc::Receiver<Observation>) -> Event {
    loop {
        let next = timeout(Duration::from_secs(10), observations.recv()).await;
        let observation = next.expect("in time").expect("an observation");
        assert_eq!(observation.part, part());
        if !matches!(observation.event, Event::Generation(_)) {
            return observation.event;
        }
    }
}

#[tokio::test]
async fn reports_of_a_part_become_observations() {
    let streams = Streams { complete: true, generation: 5, streams: Vec::new() };
    let origin = Process::start(7, secrets(&[SECRET]), vec![Frame::Streams(streams.clone())]).await;
    let (sender, mut observations) = mpsc::channel(16);
    let mut watches = watches(sender);

    watches.keep(&part(), origin.address);

    assert_eq!(next(&mut observations).await, Event::LinkUp(BootId(7)));
    assert_eq!(next(&mut observations).await, Event::Streams(streams));
    origin.end.send(()).expect("it runs");
    assert_eq!(next(&mut observations).await, Event::LinkDown);
}

#[tokio::test]
async fn part_that_is_elsewhere_is_dialled_there_and_its_old_link_is_over() {
    let old = Process::start(7, secrets(&[SECRET]), Vec::new()).await;
    let new = Process::start(8, secrets(&[SECRET]), Vec::new()).await;
    let (sender, mut observations) = mpsc::channel(16);
    let mut watches = watches(sender);
    watches.keep(&part(), old.address);
    assert_eq!(next(&mut observations).await, Event::LinkUp(BootId(7)));

    watches.keep(&part(), old.address);
    watches.keep(&part(), new.address);

    assert_eq!(next(&mut observations).await, Event::LinkDown);
    assert_eq!(next(&mut observations).await, Event::LinkUp(BootId(8)));
    assert!(old.task.await.expect("no panic"), "the old link is closed by who dialled it");
}

#[tokio::test]
async fn part_with_the_old_secret_or_the_new_is_reached_while_both_are_known() {
    let new_secret: &[u8] = b"another secret, as long as it has to be";
    let origin = Process::start(7, secrets(&[new_secret]), Vec::new()).await;
    let (sender, mut observations) = mpsc::channel(16);
    let mut watches = watches(sender);

    watches.set_secrets(secrets(&[new_secret, SECRET]));
    watches.keep(&part(), origin.address);

    assert_eq!(next(&mut observations).await, Event::LinkUp(BootId(7)));
    let other = Process::start(8, secrets(&[SECRET]), Vec::new()).await;
    watches.keep(&part(), other.address);
    assert_eq!(next(&mut observations).await, Event::LinkDown);
    assert_eq!(next(&mut observations).await, Event::LinkUp(BootId(8)));
}

#[tokio::test]
async fn secret_that_comes_later_is_used_for_a_part_that_was_not_reached() {
    let new_secret: &[u8] = b"another secret, as long as it has to be";
    let origin = Process::start(7, secrets(&[new_secret]), Vec::new()).await;
    let (sender, mut observations) = mpsc::channel(16);
    let mut watches = watches(sender);
    watches.keep(&part(), origin.address);

    watches.set_secrets(secrets(&[new_secret, SECRET]));

    assert_eq!(next(&mut observations).await, Event::LinkUp(BootId(7)));
}

#[tokio::test]
async fn nothing_is_told_of_a_part_whose_link_was_ended() {
    let origin = Process::start(7, secrets(&[SECRET]), Vec::new()).await;
    let (sender, mut observations) = mpsc::channel(16);
    let mut watches = watches(sender);
    watches.keep(&part(), origin.address);
    assert_eq!(next(&mut observations).await, Event::LinkUp(BootId(7)));

    watches.end(&part());
    drop(watches);

    origin.task.await.expect("no panic");
    while let Some(observation) = observations.recv().await {
        assert!(matches!(observation.event, Event::Generation(_)), "{:?}", observation.event);
    }
}

#[test]
fn generation_is_told_when_it_grows() {
    let (sender, mut observations) = mpsc::channel(16);
    let watches = watches(sender);
    let part = part();
    let mut reports = Reports { common: &watches.common, part: &part, generation: 0 };
    let heartbeat = |generation| Frame::Heartbeat(Heartbeat { generation, ..Heartbeat::default() });

    for generation in [0, 3, 3, 4] {
        reports.handle_frame(heartbeat(generation), Instant::now()).expect("room");
    }

    let mut told = || observations.try_recv().ok().map(|observation| observation.event);
    assert_eq!([told(), told(), told()], [Some(Event::Generation(3)), Some(Event::Generation(4)), None]);
}

#[test]
fn link_whose_reports_are_not_looked_at_is_closed() {
    let (sender, _observations) = mpsc::channel(1);
    let watches = watches(sender);
    let part = Part::Edge("edge-0".into());
    let mut reports = Reports { common: &watches.common, part: &part, generation: 0 };
    let links = || Frame::Links(Links { origins: Vec::new(), connections: 0 });

    assert!(reports.handle_frame(links(), Instant::now()).is_ok());
    assert!(reports.handle_frame(links(), Instant::now()).is_err());
}

#[test]
fn goaway_of_an_origin_that_drains_is_news_and_that_of_a_link_that_closes_is_not() {
    let (sender, _observations) = mpsc::channel(1);
    let watches = watches(sender);
    let part = part();
    let mut reports = Reports { common: &watches.common, part: &part, generation: 0 };
    let goaway = |reason: &str| Frame::GoAway(GoAway { reason: reason.to_owned() });

    assert_eq!(reports.event(goaway(GoAway::DRAINING)), Some(Event::Leaving));
    assert_eq!(reports.event(goaway("closing")), None);
}
