//! What is written in TypeScript: its tools, its types, its tests.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::Result;

use crate::setup;
use crate::step::{cargo, run};

/// The SDK.
const CLIENT: &str = "packages/client";
/// Small applications on the SDK.
const EXAMPLES: &str = "examples";
/// Clients of Yjs, with which the server is tested.
pub(crate) const EDITORS: &str = "tests/yjs";
/// Makes the tests that compare files of ours write them instead.
const WRITE: &str = "KITH_WRITE";

/// Makes the schemas of the protocol and the types of the SDK anew.
pub(crate) fn types() -> Result<()> {
    setup::node()?;
    run(cargo("test --quiet -p kith-proto --test schema").env(WRITE, "1"))?;
    npm_run(CLIENT, "types")
}

/// Records the moving picture of the chat at the terminal anew, from the real program.
pub(crate) fn demo() -> Result<()> {
    run(cargo("test --quiet -p kith --test serve demo::").env(WRITE, "1"))
}

/// Builds the SDK and runs its tests, which start the debug build of the server.
pub(crate) fn client() -> Result<()> {
    packages(CLIENT)?;
    npm_run(CLIENT, "test")
}

/// Builds the examples on the SDK as it was built, and uses them as people do.
pub(crate) fn examples() -> Result<()> {
    packages(EXAMPLES)?;
    npm_run(EXAMPLES, "test")
}

/// Installs exactly what the lock file in `folder` names, unless that is there already. No package
/// gets to run anything while it is installed.
pub(crate) fn packages(folder: &str) -> Result<()> {
    let changed = |file: &str| fs::metadata(Path::new(folder).join(file))?.modified();
    let installed = changed("node_modules/.package-lock.json").unwrap_or(SystemTime::UNIX_EPOCH);
    if installed > changed("package-lock.json")? {
        return Ok(());
    }
    run(npm(folder).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))
}

/// Runs a script of the `package.json` in `folder`.
pub(crate) fn npm_run(folder: &str, script: &str) -> Result<()> {
    run(npm(folder).args(["run", "--silent", script]))
}

fn npm(folder: &str) -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(folder);
    npm
}
