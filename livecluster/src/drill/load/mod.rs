//! Encoders and viewers on a thread of their own, so that nothing else of the drill comes between them and the time.

mod encoder;
mod player;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::audience::Audience;
use crate::bench::clock::Clock;
use crate::bench::place::Place;
use crate::bench::play::Player;
use crate::bench::publish::{Plan, Publisher, Sent};
use crate::bench::target::Target;
use crate::bench::{self, lock};
use encoder::Encoder;

/// Who publishes and who watches.
#[derive(Debug, Clone)]
pub struct Cast {
    /// The edges, by their number.
    pub edges: Vec<Door>,
    /// Encoders; encoder `n` publishes stream `n`.
    pub encoders: u32,
    /// Viewers; they take the streams in turn, and each stream's viewers take the edges in turn.
    pub viewers: u32,
    /// What encoders send: they take these in turn.
    pub plans: Vec<Plan>,
}

/// How clients get into an edge.
#[derive(Debug, Clone)]
pub struct Door {
    /// What they ask for.
    pub target: Arc<Target>,
    /// Where they connect.
    pub address: SocketAddr,
    /// Where viewers on a thin line connect, if there are any: a viewer in [`THIN_EVERY`].
    pub thin: Option<SocketAddr>,
}

/// Where an encoder publishes. Another one makes it drop its connection and go there.
#[derive(Debug, Clone)]
pub struct Post {
    /// The number of the edge.
    pub edge: usize,
    /// Where to connect to: the edge, or something in front of it.
    pub address: SocketAddr,
}

/// Encoders and viewers that run until they are dropped.
#[derive(Debug)]
pub struct Load {
    audience: Arc<Mutex<Audience>>,
    /// What encoders have sent, and where they have gone.
    sent: Arc<Mutex<Sent>>,
    clock: Clock,
    edges: Vec<Door>,
    plan: Option<Plan>,
    /// How many newcomers there were.
    newcomers: u32,
    posts: Vec<watch::Sender<Post>>,
    stop: watch::Sender<bool>,
    late: Arc<Mutex<Duration>>,
    thread: Option<JoinHandle<()>>,
}

impl Cast {
    /// The stream and the edge of a viewer.
    fn seat(&self, viewer: u32) -> (u32, usize) {
        let edges = u32::try_from(self.edges.len()).unwrap_or(1).max(1);
        let (round, stream) = (viewer / self.encoders, viewer % self.encoders);
        (stream, usize::try_from((round + stream + 1) % edges).unwrap_or_default())
    }

    fn targets(&self) -> Arc<[Arc<Target>]> {
        self.edges.iter().map(|door| Arc::clone(&door.target)).collect()
    }

    fn post(&self, encoder: u32) -> Option<Post> {
        let edge = usize::try_from(encoder).ok()?.checked_rem(self.edges.len())?;
        Some(Post { edge, address: self.edges.get(edge)?.address })
    }
}

impl Load {
    /// Starts all of them: encoders over one group of pictures, viewers as they come.
    pub fn start(cast: &Cast) -> io::Result<Self> {
        let seats = (0..cast.viewers).map(|viewer| cast.seat(viewer));
        let audience = Arc::new(Mutex::new(Audience::new(cast.encoders as usize, seats)));
        let posts = (0..cast.encoders).filter_map(|encoder| cast.post(encoder)).map(watch::Sender::new).collect();
        let stop = watch::Sender::new(false);
        let mut load = Self {
            audience,
            sent: Arc::new(Mutex::new(Sent::new())),
            clock: Clock::new(),
            edges: cast.edges.clone(),
            plan: cast.plans.first().copied(),
            newcomers: 0,
            posts,
            stop,
            late: Arc::default(),
            thread: None,
        };
        let (players, encoders) = (load.players(cast), load.encoders_of(cast));
        let (stop, late) = (load.stop.subscribe(), Arc::clone(&load.late));
        let gather = Duration::from_micros(u64::from(cast.viewers) * 5).min(MAX_GATHER);
        let run = move || drop(bench::block_on(gather, play(players, encoders, stop, late)));
        load.thread = Some(thread::Builder::new().name("load".to_owned()).spawn(run)?);
        Ok(load)
    }

