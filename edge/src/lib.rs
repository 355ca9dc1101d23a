//! The edge: it terminates clients, forwards their publications to origins, and fans streams out to viewers.

pub mod core;
