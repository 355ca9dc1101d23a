//! What every process of a cluster does alike, whatever its role: who it is, what it shares with the others, which
//! routes are in force, and what it shows over HTTP.

pub mod fault;
pub mod http;
pub mod identity;
pub mod metrics;
pub mod routes;

pub use identity::{Args, Error, Identity};
