//! `cargo xtask check`: everything a change must satisfy that is not a test.

use anyhow::Result;

use crate::step::{cargo, run, step};
use crate::{audit, setup, tidy, web};

/// Format, pages, lints, docs, tidy, audit, cheapest first; stops at the first that fails.
pub(crate) fn check() -> Result<()> {
    setup::setup()?;
    step("tidy", tidy::tidy)?;
    step("format", || run(&mut cargo("fmt --all -- --check")))?;
    step("pages", || web::build().and_then(|()| web::check()))?;
    step("clippy", || run(&mut cargo("clippy --quiet --workspace --all-targets -- -D warnings")))?;
    step("docs", || {
        run(cargo("doc --quiet --no-deps --workspace").env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    step("audit", audit::audit)
}
