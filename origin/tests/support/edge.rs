//! An edge without clients: it sends what it is told to, and keeps what comes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use livecluster_mrtmp::Frame;
use livecluster_mrtmp::frame::{
    Grant, Heartbeat, Media, Play, Publish, Resume, Stable, Subscriber, Unwatch, Watch, Withdraw,
};
use livecluster_mrtmp::id::{BootId, Channel, ClientId, Group, PublicationId, Term};
use livecluster_mrtmp::io::{Connection, Endpoint, Reason};
use livecluster_mrtmp::link::Peer;
use livecluster_mrtmp::route::Key;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use super::{GENERATION, soon};

pub const GROUP: Group = Group(9);

/// An edge with a link that is up.
pub struct Edge {
    /// Who answered.
    pub origin: Peer,
    sender: mpsc::UnboundedSender<Frame>,
    frames: mpsc::UnboundedReceiver<Frame>,
    wake: Arc<Notify>,
    task: JoinHandle<Reason<Infallible>>,
    published: u32,
}

impl Edge {
    pub fn new(connection: Connection) -> Self {
        let origin = connection.peer().clone();
        let (sender, to_send) = mpsc::unbounded_channel();
        let (received, frames) = mpsc::unbounded_channel();
        let wake = Arc::new(Notify::new());
        let woken = Arc::clone(&wake);
        let mut ends = Ends { to_send, received };
        let forever = std::future::pending();
        let task = tokio::spawn(async move { connection.run(&mut ends, &woken, forever).await });
        Self { origin, sender, frames, wake, task, published: 0 }
    }

    /// The next frame but heartbeats. `None`: the link has ended.
    pub async fn next(&mut self) -> Option<Frame> {
        let frames = &mut self.frames;
        let other = async move {
            loop {
                match frames.recv().await {
                    Some(Frame::Heartbeat(_)) => {}
                    other => return other,
                }
            }
        };
        soon(other).await
    }

    /// Waits until the origin shows this generation; what else comes is dropped.
    pub async fn hear_of(&mut self, wanted: u64) {
        let shows =
            |frame: &Frame| matches!(frame, Frame::Heartbeat(Heartbeat { generation, .. }) if *generation == wanted);
        while !shows(&soon(self.frames.recv()).await.unwrap()) {}
    }

    /// Why its link ended.
    pub async fn ended(self) -> Reason<Infallible> {
        soon(self.task).await.unwrap()
    }

    /// Asks to publish, on the channel of the number of publishes so far.
    pub fn publish(&mut self, key: &str) {
        self.published += 1;
        self.send(Frame::Publish(Publish {
            channel: Channel(self.published),
            publication: PublicationId { edge: BootId(1), counter: self.published.into() },
            client: ClientId(1),
            key: Key::parse(key).unwrap(),
            generation: GENERATION,
            asks: Arc::default(),
        }));
    }

    /// Goes on with the publication of this number, of which it holds everything below `next`.
    pub fn resume(&mut self, key: &str, counter: u64, next: u64, ended: Option<u64>) {
        self.resume_with(key, counter, next, ended, true);
    }

    /// Goes on with a publication that was accepted by an origin that knew who came before; the answer is waited for.
    pub async fn resume_firmly(&mut self, key: &str, counter: u64, next: u64) {
        self.resume_with(key, counter, next, None, false);
        let answer = self.next().await;
        assert!(matches!(answer, Some(Frame::Nothing(_) | Frame::Have(_))), "{answer:?}");
    }

    fn resume_with(&mut self, key: &str, counter: u64, next: u64, ended: Option<u64>, provisional: bool) {
        self.published += 1;
        let term = Term { generation: GENERATION, counter };
        self.send(Frame::Resume(Resume {
            channel: Channel(self.published),
            publication: PublicationId { edge: BootId(1), counter },
            client: ClientId(1),
            key: Key::parse(key).unwrap(),
            generation: GENERATION,
            grant: Grant { term, identity: Bytes::new(), provisional, previous: None },
            oldest: 0,
            next,
            ended,
            map: Vec::new(),
        }));
    }

    /// Publishes, and is accepted.
    pub async fn published(&mut self, key: &str) {
        self.publish(key);
        let answer = self.next().await;
        assert!(matches!(answer, Some(Frame::Accepted(_))), "{answer:?}");
    }

    /// Confirms that a viewers' edge is in the map of what it publishes.
    pub async fn enter_subscriber(&mut self) {
        self.enter_subscriber_from(0).await;
    }

    /// The same, when what is below `oldest` is not kept any more. What it is told of stability meanwhile comes back.
    pub async fn enter_subscriber_from(&mut self, oldest: u64) -> Vec<Stable> {
        let mut told = Vec::new();
        loop {
            match self.next().await {
                Some(Frame::Stable(stable)) => told.push(stable),
                Some(Frame::Subscriber(asked)) => {
                    self.send(Frame::Subscriber(Subscriber { next: asked.next.max(oldest), ..asked }));
                    return told;
                }
                other => panic!("no one subscribed: {other:?}"),
            }
        }
    }

    /// Waits until the origin says that it has all below `next`: what it told of stability until then.
    pub async fn stable(&mut self, next: u64) -> Vec<Stable> {
        let mut told = Vec::new();
        while told.last().is_none_or(|stable: &Stable| stable.next < next) {
            match self.next().await {
                Some(Frame::Stable(stable)) => told.push(stable),
                other => panic!("not stable: {other:?}"),
            }
        }
        told
    }

    /// Sends a message of the first that it published.
    pub fn media(&self, sequence: u64) {
        self.send(Frame::Media(media(1, sequence)));
    }

    /// Takes away what it published first.
    pub fn withdraw(&self) {
        self.send(Frame::Withdraw(Withdraw { channel: Channel(1) }));
    }

    pub fn watch(&self, key: &str) {
        self.send(Frame::Watch(Watch {
            group: GROUP,
            key: Key::parse(key).unwrap(),
            generation: GENERATION,
            at: None,
        }));
    }

    pub fn unwatch(&self) {
        self.send(Frame::Unwatch(Unwatch { group: GROUP, moves: false }));
    }

    pub fn play(&self, key: &str, client: u64) {
        self.send(Frame::Play(Play {
            client: ClientId(client),
            stream_id: 1,
            key: Key::parse(key).unwrap(),
            generation: GENERATION,
            granted: false,
            asks: Arc::default(),
        }));
    }

    fn send(&self, frame: Frame) {
        self.sender.send(frame).unwrap();
        self.wake.notify_one();
    }
}

/// A message of sound: a viewer may start anywhere.
pub fn media(id: u32, sequence: u64) -> Media {
    Media {
        id,
        sequence,
        timestamp: u32::try_from(sequence * 20).unwrap(),
        kind: 8,
        payload: Bytes::from(vec![0x2f; 100]),
    }
}

struct Ends {
    to_send: mpsc::UnboundedReceiver<Frame>,
    received: mpsc::UnboundedSender<Frame>,
}

impl Endpoint for Ends {
    type Error = Infallible;

    fn handle_frame(&mut self, frame: Frame, _now: Instant) -> Result<(), Infallible> {
        // A test that is over reads no more.
        let _ = self.received.send(frame);
        Ok(())
    }

    fn poll_frame(&mut self, _now: Instant) -> Option<Frame> {
        self.to_send.try_recv().ok()
    }

    fn generation(&self) -> u64 {
        GENERATION
    }
}
