//! `cargo xtask fuzz`: every fuzz target under libFuzzer, guided by coverage, on stable Rust.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::setup;
use crate::step::{cargo, output, run, step};

/// What `cargo-fuzz` would ask of a nightly compiler, in options that are stable: counters on every
/// edge, and comparisons told to libFuzzer, so that it finds magic words.
const COVERAGE: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";
/// Apart from everything else, which is built without counters.
const FOLDER: &str = "target/fuzz";
/// The replay in `cargo xtask test` has the same bound.
const INPUT_BYTES_MAX: u32 = 64 * 1024;

/// Builds the targets and runs those named, or all, for `seconds` each.
///
/// What they find interesting stays in `target/fuzz/corpus/`; an input that fails is put into
/// `fuzz/crashes/`, where the replay finds it from then on: commit it with its repair.
pub(crate) fn fuzz(names: &[String], seconds: u32) -> Result<()> {
    step("setup", || setup::setup().and_then(|()| setup::cplusplus()))?;
    let known = targets()?;
    if let Some(wrong) = names.iter().find(|name| !known.contains(name)) {
        bail!("there is no target {wrong}; there are {}", known.join(", "));
    }
    let mut program = PathBuf::new();
    step("build", || {
        program = build()?;
        Ok(())
    })?;
    let mut failed = Vec::new();
    for name in known.iter().filter(|name| names.is_empty() || names.contains(name)) {
        if let Err(error) = step(name, || hunt(&program, name, seconds)) {
            eprintln!("{error:#}");
            failed.push(name.as_str());
        }
    }
    if !failed.is_empty() {
        bail!("these failed, and their inputs are in fuzz/crashes/: {}", failed.join(", "));
    }
    Ok(())
}

/// The names of the targets, as the ordinary program tells them.
fn targets() -> Result<Vec<String>> {
    let listed = output(&mut cargo("run --quiet -p kith-fuzz -- --list"))?;
    Ok(listed.lines().map(str::to_owned).collect())
}

fn build() -> Result<PathBuf> {
    let version = output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("`rustc -vV` names no host")?;
    // Naming the target keeps the counters out of build scripts, which have no libFuzzer to count.
    run(cargo("build --quiet -p kith-fuzz --profile fuzz --features libfuzzer")
        .args(["--target", host, "--target-dir", FOLDER])
        .env("RUSTFLAGS", COVERAGE))?;
    Ok(Path::new(FOLDER).join(host).join("fuzz/kith-fuzz"))
}

fn hunt(program: &Path, name: &str, seconds: u32) -> Result<()> {
    let corpus = Path::new(FOLDER).join("corpus").join(name);
    let crashes = Path::new("fuzz/crashes").join(name);
    for folder in [&corpus, &crashes] {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let found = run(Command::new(program)
        .env("KITH_FUZZ_TARGET", name)
        .env("KITH_FUZZ_CORPUS", &corpus)
        .args([&corpus, &crashes])
        .arg(format!("-artifact_prefix={}/", crashes.display()))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={INPUT_BYTES_MAX}"))
        // A second is the least it can tell: ten times what one message may take when optimized.
        .args(["-timeout=1", "-rss_limit_mb=1024", "-print_final_stats=1", "-print_funcs=0"]));
    // An empty folder is nobody's to commit; one that holds something stays.
    let _ = fs::remove_dir(&crashes);
    found
}