    /// What is seen.
    pub fn audience(&self) -> MutexGuard<'_, Audience> {
        lock(&self.audience)
    }

    /// The time that frames carry.
    pub fn now(&self) -> Duration {
        self.clock.now()
    }

    /// How many encoders there are.
    pub fn encoders(&self) -> usize {
        self.posts.len()
    }

    /// Where an encoder publishes: where it was sent, or has gone since because its edge asked it to.
    pub fn post(&self, encoder: usize) -> Option<Post> {
        let post = self.posts.get(encoder)?.borrow().clone();
        let gone = lock(&self.sent).place_of(u32::try_from(encoder).ok()?);
        let Some(edge) = gone.filter(|edge| *edge != post.edge) else {
            return Some(post);
        };
        Some(Post { edge, address: self.edges.get(edge)?.address })
    }

    /// Makes an encoder drop its connection and publish there.
    pub fn send(&self, encoder: usize, post: Post) {
        if let Some(sender) = self.posts.get(encoder) {
            sender.send_replace(post);
        }
    }

    /// So many encoders with streams that nobody has heard of yet, spread over the edges.
    pub fn newcomers(&mut self, count: u32, stay: Duration) -> Vec<Publisher> {
        let first = self.newcomers;
        self.newcomers += count;
        (first..self.newcomers).filter_map(|number| self.newcomer(number, stay)).collect()
    }

    fn newcomer(&self, number: u32, stay: Duration) -> Option<Publisher> {
        let door = self.edges.get((number as usize).checked_rem(self.edges.len())?)?;
        Some(Publisher {
            number: u32::try_from(self.encoders()).ok()? + number,
            place: Place::fixed(&door.target, door.address),
            clock: self.clock,
            plan: self.plan?,
            duration: stay,
            sent: Arc::new(Mutex::new(Sent::new())),
        })
    }

    /// By how much this process itself was late at most since that was last asked: what is measured is too long by so
    /// much.
    pub fn take_late(&self) -> Duration {
        std::mem::take(&mut *lock(&self.late))
    }

    fn players(&self, cast: &Cast) -> Vec<Player<Audience>> {
        let targets = cast.targets();
        let player = |(viewer, index): (u32, usize)| {
            let (stream, edge) = cast.seat(viewer);
            let door = cast.edges.get(edge)?;
            let thin = door.thin.filter(|_| viewer.is_multiple_of(THIN_EVERY));
            let place = Place::among(&targets, edge, thin.unwrap_or(door.address))?;
            Some(Player { index, stream, place, clock: self.clock, audience: Arc::clone(&self.audience) })
        };
        (0..cast.viewers).zip(0..).filter_map(player).collect()
    }

    fn encoders_of(&self, cast: &Cast) -> Vec<Encoder> {
        let targets = cast.targets();
        let posts = self.posts.iter().zip(cast.plans.iter().cycle()).zip(0..);
        let encoder = |((post, plan), number): ((&watch::Sender<Post>, &Plan), u32)| Encoder {
            number,
            targets: Arc::clone(&targets),
            post: post.subscribe(),
            plan: *plan,
            clock: self.clock,
            sent: Arc::clone(&self.sent),
            audience: Arc::clone(&self.audience),
        };
        posts.map(encoder).collect()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn play(
    players: Vec<Player<Audience>>,
    encoders: Vec<Encoder>,
    mut stop: watch::Receiver<bool>,
    late: Arc<Mutex<Duration>>,
) -> Result<(), bench::Error> {
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    let stagger = STAGGER.min(START / u32::try_from(encoders.len()).unwrap_or(1).max(1));
    for (encoder, number) in encoders.into_iter().zip(0..) {
        tasks.spawn(after(start + stagger * number, encoder.run()));
    }
    for (player, number) in players.into_iter().zip(0..) {
        tasks.spawn(after(start + START + JOIN * number, player::play(player)));
    }
    tasks.spawn(measure(late));
    // Whoever could stop it is gone, or has.
    let _ = stop.wait_for(|stop| *stop).await;
    Ok(())
}

async fn after(start: Instant, future: impl Future<Output = ()>) {
    sleep_until(start).await;
    future.await;
}

/// Notes by how much this thread comes late.
async fn measure(late: Arc<Mutex<Duration>>) {
    loop {
        let due = Instant::now() + TICK;
        sleep_until(due).await;
        let mut late = lock(&late);
        *late = due.elapsed().max(*late);
    }
}

/// Of so many viewers one is on a thin line.
pub const THIN_EVERY: u32 = 10;

/// What times may be too long by, see [`bench::block_on`].
const MAX_GATHER: Duration = Duration::from_millis(1);

/// From the start to the first viewer.
const START: Duration = Duration::from_secs(2);

/// From one encoder to the next, at most.
const STAGGER: Duration = Duration::from_millis(100);

/// From one viewer to the next.
const JOIN: Duration = Duration::from_millis(4);

/// How often this thread looks whether it is late.
const TICK: Duration = Duration::from_millis(10);
