//! The links from edges to origins, through this process so that each of them can be cut without anybody being told.

mod hello;
mod line;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use livecluster_mrtmp::id::Name;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use line::Line;

/// An address for each origin, for edges to dial in place of its own. Dropped, all links through it end.
#[derive(Debug, Default)]
pub struct Relay {
    cuts: watch::Sender<Cuts>,
    lines: BTreeMap<Name, (Line, SocketAddr, AbortHandle)>,
    tasks: JoinSet<()>,
}

/// What is cut, by edge and origin.
pub type Cuts = BTreeMap<(Name, Name), Ways>;

/// Which ways of a link are cut: up is from the edge to the origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ways {
    /// Nothing comes through.
    Both,
    /// The origin hears nothing.
    Up,
    /// The edge hears nothing.
    Down,
}

impl Relay {
    /// Where edges reach an origin that listens at `link`.
    pub fn open(&mut self, origin: &Name, link: SocketAddr) -> io::Result<SocketAddr> {
        match self.lines.get(origin) {
            Some((line, address, _)) if line.to == link => return Ok(*address),
            _ => self.close(origin),
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let (address, listener) = (listener.local_addr()?, tokio::net::TcpListener::from_std(listener)?);
        let line = Line { origin: origin.clone(), to: link, cuts: self.cuts.subscribe() };
        let task = self.tasks.spawn(line.clone().accept(listener));
        self.lines.insert(origin.clone(), (line, address, task));
        Ok(address)
    }

    /// Of a link between these two nothing comes through these ways any more, not even its end, though it stays and new
    /// ones are made; or all comes through, what has waited first.
    pub fn set(&self, edge: &Name, origin: &Name, cut: Option<Ways>) {
        let link = (edge.clone(), origin.clone());
        self.cuts.send_modify(|cuts| match cut {
            Some(ways) => drop(cuts.insert(link, ways)),
            None => drop(cuts.remove(&link)),
        });
    }

    /// A part is none any more.
    pub fn forget(&mut self, part: &Name) {
        self.close(part);
        self.cuts.send_modify(|cuts| cuts.retain(|(edge, origin), _| edge != part && origin != part));
    }

    fn close(&mut self, origin: &Name) {
        while self.tasks.try_join_next().is_some() {}
        if let Some((_, _, task)) = self.lines.remove(origin) {
            task.abort();
        }
    }
}

#[cfg(test)]
mod tests;
