//! One encoder: publishes until the end, and connects again when it has lost its connection, as encoders do.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::Post;
use crate::bench::clock::Clock;
use crate::bench::connection::Lost;
use crate::bench::lock;
use crate::bench::place::Place;
use crate::bench::publish::{Plan, Publisher, Sent};
use crate::bench::target::Target;
use crate::drill::audience::Audience;

/// An encoder that has not connected yet.
pub struct Encoder {
    /// Its number, and that of its stream.
    pub number: u32,
    /// What the edges are called, by their number.
    pub targets: Arc<[Arc<Target>]>,
    /// Where it publishes.
    pub post: watch::Receiver<Post>,
    /// What it sends.
    pub plan: Plan,
    /// Tells when a frame is sent.
    pub clock: Clock,
    /// Where it counts what it has sent.
    pub sent: Arc<Mutex<Sent>>,
    /// Where it tells that it lost its connection.
    pub audience: Arc<Mutex<Audience>>,
}

impl Encoder {
    /// Publishes for as long as the task runs.
    pub async fn run(mut self) {
        loop {
            let Some(publisher) = self.publisher() else {
                return;
            };
            let mut publish = pin!(publisher.publish());
            let ended = tokio::select! {
                ended = &mut publish => ended,
                // Nobody will send it anywhere else any more: it goes on to the end.
                Ok(()) = self.post.changed() => continue,
            };
            let lost = ended.err().unwrap_or(Lost::Closed);
            lock(&self.audience).lose_encoder(self.number as usize, &lost);
            sleep(RETRY).await;
        }
    }

    fn publisher(&mut self) -> Option<Publisher> {
        let Post { edge, address } = self.post.borrow_and_update().clone();
        lock(&self.sent).come_back(self.number);
        Some(Publisher {
            number: self.number,
            place: Place::among(&self.targets, edge, address)?,
            clock: self.clock,
            plan: self.plan,
            duration: FOR_EVER,
            sent: Arc::clone(&self.sent),
        })
    }
}

/// Between two connections.
const RETRY: Duration = Duration::from_millis(500);

/// Longer than any drill.
const FOR_EVER: Duration = Duration::from_secs(30 * 86_400);
