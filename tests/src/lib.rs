//! The harness of the scenarios: a cluster in one process, on a clock that the test moves.

pub mod sim;
