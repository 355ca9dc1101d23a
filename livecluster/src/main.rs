//! The one binary: a role is a subcommand.

mod cli;
mod local;
mod log;
mod parent;
mod role;
mod signals;

use std::process::ExitCode;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::read();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => cli::refuse(&format!("{error:#}")),
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    cli.log.start()?;
    match cli.command {
        Command::Local(args) => local::run(args, &cli.log),
        Command::Edge(edge) => role::run(edge, livecluster_edge::run),
        Command::Origin(origin) => role::run(origin, livecluster_origin::run),
    }
}
