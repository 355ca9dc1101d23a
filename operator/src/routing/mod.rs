//! Which origins there are and where streams belong, for whoever leads: the parent of a local cluster, the operator of
//! one in Kubernetes. Pure: what is seen comes in as [`Observation`]s, what is wanted as [`Desired`], a [`Document`] comes
//! out. The caller reads clocks, keeps links and writes.

mod cut;
mod desired;
mod drain;
mod entries;
mod leader;
mod observed;
mod origins;
mod pace;
mod plan;
mod recent;
mod view;

#[cfg(test)]
mod tests;

use livecluster_mrtmp::route::{Document, Origin, State};

pub use desired::{Desired, DesiredOrigin, Wish};
pub use leader::{Decision, Leader, Time};
pub use observed::{Event, Observation, Observed, Part, Reach};
pub use plan::Wait;

/// The document of a cluster that starts: nothing can be live yet, so that every origin is active at once.
pub fn first(desired: &Desired, unix_ms: u64) -> Document {
    let origins = desired.origins.iter().map(|(name, origin)| Origin {
        name: name.clone(),
        address: origin.address.clone(),
        state: State::Active,
    });
    Document {
        cluster: desired.cluster.clone(),
        generation: unix_ms,
        origins: origins.collect(),
        ..Document::default()
    }
}
