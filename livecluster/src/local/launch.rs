//! The command line of a part, as a pod would have it.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use livecluster_operator::routing::Part;
use tokio::process::Command;

/// What all parts are told.
pub struct Setting {
    /// This very program.
    pub program: PathBuf,
    /// The cluster's uid.
    pub cluster: String,
    /// The route document.
    pub routes: PathBuf,
    /// The file with the cluster's secret.
    pub secret: PathBuf,
    /// Set besides what this process has.
    pub environment: Vec<(&'static str, String)>,
}

impl Setting {
    /// The command line of one part: its addresses are flags and where to listen.
    pub fn launch(&self, part: &Part, more: Vec<OsString>, addresses: &[(&str, SocketAddr)]) -> Launch {
        let addresses = addresses.iter();
        let addresses = addresses.flat_map(|(flag, address)| [(*flag).to_owned(), address.to_string()]);
        Launch {
            program: self.program.clone(),
            arguments: self.arguments(part).into_iter().chain(more).collect(),
            addresses: addresses.collect(),
            environment: self.environment.clone(),
        }
    }

    fn arguments(&self, part: &Part) -> Vec<OsString> {
        let mut routes = OsString::from("file:");
        routes.push(&self.routes);
        let texts = [role(part), "--exit-with-parent", "--name", part.name(), "--cluster", &self.cluster];
        let mut arguments: Vec<OsString> = texts.map(OsString::from).into();
        arguments.extend(["--routes".into(), routes, "--secret-file".into(), self.secret.clone().into()]);
        arguments
    }
}

/// The command line of one part.
pub struct Launch {
    program: PathBuf,
    /// What stays the same whenever the part is started.
    arguments: Vec<OsString>,
    /// Where it shall listen: at first as the user said, then where it did listen.
    pub addresses: Vec<String>,
    environment: Vec<(&'static str, String)>,
}

impl Launch {
    /// Ready to be started.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        let environment = self.environment.iter().map(|(name, value)| (name, value));
        command.args(&self.arguments).args(&self.addresses).envs(environment);
        command
    }
}

fn role(part: &Part) -> &'static str {
    match part {
        Part::Origin(_) => "origin",
        Part::Edge(_) => "edge",
    }
}
