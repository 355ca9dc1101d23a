//! MRTMP: what edges, origins and the operator say to each other, and the route document they share.
//! Sans-IO; `PROTOCOL.md` beside this crate is its specification.

pub mod frame;
pub mod id;
#[cfg(feature = "io")]
pub mod io;
pub mod link;
pub mod route;
pub mod timers;

pub use frame::Frame;
pub use link::Link;
