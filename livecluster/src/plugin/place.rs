//! Where a stream belongs, by the very function by which edges and origins route. Pure.

use livecluster_mrtmp::route::{Key, State, Table};
use serde::Serialize;

use super::failed::Failed;
use super::form::{Look, Show};
use super::seen::Seen;

/// Where a stream belongs, and why.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The version of this form.
    format: &'static str,
    stream: String,
    origin: String,
    state: String,
    address: String,
    /// `entry`: the routes name it for this stream. `default`: it has the highest weight for it among the active ones.
    by: &'static str,
    /// Where it would be without an entry.
    default: Option<String>,
    generation: u64,
}

impl Place {
    /// By the routes of a cluster.
    pub fn of(seen: &Seen, stream: &Key) -> Result<Self, Failed> {
        let document = seen.routes.as_ref().map_err(|why| Failed::NoRoutes(why.clone()))?;
        let table = Table::from(document.clone());
        let nowhere = || {
            Failed::NoRoutes(format!("{stream} belongs nowhere: no origin is active; see `kubectl livecluster doctor`"))
        };
        let origin = table.route(stream).ok_or_else(nowhere)?;
        Ok(Self {
            format: FORMAT,
            stream: stream.to_string(),
            origin: origin.name.to_string(),
            state: origin.state.to_string(),
            address: origin.address.clone(),
            by: if table.entry(stream).is_some() { "entry" } else { "default" },
            default: table.default_of(stream).map(|origin| origin.name.to_string()),
            generation: table.generation(),
        })
    }

    fn why(&self) -> String {
        match (self.by, &self.default) {
            ("entry", Some(default)) if *default == self.origin => "an entry, and the default too".to_owned(),
            ("entry", Some(default)) => format!("an entry; the default is {default}"),
            ("entry", None) => "an entry".to_owned(),
            _ => "the default: no entry names it".to_owned(),
        }
    }
}

impl Show for Place {
    fn tables(&self, look: Look) -> String {
        let state = if self.state == State::Active.to_string() { String::new() } else { format!(" ({})", self.state) };
        let place = format!("{}: {}{state}, by {}\n", self.stream, self.origin, self.why());
        if look.wide { format!("{place}address {}, generation {}\n", self.address, self.generation) } else { place }
    }
}

/// The form for programs.
const FORMAT: &str = "kubectl_livecluster_where/v1";
