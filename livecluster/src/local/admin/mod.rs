//! How a running local cluster is changed: HTTP on this machine alone, for the client commands of this binary and for
//! tests. `GET /status` shows it; a POST with a JSON body changes it and answers when that is done.

mod cuts;
mod handle;
mod moves;
mod origins;
mod refused;
mod scale;
mod server;
mod status;

pub use handle::{Act, Command, Handle, Snapshot};
use refused::Refused;
pub use server::Listener;
