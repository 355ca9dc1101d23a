//! Links over TCP: a [`Connection`] carries bytes between a socket and a [`crate::Link`], and frames between the link
//! and an [`Endpoint`]. One task a link; nothing is queued here beyond one batch of output.

mod batch;
mod connection;
mod counters;
mod run;
mod socket;

pub use self::connection::{Connection, accept, dial};
pub use self::counters::Counters;
pub use self::run::{Endpoint, Reason};
pub use self::socket::Error;
