//! The origin: it owns streams, decides who publishes and plays, and sends each edge one copy of each stream.

pub mod core;
