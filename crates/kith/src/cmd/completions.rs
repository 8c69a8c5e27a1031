//! `kith completions`: what a shell needs to complete commands.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::output;

/// Print completions for a shell.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kith completions bash >~/.local/share/bash-completion/completions/kith
  kith completions fish >~/.config/fish/completions/kith.fish")]
pub(crate) struct Args {
    /// For which shell.
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "kith", &mut script);
    Ok(output::raw(&script)?)
}
