//! `cargo xtask test`: the whole of what must pass, in the order in which failures are cheapest.

use std::time::Instant;

use anyhow::Result;

use crate::step::{cargo, run, step};
use crate::{check, drill, node, setup, tour, web};

/// Sets up, checks, and runs every test, the drill and the README's tour; stops at the first failure.
pub(crate) fn test() -> Result<()> {
    let started = Instant::now();
    step("setup", || {
        setup::setup()?;
        setup::node()?;
        setup::browser()?;
        node::packages(node::EDITORS)
    })?;
    check::check()?;
    // Tests that start a real server want the binary, also those of crates below it.
    step("build", || run(&mut cargo("build --quiet -p kith")))?;
    step("typescript", node::client)?;
    step("examples", node::examples)?;
    step("browser", web::test)?;
    let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let profile = if is_ci { "ci" } else { "default" };
    step("tests", || run(cargo("nextest run --workspace --profile").arg(profile)))?;
    step("doc tests", || run(&mut cargo("test --quiet --workspace --doc")))?;
    step("drill", drill::drill)?;
    step("tour", tour::tour)?;
    eprintln!("all passed in {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}
