//! What a bench asks of the machine it runs on.

use std::io;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::Error;

/// Lets the process have that many connections.
pub fn allow_connections(connections: u32) -> Result<(), Error> {
    let needed = u64::from(connections) + OTHER_FILES;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    if maximum.is_some_and(|maximum| maximum < needed) {
        return Err(Error::Arguments(format!(
            "{connections} connections need {needed} open files, and the limit is {}: see ulimit -n",
            maximum.unwrap_or_default()
        )));
    }
    let limit = Rlimit { current: Some(needed), maximum };
    setrlimit(Resource::Nofile, limit).map_err(|error| Error::Io(io::Error::from(error)))
}

/// The CPU time that this process has taken, its share of the kernel's work included.
pub fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

/// Standard streams, the runtime's, and some to spare.
const OTHER_FILES: u64 = 64;
