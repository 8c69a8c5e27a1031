//! The project's own tool: everything a contributor or the CI does goes through `cargo xtask`.
//!
//! One Rust program instead of scripts, so that whoever can build Kith can also check it.

mod audit;
mod bench;
mod check;
mod drill;
mod fuzz;
mod license;
mod metadata;
mod node;
mod run;
mod setup;
mod soak;
mod step;
mod test;
mod tidy;
mod torture;
mod tour;
mod web;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Set up, run, test and check Kith",
    bin_name = "cargo xtask"
)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Make sure every tool the other tasks need is present, and install what is missing
    Setup,
    /// Build the server for real use and run it on 127.0.0.1:8080 with its data in kith-data/
    Run {
        /// Passed on to `kith serve`; --data and --listen replace the defaults
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Build the pages that the server has inside, where their sources changed
    Web,
    /// Take pictures of the main pages, made from the demo, into web/screenshots
    Screenshots,
    /// Record the moving picture of `kith chat` in the README anew
    Demo,
    /// Make the types of the SDK in TypeScript anew from those of the protocol
    Types,
    /// Everything that must pass before a change lands: check, every test, and the README's tour
    Test,
    /// The part of `test` that runs no test: format, lints, docs, tidy, audit
    Check,
    /// The rules of STYLE.md that a program can check
    Tidy,
    /// Licences, duplicates and known advisories of the dependencies
    Audit,
    /// Run the README's commands as a newcomer would, and compare what they print
    Tour,
    /// Measure the server, each figure beside a reference
    Bench {
        /// The benchmarks to run; all unless some are named
        names: Vec<String>,
        /// Small counts: whether it works, not how fast
        #[arg(long)]
        quick: bool,
        /// Write docs/performance
        #[arg(long)]
        write: bool,
        /// How often each figure is taken
        #[arg(long, default_value_t = 5, value_name = "N")]
        times: u32,
    },
    /// Plant known bugs into a copy of the server, and check that the simulation catches each
    Drill,
    /// Feed the parsers inputs that nobody would send, guided by coverage
    Fuzz {
        /// The targets to run; all unless some are named
        targets: Vec<String>,
        /// How long each of them runs
        #[arg(long, default_value_t = 60, value_name = "N")]
        seconds: u32,
    },
    /// Let clients come and go for a long time, and check that the server does not grow
    Soak {
        /// How long they come and go
        #[arg(long, default_value_t = 10, value_name = "N")]
        minutes: u32,
        /// How many of them come at a time
        #[arg(long, default_value_t = 200, value_name = "N")]
        connections: u32,
    },
    /// Kill a busy server over and over, and check that nothing acknowledged is lost
    Torture {
        /// How many times to kill it; without it, what the test finds reasonable
        #[arg(long)]
        kills: Option<u32>,
    },
}

fn main() -> ExitCode {
    match perform(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // By hand: returned from `main`, it would bring a backtrace where those are switched on.
            eprintln!("error: {error}");
            error.chain().skip(1).for_each(|cause| eprintln!("  because: {cause}"));
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<()> {
    // Every task speaks of paths from the root, wherever it was started.
    std::env::set_current_dir(root()).context("cannot enter the repository's root")?;
    match task {
        Task::Setup => setup::setup().and_then(|()| setup::node()).and_then(|()| setup::browser()),
        Task::Run { args } => run::run(&args),
        Task::Web => web::build(),
        Task::Screenshots => web::screenshots(),
        Task::Demo => node::demo(),
        Task::Types => node::types(),
        Task::Test => test::test(),
        Task::Check => check::check(),
        Task::Tidy => tidy::tidy(),
        Task::Audit => audit::audit(),
        Task::Tour => tour::tour(),
        Task::Bench { names, quick, write, times } => bench::bench(&names, quick, write, times),
        Task::Drill => drill::drill(),
        Task::Fuzz { targets, seconds } => fuzz::fuzz(&targets, seconds),
        Task::Soak { minutes, connections } => soak::soak(minutes, connections),
        Task::Torture { kills } => torture::torture(kills),
    }
}

/// The repository's root: the folder above this crate.
fn root() -> PathBuf {
    // Cargo sets the variable for `cargo run`; the built-in path serves a binary started by hand.
    let crate_dir = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    crate_dir.parent().map_or_else(|| crate_dir.clone(), Path::to_path_buf)
}
