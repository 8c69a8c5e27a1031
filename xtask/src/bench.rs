//! `cargo xtask bench`: builds for release and measures.

use anyhow::Result;

use crate::setup::setup;
use crate::step::{cargo, run};

/// Where the figures are that the documentation links.
const FIGURES: &str = "docs/performance";

/// Runs the benchmarks of these names, or all, so many times; `write` puts the figures into the
/// documentation.
pub(crate) fn bench(names: &[String], quick: bool, write: bool, times: u32) -> Result<()> {
    setup()?;
    run(&mut cargo("build --release --quiet -p kith -p kith-bench"))?;
    let mut command = std::process::Command::new("target/release/kith-bench");
    command.args(["--kith", "target/release/kith", "--dir", "target"]);
    command.args(["--times", &times.to_string()]);
    if quick {
        command.arg("--quick");
    }
    if write {
        command.args(["--write", FIGURES]);
    }
    run(command.args(names))
}
