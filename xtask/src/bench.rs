//! `cargo xtask bench`: builds for release and measures.

use anyhow::Result;

use crate::setup::setup;
use crate::step::{cargo, run};

/// The page of figures that the README links.
const PAGE: &str = "docs/benchmarks.md";

/// Runs the benchmarks of these names, or all; `write` puts the figures into the page.
pub(crate) fn bench(names: &[String], quick: bool, write: bool) -> Result<()> {
    setup()?;
    run(&mut cargo("build --release --quiet -p kith -p kith-bench"))?;
    let mut command = std::process::Command::new("target/release/kith-bench");
    command.args(["--kith", "target/release/kith", "--dir", "target"]);
    if quick {
        command.arg("--quick");
    }
    if write {
        command.args(["--page", PAGE]);
    }
    run(command.args(names))
}
