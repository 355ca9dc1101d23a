//! A viewer in this process, which reads on its own and keeps what it was shown.

use std::time::Duration;

use livecluster_rtmp::command::Status;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::wait::LIMIT;
use super::{Client, Event, Part, Shown};

/// A client that plays a stream.
#[derive(Debug)]
pub struct Viewer {
    last: watch::Receiver<Option<u32>>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Seen>,
}

/// What a viewer has seen in the end.
#[derive(Debug)]
pub struct Seen {
    /// The media.
    pub shown: Shown,
    /// The statuses other than that it plays.
    pub statuses: Vec<Status>,
    /// It was still connected.
    pub connected: bool,
    /// Its connection.
    pub client: Client,
}

impl Viewer {
    /// Plays a stream at an edge, and waits until it has begun.
    pub async fn start(edge: &Part, name: &str) -> Self {
        let mut client = Client::connect(edge).await;
        client.play(name).await;
        Self::go_on(client)
    }

    /// Reads on what is being played.
    pub fn go_on(client: Client) -> Self {
        let (sender, last) = watch::channel(None);
        let (stop, stopped) = oneshot::channel();
        Self { last, stop, task: tokio::spawn(read(client, sender, stopped)) }
    }

    /// The newest video frame.
    pub fn last(&self) -> Option<u32> {
        *self.last.borrow()
    }

    /// Waits until this video frame or a later one has come.
    pub async fn until(&self, number: u32) {
        self.until_within(LIMIT, number).await;
    }

    /// Waits until this video frame or a later one has come. Panics if it does not in time.
    pub async fn until_within(&self, limit: Duration, number: u32) {
        let mut last = self.last.clone();
        let reached = last.wait_for(|last| last.is_some_and(|last| last >= number));
        let reached = timeout(limit, reached).await;
        let reached = reached.unwrap_or_else(|_| panic!("frame {number}: not within {limit:?}"));
        reached.expect("the viewer goes on");
    }

    /// Stops reading.
    pub async fn stop(self) -> Seen {
        let _ = self.stop.send(());
        self.task.await.expect("no panic")
    }
}

async fn read(client: Client, last: watch::Sender<Option<u32>>, mut stopped: oneshot::Receiver<()>) -> Seen {
    let mut seen = Seen { shown: Shown::default(), statuses: Vec::new(), connected: true, client };
    loop {
        let event = tokio::select! {
            _ = &mut stopped => return seen,
            event = seen.client.event() => event,
        };
        match event {
            Some(Event::Media(message)) => {
                seen.shown.take(&message);
                last.send_replace(seen.shown.last());
            }
            Some(Event::Status { status, .. }) => seen.statuses.push(status),
            Some(_) => {}
            None => seen.connected = false,
        }
        if !seen.connected {
            return seen;
        }
    }
}
