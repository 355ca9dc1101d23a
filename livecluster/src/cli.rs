//! The command line, for people and for pods: every setting is a flag and an environment variable.

use std::io::Write;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::role::Role;
use crate::{bench, client, crd, drill, local, log, plugin};

/// A live-streaming cluster: edges take clients, origins own streams.
#[derive(Debug, Parser)]
#[command(name = "livecluster", version)]
pub struct Cli {
    /// How to log.
    #[command(flatten)]
    pub log: log::Args,
    /// What to be.
    #[command(subcommand)]
    pub command: Command,
}

/// What to be.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a whole cluster on this machine, each part a process
    Local(local::Args),
    /// Run an edge: clients publish and watch here
    Edge(Role<livecluster_edge::Config>),
    /// Run an origin: it owns streams and sends them to edges
    Origin(Role<livecluster_origin::Config>),
    /// Run an operator: it makes of LiveClusters in Kubernetes what is asked for
    Operator(Role<livecluster_operator::process::Config>),
    /// Print the definition of the Kubernetes resource LiveCluster, for kubectl apply
    Crd(crd::Args),
    /// See what a LiveCluster in Kubernetes does: what `kubectl livecluster` runs
    ///
    /// kubectl finds it as a plugin if a link or a copy of this program called kubectl-livecluster is in a folder of PATH.
    Kubectl(plugin::Args),
    /// Load any RTMP server with publishers or viewers, and check what comes through
    #[command(subcommand)]
    Bench(bench::Command),
    #[command(flatten)]
    Client(client::Command),
    /// Kill, freeze and cut off parts of a cluster under load, and check what it promises
    ///
    /// Exit code 1 if a promise is broken, 2 if there is nothing to check.
    Drill(drill::Args),
}

impl Cli {
    /// Reads the command line. Ends the process if it asks for help, or if it is wrong.
    pub fn read() -> Self {
        Self::try_parse().unwrap_or_else(|error| {
            if !error.use_stderr() || error.kind() == NO_COMMAND {
                error.exit();
            }
            let _ = refuse(&first_paragraph(&error.to_string()));
            std::process::exit(i32::from(REFUSED))
        })
    }
}

/// Says in one line why there is nothing to run. The exit code is for the process to end with.
pub fn refuse(why: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "livecluster: {why}");
    ExitCode::from(REFUSED)
}

/// What is wrong, without the usage and the hints below it.
fn first_paragraph(error: &str) -> String {
    let lines = error.lines().take_while(|line| !line.trim().is_empty());
    let joined = lines.map(str::trim).collect::<Vec<_>>().join(" ");
    joined.trim_start_matches("error: ").to_owned()
}

/// Clap answers with the whole help.
const NO_COMMAND: ErrorKind = ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;

/// The exit code when a flag, an address or a file is not usable.
pub const REFUSED: u8 = 2;

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn pods_are_started_with_arguments_that_are_understood() {
        let objects = include_str!("../../operator/tests/desire/everything/objects.yaml");
        let args = |after: &'static str| {
            let args = after.lines().skip(1).map_while(|line| line.trim().strip_prefix("- "));
            ["livecluster"].into_iter().chain(args).chain(["--name=demo-0"]).collect::<Vec<_>>()
        };
        let containers: Vec<_> = objects.split("- args:").skip(1).map(args).collect();

        let roles = containers.iter().map(|args| match Cli::try_parse_from(args).map(|cli| cli.command) {
            Ok(Command::Origin(_)) => "origin",
            Ok(Command::Edge(_)) => "edge",
            other => panic!("{args:?}: {other:?}"),
        });

        assert_eq!(roles.collect::<Vec<_>>(), ["origin", "edge"]);
    }

    #[test]
    fn pod_of_helm_test_is_started_with_arguments_that_are_understood() {
        let pod = include_str!("../../charts/livecluster/templates/tests/pod.yaml");
        let (_, args) = pod.split_once("args:").expect("arguments");
        let args = args.lines().skip(1).map_while(|line| line.trim().strip_prefix("- "));
        // With the values that are the defaults.
        let args = args.map(|arg| arg.replace("{{ include \"livecluster.testNamespace\" . }}", "media"));
        let args = args.map(|arg| arg.replace("{{ with .Values.test.name }}/{{ . }}{{ end }}", ""));
        let args = args.map(|arg| arg.replace("{{ .Values.test.duration }}", "5s"));
        let args: Vec<_> = std::iter::once("livecluster".to_owned()).chain(args).collect();

        let command = Cli::try_parse_from(&args).map(|cli| cli.command);

        assert!(matches!(command, Ok(Command::Bench(bench::Command::Check(_)))), "{args:?}: {command:?}");
    }

    #[test]
    fn bad_stream_is_told_before_anyone_is_asked() {
        let error = Cli::try_parse_from(["livecluster", "move", "/", "origin-1"]).expect_err("wrong");

        assert!(first_paragraph(&error.to_string()).starts_with("invalid value '/' for '<STREAM>': "), "{error}");
    }

    #[test]
    fn wrong_command_line_is_told_in_one_line() {
        let told = |args: &[&str]| {
            let error = Cli::try_parse_from([&["livecluster"], args].concat()).expect_err("wrong");
            first_paragraph(&error.to_string())
        };

        assert_eq!(told(&["local", "--orgins", "2"]), "unexpected argument '--orgins' found");
        assert_eq!(told(&["local", "--origins", "0"]), "invalid value '0' for '--origins <N>': 0 is not in 1..=64");
    }
}
