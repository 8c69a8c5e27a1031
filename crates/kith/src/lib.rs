//! The program `kith`: the server, its administration, and a client for the command line.
//!
//! A library only so that the fuzz targets reach what it reads; `main.rs` is the program.

mod cli;
mod cmd;
mod config;
mod context;
mod demo;
mod environment;
mod failure;
#[doc(hidden)]
pub mod fuzz;
mod http;
mod logging;
mod output;
mod profile;
mod resolve;
mod show;
mod sure;

use std::process::ExitCode;

use clap::Parser;

/// Tasks that a thread runs before it looks what has come in: with ten times as many, as is usual,
/// whoever is connected waits ten times as long while a thousand others come back at once.
const EVENT_INTERVAL: u32 = 5;

/// Runs the program with the arguments and the environment of the process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and the version come this way too, and are no failure. A closed terminal is
            // nobody's to tell.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { failure::USAGE } else { 0 });
        }
    };
    let json = cli.json;
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = match builder.enable_all().event_interval(EVENT_INTERVAL).build() {
        Ok(runtime) => runtime,
        Err(error) => return output::failure(&error.into(), json),
    };
    let code = match runtime.block_on(cmd::run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output::failure(&error, json),
    };
    // Nobody waits for a read of standard input that will never end.
    runtime.shutdown_background();
    code
}
