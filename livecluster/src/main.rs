//! The one binary: a role is a subcommand.

mod bench;
mod cli;
mod client;
mod crd;
mod drill;
mod local;
mod log;
mod parent;
mod plugin;
mod role;
mod signals;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command};

fn main() -> ExitCode {
    if plugin::is_called(std::env::args_os().next().as_deref()) {
        return plugin::run(plugin::Plugin::parse().into_args());
    }
    let cli = Cli::read();
    match run(cli) {
        Ok(code) => code,
        Err(error) => cli::refuse(&format!("{error:#}")),
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    cli.log.start()?;
    match cli.command {
        Command::Local(args) => local::run(args, &cli.log)?,
        Command::Edge(edge) => role::run(edge, |config, shutdown| {
            livecluster_edge::run(
                config,
                |bound| role::announce(&bound.name, Some(bound.rtmp), bound.link, bound.http),
                shutdown,
            )
        })?,
        Command::Origin(origin) => role::run(origin, |config, shutdown| {
            livecluster_origin::run(config, |bound| role::announce(&bound.name, None, bound.link, bound.http), shutdown)
        })?,
        Command::Operator(operator) => role::run(operator, livecluster_operator::process::run)?,
        Command::Bench(command) => return Ok(bench::run(command)?),
        Command::Client(command) => return Ok(client::run(command)),
        Command::Kubectl(args) => return Ok(plugin::run(args)),
        Command::Crd(args) => crd::run(&args)?,
        Command::Drill(args) => return drill::run(&args),
    }
    Ok(ExitCode::SUCCESS)
}
