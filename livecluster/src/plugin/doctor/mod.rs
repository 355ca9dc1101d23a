//! `doctor`: a list of checks, each with what was found and what to do about it.

mod cluster;
mod facts;
mod findings;
mod objects;
mod pods;

pub use facts::Facts;
pub use findings::Findings;
