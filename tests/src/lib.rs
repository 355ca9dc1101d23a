//! The harnesses of the scenarios: a cluster in one process on a clock that the test moves, and a cluster of real
//! processes with real clients.

pub mod local;
pub mod metrics;
pub mod sim;
