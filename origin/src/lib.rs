//! The origin: it owns streams, decides who publishes and plays, and sends each edge one copy of each stream.

pub mod core;

mod boot;
mod config;
mod drain;
mod link;
mod pages;
mod run;
mod totals;

pub use config::Config;
pub use pages::metrics;
pub use run::{Bound, run};
