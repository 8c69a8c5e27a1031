//! `cargo xtask bench`: builds for release and measures.

use anyhow::Result;

use crate::setup::setup;
use crate::step::{cargo, run};
use crate::web;

/// Where the figures are that the documentation links.
const FIGURES: &str = "docs/performance";

/// The benchmark of the chat page, which needs a browser.
const PAGE: &str = "page";

/// Runs the benchmarks of these names, or all, so many times; `write` puts the figures into the
/// documentation.
pub(crate) fn bench(names: &[String], quick: bool, write: bool, times: u32) -> Result<()> {
    setup()?;
    let (page, others): (Vec<_>, Vec<_>) = names.iter().partition(|name| *name == PAGE);
    if names.is_empty() || !page.is_empty() {
        let figures = write.then(|| format!("{FIGURES}/page.md"));
        web::bench(quick, figures.as_deref(), times)?;
    }
    if others.is_empty() && !names.is_empty() {
        return Ok(());
    }
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
    run(command.args(others))
}
