//! `cargo xtask soak`: builds for release and lets clients come and go.

use anyhow::Result;

use crate::setup::setup;
use crate::step::{cargo, run};

/// Runs the server for so many minutes, with so many connections in each round.
pub(crate) fn soak(minutes: u32, connections: u32) -> Result<()> {
    setup()?;
    run(&mut cargo("build --release --quiet -p kith -p kith-bench"))?;
    let mut command = std::process::Command::new("target/release/kith-bench");
    command.args(["soak", "--kith", "target/release/kith", "--dir", "target"]);
    command.args(["--minutes", &minutes.to_string()]);
    run(command.args(["--connections", &connections.to_string()]))
}
