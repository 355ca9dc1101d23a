//! Which of several operators leads: the one that holds a Lease.
//!
//! Time is each process's own, and runs on monotonic clocks: a holder believes in its lease for [`Timing::renew`] from
//! when it sent the last write that succeeded, others let it be for [`Timing::lease`] from when they saw that write. The
//! second is longer, so that there are never two who believe, whatever their wall clocks say. Every write names the version
//! that it replaces.

mod candidate;
mod election;
mod leadership;
mod record;

pub use candidate::{Candidate, Ending, Lost};
pub use election::{Election, Step, Timing};
pub(crate) use leadership::Lead;
pub use leadership::Leadership;
pub use record::Record;
