//! A child that never outlives its parent, even one that is killed.

use std::{io, process, thread};

/// Ends this process when its parent ends. Two ways, because each has a gap: the kernel's signal is set only now, and
/// not on every system; the end of stdin is seen only by a process that is not stopped.
///
/// The parent holds the other end of stdin and never writes to it. It starts children from a thread that lives as long
/// as it does, because the kernel's signal is about the thread.
pub fn exit_with_parent() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    thread::Builder::new().name("parent".to_owned()).spawn(wait_for_end)?;
    Ok(())
}

fn wait_for_end() {
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    process::exit(PARENT_GONE);
}

/// Nobody is left who could see it.
const PARENT_GONE: i32 = 1;
