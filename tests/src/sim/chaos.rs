//! Random worlds, and what goes wrong in them.

use std::time::Duration;

use livecluster_operator::routing::Wish;
use livecluster_rtmp::broadcast::Limits;

use super::{Breach, Cut, Random, Setup, State, Way, World};

/// Runs a random world through random faults until all is well again and all clients have left.
pub fn run(seed: u64, breach: Option<Breach>) -> World {
    let mut random = Random::new(seed ^ 0x5eed);
    let mut world = World::new(setup(seed, breach, &mut random));
    let streams = 1 + random.index(3);
    let mut chaos = Chaos {
        streams: (0..streams).map(|at| format!("stream{at}")).collect(),
        is_small: world.setup.log.bytes < Limits::default().bytes,
        random,
    };
    world.run_for(ms(3000));
    chaos.populate(&mut world);
    while world.now() < STORM {
        chaos.happen(&mut world);
    }
    chaos.settle(&mut world);
    world
}

fn setup(seed: u64, breach: Option<Breach>, random: &mut Random) -> Setup {
    let lateness = match random.index(3) {
        0 => ms(12_000),
        1 => ms(3000),
        _ => ms(300),
    };
    let log = match random.index(5) {
        0 => Limits { bytes: 20_000, age: ms(4000), ..Limits::default() },
        _ => Limits::default(),
    };
    Setup {
        seed,
        edges: 2 + random.index(2),
        origins: 1 + random.index(3),
        hold: ms(60_000),
        lateness: (ms(10), lateness),
        log,
        operator: true,
        breach,
        ..Setup::default()
    }
}

struct Chaos {
    random: Random,
    streams: Vec<String>,
    is_small: bool,
}

impl Chaos {
    fn populate(&mut self, world: &mut World) {
        for stream in self.streams.clone() {
            let edge = self.random.index(world.edges.len());
            self.publish(world, edge, &stream);
            for _ in 0..1 + self.random.index(3) {
                let edge = self.random.index(world.edges.len());
                world.play(edge, &stream);
            }
        }
    }

    fn publish(&mut self, world: &mut World, edge: usize, stream: &str) -> usize {
        let secret = ["", "", "one", "another"][self.random.index(4)];
        let at = world.publish_with_key(edge, stream, secret);
        world.publishers[at].every = ms(40 + self.random.below(60));
        world.publishers[at].keyframe_every = 10 + self.random.below(20);
        at
    }

    /// Lets some time pass, then something happens.
    fn happen(&mut self, world: &mut World) {
        let pause = self.random.between(ms(50), ms(4000));
        world.run_for(pause);
        match self.random.index(12) {
            0 | 1 => self.hurt_link(world),
            2 | 3 => self.hurt_origin(world),
            4 | 5 => self.plan(world),
            6 | 7 => self.change_viewers(world),
            8 => self.hurt_operator(world),
            9 if self.random.once_in(2) => self.replace_edge(world),
            _ => self.change_publishers(world),
        }
        world.check_memory();
    }

    fn hurt_link(&mut self, world: &mut World) {
        let edge = self.random.index(world.edges.len());
        let origin = self.random.index(world.origins.len());
        let cut = match self.random.index(3) {
            0 => Cut::One(Way::Up),
            1 => Cut::One(Way::Down),
            _ => Cut::Both,
        };
        match self.random.index(3) {
            0 => world.break_link(edge, origin, cut),
            1 => {
                world.cut(edge, origin, cut);
                let time = self.random.between(ms(100), ms(8000));
                world.after(time, move |world| world.mend(edge, origin));
            }
            _ => {
                world.slow_down(edge, origin, ms(5 + self.random.below(60)));
                let time = self.random.between(ms(500), ms(5000));
                world.after(time, move |world| {
                    world.slow_down(edge, origin, Duration::ZERO);
                });
            }
        }
    }

    fn hurt_origin(&mut self, world: &mut World) {
        let at = self.random.index(world.origins.len());
        if !world.origins[at].runs() {
            return;
        }
        let away = self.random.between(ms(10), ms(6000));
        match self.random.index(3) {
            0 => {
                world.kill(at);
                let forgets = self.random.once_in(3);
                world.after(away, move |world| world.restart(at, forgets));
            }
            1 => {
                world.freeze(at);
                world.after(away, move |world| world.thaw(at));
            }
            _ => {
                world.kill(at);
                world.forget_document(at);
                world.after(away * 2, move |world| world.start(at));
            }
        }
    }

