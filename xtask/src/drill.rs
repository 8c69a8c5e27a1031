//! `cargo xtask drill`: plants known bugs into a copy of the server, one at a time, and demands that
//! the simulation's checker catches every one. A checker that finds nothing proves something only
//! after it has found what is there.
//!
//! All bugs are compiled into one copy, each behind a switch, so that they cost one build.

mod bugs;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use self::bugs::{ARMING, BUGS, Bug};
use crate::step::output;

/// The switch: which bug is on.
const SWITCH: &str = "KITH_PLANTED_BUG";
/// Runs of the simulation within which each bug must show.
const RUNS: &str = "2000";
/// Runs that must be clean while no bug is on.
const CLEAN_RUNS: &str = "50";

/// Plants every bug and says which were caught; fails when one was not.
pub(crate) fn drill() -> Result<()> {
    let home = Path::new("target/drill");
    let tree = home.join("tree");
    copy(&tree)?;
    plant(&tree)?;
    let simulation = build(&tree, &home.join("build"))?;
    if let Some(caught) = caught(&simulation, "none", CLEAN_RUNS)? {
        bail!("without a bug the simulation fails:\n{caught}");
    }
    let mut missed = Vec::new();
    for Bug { name, .. } in BUGS {
        match caught(&simulation, name, RUNS)? {
            Some(how) => eprintln!("caught: {name}: {how}"),
            None => missed.push(*name),
        }
    }
    if !missed.is_empty() {
        bail!("not caught in {RUNS} runs: {}", missed.join("; "));
    }
    eprintln!("{} of {} planted bugs were caught", BUGS.len(), BUGS.len());
    Ok(())
}

/// Copies the sources as they are now.
fn copy(tree: &Path) -> Result<()> {
    let mut git = Command::new("git");
    let files = output(git.args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    let sources = files.lines().filter(|file| {
        let plain = Path::new(file)
            .extension()
            .is_some_and(|ext| ["rs", "toml", "sql"].iter().any(|one| ext == *one));
        plain || *file == "Cargo.lock"
    });
    if tree.exists() {
        fs::remove_dir_all(tree).context("cannot clear the copy of the last drill")?;
    }
    for file in sources {
        let to = tree.join(file);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(file, &to).with_context(|| format!("cannot copy {file}"))?;
    }
    Ok(())
}

/// Refuses bugs that have no place, as [`plant`] would when all has been built.
pub(crate) fn check() -> Result<()> {
    planted(Path::new(".")).map(drop)
}

/// Puts all bugs into the copy, and the switch that turns one of them on.
fn plant(tree: &Path) -> Result<()> {
    for (path, source) in planted(tree)? {
        fs::write(&path, source).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The sources of a tree with all bugs in them, and the switch.
fn planted(tree: &Path) -> Result<BTreeMap<PathBuf, String>> {
    let mut sources: BTreeMap<PathBuf, String> = BTreeMap::new();
    let bugs = BUGS.iter().chain([&ARMING]).enumerate();
    for (number, Bug { name, edits }) in bugs {
        for edit in *edits {
            let path = tree.join("crates").join(edit.file);
            let source = match sources.remove(&path) {
                Some(source) => source,
                None => fs::read_to_string(&path)
                    .with_context(|| format!("cannot read {}", path.display()))?,
            };
            let found = source.matches(edit.find).count();
            if found != 1 {
                let file = edit.file;
                bail!("{name:?}: {:?} is {found} times in {file}, not once", edit.find);
            }
            let planted = format!("kith_core::is_planted({number})");
            let planted = match edit.file.starts_with("kith-core/") {
                true => planted.replace("kith_core", "crate"),
                false => planted,
            };
            let replace = edit.replace.replace("{planted}", &planted);
            sources.insert(path, source.replace(edit.find, &replace));
        }
    }
    let core = tree.join("crates/kith-core/src/lib.rs");
    let mut switch = sources.remove(&core).map_or_else(|| fs::read_to_string(&core), Ok)?;
    let names = BUGS.iter().map(|bug| format!("{:?}", bug.name)).collect::<Vec<_>>().join(", ");
    switch.push_str(&format!(
        "
/// Whether the bug of this number is on.
#[must_use]
pub fn is_planted(number: usize) -> bool {{
    if !ARMED.load(std::sync::atomic::Ordering::Relaxed) {{
        return false;
    }}
    static ON: std::sync::OnceLock<Option<usize>> = std::sync::OnceLock::new();
    let on = ON.get_or_init(|| {{
        let name = std::env::var({SWITCH:?}).ok()?;
        [{names}].iter().position(|bug| *bug == name)
    }});
    *on == Some(number)
}}

/// Whether bugs may show: not while the world is made.
pub static ARMED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);
"
    ));
    sources.insert(core, switch);
    Ok(sources)
}

/// Builds the simulation of the copy and says where it is.
fn build(tree: &Path, target: &Path) -> Result<PathBuf> {
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--quiet", "--no-run", "--message-format=json", "-p", "kith-hub"]);
    cargo.args(["--test", "simulation", "--manifest-path"]).arg(tree.join("Cargo.toml"));
    cargo.arg("--target-dir").arg(target);
    // Planted code need not be beautiful.
    cargo.env("RUSTFLAGS", "--cap-lints=warn");
    let messages = output(&mut cargo)?;
    let built = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut named = built.filter(|message| message["target"]["name"] == "simulation");
    let path = named.find_map(|message| message["executable"].as_str().map(PathBuf::from));
    path.context("cargo did not say where the simulation is")
}

/// Runs the simulation with a bug on; how it was caught, if it was.
fn caught(simulation: &Path, bug: &str, runs: &str) -> Result<Option<String>> {
    let mut command = Command::new(simulation);
    command.arg("--nocapture");
    command.env(SWITCH, bug).env("RUNS", runs).env("RUST_BACKTRACE", "0");
    let output = command.output().context("cannot start the simulation")?;
    if output.status.success() {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let mut lines = said.lines();
    let Some(seed) = lines.by_ref().find(|line| line.starts_with("SEED=")) else {
        bail!("with {bug:?} the simulation failed without a verdict:\n{said}");
    };
    let verdict: Vec<&str> = match seed.ends_with("broke off") {
        true => lines.take(1).collect(),
        false => lines.skip(1).take_while(|line| line.starts_with("  ")).map(str::trim).collect(),
    };
    Ok(Some(format!("{seed}: {}", verdict.join(", "))))
}
