//! `cargo xtask torture`: the crash test, optimized and for as long as one likes.

use anyhow::Result;

use crate::setup::setup;
use crate::step::{cargo, run};

/// Runs the `torture` test of the `kith` crate with `kills` kills, or its own number of them.
pub(crate) fn torture(kills: Option<u32>) -> Result<()> {
    setup()?;
    let mut command = cargo("nextest run --release -p kith --test torture --no-capture");
    if let Some(kills) = kills {
        command.env("KITH_KILLS", kills.to_string());
    }
    run(&mut command)
}
