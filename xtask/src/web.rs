//! The pages of the server, in `web/`: built before the program that has them inside, and tested in a
//! real browser after it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context as _, Result};

use crate::node::{npm_run, packages};
use crate::setup;
use crate::step::{cargo, run};

/// Where the pages are written.
const WEB: &str = "web";
/// What is there once they were built.
const BUILT: &str = "web/dist/inspector.html";
/// What they are made of: files, and folders with all that is below them.
const SOURCES: [&str; 4] =
    ["web/src", "web/scripts", "web/package-lock.json", "packages/client/src"];

/// Builds the pages, unless what was built last is newer than everything it is made of.
pub(crate) fn build() -> Result<()> {
    setup::node()?;
    let built = fs::metadata(BUILT).and_then(|meta| meta.modified());
    if built.is_ok_and(|built| newest().is_ok_and(|newest| newest < built)) {
        return Ok(());
    }
    packages(WEB)?;
    npm_run(WEB, "build")
}

/// Checks the types of what the pages are written in, and their markup.
pub(crate) fn check() -> Result<()> {
    packages(WEB)?;
    npm_run(WEB, "check")
}

/// Tests what the pages are made of, and then the pages in a browser, with the debug build of the
/// server.
pub(crate) fn test() -> Result<()> {
    packages(WEB)?;
    npm_run(WEB, "unit")?;
    npm_run(WEB, "browser")
}

/// Takes pictures of the main pages with the debug build of the server, which begins with the demo.
pub(crate) fn screenshots() -> Result<()> {
    setup::browser()?;
    setup::emoji()?;
    build()?;
    run(&mut cargo("build --quiet -p kith"))?;
    npm_run(WEB, "screenshots")
}

/// Measures the chat in a browser, with the release build of the server; `write` is the file that the
/// figures go to, from the root.
pub(crate) fn bench(quick: bool, write: Option<&str>, times: u32) -> Result<()> {
    setup::browser()?;
    packages(WEB)?;
    build()?;
    run(&mut cargo("build --release --quiet -p kith"))?;
    let mut command = Command::new("node");
    command.args(["scripts/bench.mjs", "--times", &times.to_string()]).current_dir(WEB);
    if quick {
        command.arg("--quick");
    }
    if let Some(file) = write {
        command.args(["--write", &format!("../{file}")]);
    }
    run(&mut command)
}

/// When any source changed last. A folder changes when something in it comes or goes.
fn newest() -> Result<SystemTime> {
    let mut newest = SystemTime::UNIX_EPOCH;
    let mut open: Vec<PathBuf> = SOURCES.iter().map(PathBuf::from).collect();
    // The pages themselves, and how they are built.
    open.extend(files(Path::new(WEB))?);
    while let Some(path) = open.pop() {
        let meta =
            fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?;
        newest = newest.max(meta.modified()?);
        if meta.is_dir() {
            for entry in fs::read_dir(&path)? {
                open.push(entry?.path());
            }
        }
    }
    Ok(newest)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    Ok(files)
}
