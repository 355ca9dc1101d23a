//! The definition of the resource `LiveCluster`, for `kubectl apply` and for people.

use std::io::Write;

use livecluster_operator::resource;

/// What to print.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Print the reference of the resource for people, in Markdown
    #[arg(long)]
    reference: bool,
}

/// Prints it to stdout.
pub fn run(args: &Args) -> std::io::Result<()> {
    let text = if args.reference { resource::reference() } else { resource::yaml() };
    std::io::stdout().lock().write_all(text.as_bytes())
}
