//! What must be installed before anything else works, and how it gets there.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::step::{cargo, output, run, works};

/// The Debian packages with which the C parts of our dependencies (SQLite, ring) are built.
const DEBIAN_PACKAGES: [&str; 3] = ["gcc", "libc6-dev", "make"];

/// Checks every tool, installs what is missing, and stops with the exact command where it may not.
///
/// Takes well under a second when nothing is missing, so that other tasks simply begin with it.
pub(crate) fn setup() -> Result<()> {
    c_compiler()?;
    tracer()?;
    networks()?;
    component("rustfmt", "fmt")?;
    component("clippy", "clippy")?;
    nextest()
}

/// Checks the compiler that libFuzzer needs, and installs it like the others.
pub(crate) fn cplusplus() -> Result<()> {
    compiler("c++", "#include <vector>\n", &["g++"])
}

/// Checks the tools of what is written in TypeScript, and installs them like the others.
pub(crate) fn node() -> Result<()> {
    let there = || ["node", "npm"].iter().all(|tool| works(Command::new(tool).arg("--version")));
    if !there() {
        install("Node.js and npm", &["nodejs", "npm"])?;
    }
    if there() {
        Ok(())
    } else {
        bail!("`node` and `npm` still do not start after installing them")
    }
}

/// Checks the browser in which pages are tested, and installs it like the others.
pub(crate) fn browser() -> Result<()> {
    let there = || works(Command::new("chromium").arg("--version"));
    if !there() {
        install("the browser Chromium, as `chromium`", &["chromium"])?;
    }
    if there() { Ok(()) } else { bail!("`chromium` still does not start after installing it") }
}

/// Checks that pictures of pages can show emoji, and installs a font for them like the others.
pub(crate) fn emoji() -> Result<()> {
    let list = || Command::new("fc-list").arg("Noto Color Emoji").output();
    if !list().is_ok_and(|found| !found.stdout.is_empty()) {
        install("a font with emoji", &["fontconfig", "fonts-noto-color-emoji"])?;
    }
    Ok(())
}

fn c_compiler() -> Result<()> {
    compiler("cc", "#include <stdlib.h>\n", &DEBIAN_PACKAGES)
}

/// The tests of power losses and failing calls watch the store through strace, which is Linux's.
fn tracer() -> Result<()> {
    let there = || !cfg!(target_os = "linux") || works(Command::new("strace").arg("-V"));
    if !there() {
        install("strace", &["strace"])?;
    }
    if there() { Ok(()) } else { bail!("`strace` still does not start after installing it") }
}

/// The tests of private sessions make networks of their own, with routers that change addresses.
fn networks() -> Result<()> {
    let works = |tool: &str, arg: &str| works(Command::new(tool).arg(arg));
    let there = || !cfg!(target_os = "linux") || works("ip", "-V") && works("nft", "-v");
    if !there() {
        install("iproute2 and nftables", &["iproute2", "nftables"])?;
    }
    if there() { Ok(()) } else { bail!("`ip` or `nft` still does not start after installing it") }
}

/// Makes sure that `command` compiles `source`, a file that needs its headers.
fn compiler(command: &str, source: &str, debian: &[&str]) -> Result<()> {
    if compiles(command, source) {
        return Ok(());
    }
    install(&format!("a compiler `{command}` and its library's headers"), debian)?;
    if !compiles(command, source) {
        bail!("`{command}` still cannot compile a file after installing {}", debian.join(" "));
    }
    Ok(())
}

/// Installs Debian packages, or says how `what` is to be had.
fn install(what: &str, debian: &[&str]) -> Result<()> {
    let packages = debian.join(" ");
    if !works(Command::new("apt-get").arg("--version")) {
        bail!("missing: {what}. Install it, then try again");
    }
    if !is_root() {
        bail!("missing: {what}. Run this, then try again:\n  sudo apt-get install -y {packages}");
    }
    eprintln!("setup: installing {packages}");
    // A fresh image has no package lists; a failed update still leaves older lists to try.
    if run(Command::new("apt-get").arg("update")).is_err() {
        eprintln!("setup: `apt-get update` failed, trying with the package lists at hand");
    }
    run(Command::new("apt-get")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["install", "-y", "--no-install-recommends"])
        .args(debian))
}

/// Tries a file that needs the headers: a compiler without them passes `--version` and fails later.
fn compiles(command: &str, source: &str) -> bool {
    let language = if command == "cc" { "c" } else { "c++" };
    let Ok(mut child) = Command::new(command)
        .args(["-fsyntax-only", "-x", language, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
    else {
        return false;
    };
    // Taking the input closes it once written; if the compiler is already gone, its status tells.
    let written = child.stdin.take().map(|mut stdin| stdin.write_all(source.as_bytes()));
    matches!(written, Some(Ok(()))) & child.wait().is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn component(name: &str, command: &str) -> Result<()> {
    if works(&mut cargo(&format!("{command} --version"))) {
        return Ok(());
    }
    if !works(Command::new("rustup").arg("--version")) {
        bail!("`cargo {command}` is missing: install {name} the way Rust was installed here");
    }
    eprintln!("setup: adding the component {name}");
    run(Command::new("rustup").args(["component", "add", name]))
}

fn nextest() -> Result<()> {
    if works(&mut cargo("nextest --version")) {
        return Ok(());
    }
    eprintln!("setup: installing cargo-nextest, which takes a few minutes the first time");
    run(&mut cargo("install cargo-nextest --locked"))
}