    fn plan(&mut self, world: &mut World) {
        let at = self.random.index(world.origins.len());
        match self.random.index(3) {
            0 => self.drain(world, at),
            1 => world.end_moves(),
            _ => {
                let stream = self.stream();
                world.want_moved(&stream, at);
            }
        }
    }

    /// An origin is drained, stopped some time later whether it is empty or not, and started again.
    fn drain(&mut self, world: &mut World, at: usize) {
        world.wish(at, Wish::Draining);
        let time = self.random.between(ms(100), ms(6000) + world.setup.lateness.1);
        let stops = self.random.once_in(2);
        world.after(time, move |world| {
            if stops {
                world.kill(at);
                world.start(at);
            }
            world.wish(at, Wish::Active);
        });
    }

    fn hurt_operator(&mut self, world: &mut World) {
        let away = self.random.between(ms(100), ms(8000));
        match self.random.index(3) {
            0 => {
                world.stop_operator();
                world.after(away, World::start_operator);
            }
            1 => world.delete_document(),
            _ => {
                let readers = world.readers();
                let part = readers[self.random.index(readers.len())];
                world.cut_watch(part, away);
            }
        }
    }

    fn replace_edge(&mut self, world: &mut World) {
        let edge = self.random.index(world.edges.len());
        let keeps_name = self.random.once_in(2);
        world.replace_edge(edge, keeps_name);
    }

    fn change_viewers(&mut self, world: &mut World) {
        let (edge, stream) = (self.random.index(world.edges.len()), self.stream());
        if self.random.once_in(2) {
            world.play(edge, &stream);
        } else if !world.viewers.is_empty() {
            world.stop(self.random.index(world.viewers.len()));
        }
    }

    fn change_publishers(&mut self, world: &mut World) {
        let (edge, stream) = (self.random.index(world.edges.len()), self.stream());
        let Some(live) = world.live(&stream) else {
            self.publish(world, edge, &stream);
            return;
        };
        match self.random.index(4) {
            0 => world.unpublish(live),
            1 => {
                self.publish(world, edge, &stream);
            }
            2 => world.publishers[live].change_configuration(),
            _ => {
                world.publishers[live].sends = false;
                let time = self.random.between(ms(200), ms(4000));
                world.after(time, move |world| world.publishers[live].sends = true);
            }
        }
    }

    fn stream(&mut self) -> String {
        self.streams[self.random.index(self.streams.len())].clone()
    }

    /// Everything is mended; then every viewer has to see what its publisher sends, and everything has to be let go.
    fn settle(&mut self, world: &mut World) {
        world.run_for(ms(10_000) + world.setup.lateness.1 * 2);
        world.end_moves();
        for at in 0..world.origins.len() {
            world.start(at);
            world.wish(at, Wish::Active);
        }
        world.run_for(ms(10_000) + world.setup.lateness.1);
        let lost = world.publishers.iter().any(|one| one.state == State::Lost);
        if lost || self.is_small {
            // Those who watched may be waiting for the end of one that is lost, or that did not fit.
            world.run_for(world.setup.hold);
        }
        for stream in self.streams.clone() {
            if world.live(&stream).is_none() {
                let edge = self.random.index(world.edges.len());
                self.publish(world, edge, &stream);
            }
        }
        world.run_for(ms(10_000) + world.setup.lateness.1);
        world.check_following();
        if !self.is_small {
            world.check_no_hole();
        }
        world.check_publishers();
        world.check_viewers();
        for at in 0..world.publishers.len() {
            world.unpublish(at);
        }
        world.run_for(ms(3000));
        if !self.is_small {
            world.check_ends();
        }
        world.check_released();
    }
}

impl World {
    fn restart(&mut self, at: usize, forgets: bool) {
        if forgets {
            self.forget_document(at);
        }
        self.start(at);
    }

    fn check_publishers(&mut self) {
        for at in 0..self.publishers.len() {
            let publisher = &self.publishers[at];
            let silent = publisher.silence >= ms(1000);
            let wronged = match publisher.state {
                State::Revoked => !silent && !publisher.gave_way,
                State::HoldEnded => true,
                _ => false,
            };
            if wronged {
                let state = publisher.state.clone();
                self.violate(format!("publisher {at} was sending and is {state:?}"));
            }
        }
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const STORM: Duration = Duration::from_secs(45);
