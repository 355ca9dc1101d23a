//! A publisher in this process, which sends at a pace of its own.

use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::wait::LIMIT;
use super::{Client, Pace, Part};

/// A client that publishes a stream.
#[derive(Debug)]
pub struct Publisher {
    sent: watch::Receiver<u32>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Option<Client>>,
}

impl Publisher {
    /// Publishes a stream at an edge.
    pub async fn start(edge: &Part, name: &str, pace: Pace) -> Self {
        let mut client = Client::connect(edge).await;
        let stream_id = client.publish(name).await;
        Self::go_on(client, stream_id, pace)
    }

    /// Sends on a stream that publishes already.
    pub fn go_on(client: Client, stream_id: u32, pace: Pace) -> Self {
        let (count, sent) = watch::channel(0);
        let (stop, stopped) = oneshot::channel();
        let sender = Sender { client, stream_id, pace, count };
        Self { sent, stop, task: tokio::spawn(sender.run(stopped)) }
    }

    /// How many frames were sent.
    pub fn sent(&self) -> u32 {
        *self.sent.borrow()
    }

    /// Waits until so many frames were sent.
    pub async fn until_sent(&self, count: u32) {
        let mut sent = self.sent.clone();
        let reached = sent.wait_for(|sent| *sent >= count);
        let reached = tokio::time::timeout(LIMIT, reached).await;
        reached.expect("in time").expect("the publisher goes on");
    }

    /// Stops sending; how many frames were sent, and the client, which is still connected.
    pub async fn stop(self) -> (u32, Client) {
        let _ = self.stop.send(());
        let client = self.task.await.expect("no panic");
        let sent = *self.sent.borrow();
        (sent, client.expect("the publisher is still connected"))
    }
}

struct Sender {
    client: Client,
    stream_id: u32,
    pace: Pace,
    count: watch::Sender<u32>,
}

impl Sender {
    /// Nothing is returned if the edge closes the connection.
    async fn run(mut self, mut stopped: oneshot::Receiver<()>) -> Option<Client> {
        for header in self.pace.headers(self.stream_id) {
            self.client.queue(&header);
        }
        let mut ticks = interval(self.pace.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            tokio::select! {
                _ = &mut stopped => break,
                _ = ticks.tick() => self.send(),
                event = self.client.event() => drop(event?),
            }
        }
        self.client.flush().await.ok()?;
        Some(self.client)
    }

    fn send(&mut self) {
        let number = *self.count.borrow();
        for message in self.pace.frame(self.stream_id, number) {
            self.client.queue(&message);
        }
        self.count.send_replace(number + 1);
    }
}
