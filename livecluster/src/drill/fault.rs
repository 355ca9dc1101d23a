//! What is done to a cluster, and what it promises then.

use std::time::Duration;

use clap::ValueEnum;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Fault {
    /// An origin is killed, and is started again
    Kill,
    /// An origin stands still until its links are given up, and goes on
    Freeze,
    /// Two origins are killed at once, and are started again
    Two,
    /// An encoder falls silent without a word, and publishes again through another edge
    Publisher,
    /// An edge is killed, and is started again
    Edge,
    /// The machine has no CPU left for some seconds
    Starved,
    /// An origin is drained, and takes streams again
    Drain,
    /// A stream is moved to another origin by hand, the next time back
    Move,
    /// An origin gets SIGTERM: it is drained, ends, and is started again
    Stop,
    /// An origin is drained, replaced by another process, and takes streams again
    Rollout,
    /// One more origin is started, gets streams, and ends
    Scale,
    /// Nobody decides while an origin is killed and started again, and new encoders come
    Decisions,
    /// The link between an edge and an origin is cut without a word, in one of the ways or both in turn, and mended
    Cut,
    /// An origin is killed, with viewers on thin lines and streams whose keyframes are 10 s apart
    Thin,
    /// The only origin is killed, and is started again
    Restart,
    /// An edge gets SIGTERM: its clients go to another edge when it asks them to, it ends, and is started again
    Leave,
}

/// What a fault is done to. One scene follows on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scene {
    /// The cluster and the clients of the flags.
    Ordinary,
    /// The same with links that can be cut.
    Links,
    /// The same with a viewer in ten on a thin line, and with keyframes 10 s apart in every other stream.
    Thin,
    /// The same with one origin.
    Alone,
    /// The first again, for clients that will not sit where they sat before.
    Moving,
}

/// How long viewers may have to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// 99 of 100 less than this.
    Gap(Duration),
    /// As long as the fault lasts, and less than this on top of it.
    Beyond(Duration),
    /// Nothing is promised: it depends on the fault.
    Nothing,
}

impl Fault {
    /// All, in the order in which they are done.
    pub const ALL: [Self; 16] = [
        Self::Kill,
        Self::Freeze,
        Self::Two,
        Self::Publisher,
        Self::Edge,
        Self::Starved,
        Self::Drain,
        Self::Move,
        Self::Stop,
        Self::Rollout,
        Self::Scale,
        Self::Decisions,
        Self::Cut,
        Self::Thin,
        Self::Restart,
        Self::Leave,
    ];

    /// As on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// What it is done to.
    pub fn scene(self) -> Scene {
        match self {
            Self::Cut => Scene::Links,
            Self::Thin => Scene::Thin,
            Self::Restart => Scene::Alone,
            Self::Leave => Scene::Moving,
            _ => Scene::Ordinary,
        }
    }

    /// How many origins there must be.
    pub fn needs_origins(self) -> u16 {
        match self {
            Self::Two => 3,
            Self::Scale | Self::Decisions | Self::Restart | Self::Leave => 1,
            _ => 2,
        }
    }

    /// How long viewers may have to wait.
    pub fn promise(self) -> Promise {
        match self {
            Self::Kill | Self::Two | Self::Thin => Promise::Gap(SHORT),
            Self::Leave => Promise::Gap(HANDOVER),
            Self::Freeze | Self::Cut => Promise::Gap(SILENT),
            Self::Edge | Self::Drain | Self::Move | Self::Stop | Self::Rollout | Self::Scale => Promise::Gap(UNNOTICED),
            Self::Decisions | Self::Restart => Promise::Beyond(SHORT),
            Self::Publisher | Self::Starved => Promise::Nothing,
        }
    }
}

/// When a process is seen to die.
const SHORT: Duration = Duration::from_millis(500);

/// When one publication has to be seen to its end before the next one begins: two rounds of acknowledgements, and a
/// `publish`.
const HANDOVER: Duration = Duration::from_secs(1);

/// When silence has to be noticed.
const SILENT: Duration = Duration::from_secs(2);

/// When nothing need be noticed.
const UNNOTICED: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_a_scene_follow_on_each_other() {
        assert!(Fault::ALL.is_sorted_by_key(|fault| fault.scene()));
    }

    #[test]
    fn every_fault_has_a_name_for_the_command_line() {
        for fault in Fault::ALL {
            assert_eq!(Fault::from_str(&fault.name(), false), Ok(fault));
        }
    }
}
