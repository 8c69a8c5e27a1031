//! What a process asked of the file system, as strace tells it.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Output};

/// One call that changed a file, a name, or what is on the disk for certain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Create(String),
    Write {
        path: String,
        offset: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        path: String,
        size: usize,
    },
    /// Of a file or a directory.
    Sync(String),
    Rename {
        from: String,
        to: String,
    },
    Remove(String),
    /// A line that the process printed.
    Say(String),
}

/// Runs this test program's `child` test under strace, working in `dir`; `more` are further options
/// of strace.
pub(crate) fn run(dir: &Path, child: &str, trace: &Path, more: &[&str]) -> Output {
    let calls = "trace=openat,write,pwrite64,ftruncate,fdatasync,fsync,rename,unlink";
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-xx", "-s", "10000000", "-e", calls, "-o"]).arg(trace).args(more);
    strace.arg(std::env::current_exe().unwrap()).args(["--exact", child, "--nocapture"]);
    strace.arg("--test-threads=1");
    strace.env("KITH_POWER_DIR", dir).env("RUST_BACKTRACE", "0");
    strace.output().expect("strace is installed by `cargo xtask setup`")
}

/// The calls on files below `dir`, with the names relative to it, in the order of their ends.
pub(crate) fn read(trace: &str, dir: &Path) -> Vec<Call> {
    let dir = format!("{}/", dir.to_str().unwrap());
    let mut begun: HashMap<&str, &str> = HashMap::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut calls = Vec::new();
    for line in trace.lines() {
        let (process, rest) = line.split_once(' ').unwrap();
        let rest = rest.trim_start();
        let whole = if let Some(start) = rest.strip_suffix(" <unfinished ...>") {
            begun.insert(process, start);
            continue;
        } else if rest.starts_with("<... ") {
            let (_, end) = rest.split_once(" resumed>").unwrap();
            format!("{}{end}", begun.remove(process).unwrap_or_default())
        } else {
            rest.to_owned()
        };
        calls.extend(call(&whole, &dir, &mut places));
    }
    calls
}

/// The text of an escaped `"\x61…"`, and what comes after it.
fn text(escaped: &str) -> Option<(Vec<u8>, &str)> {
    let (hex, rest) = escaped.split_once('"')?.1.split_once('"')?;
    Some((unescape(hex), rest))
}

fn unescape(hex: &str) -> Vec<u8> {
    let digits = hex.split("\\x").skip(1);
    digits.map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

/// The descriptor's number and path in `5<\x2f…>, …`, and what comes after it.
fn file(arguments: &str) -> Option<(&str, String, &str)> {
    let (number, rest) = arguments.split_once('<')?;
    let (path, rest) = rest.split_once('>')?;
    Some((number, String::from_utf8(unescape(path)).ok()?, rest))
}

fn call(line: &str, dir: &str, places: &mut HashMap<String, usize>) -> Option<Call> {
    let (name, arguments) = line.split_once('(')?;
    let (arguments, result) = arguments.rsplit_once(" = ")?;
    // Behind a call that was interrupted in the record stand spaces.
    let arguments = arguments.trim_end();
    if result.starts_with('-') || result.starts_with('?') {
        return None;
    }
    // The database's shared memory and lock are nothing that outlives the process.
    let kept = |path: &str| {
        let path = path.strip_prefix(dir)?;
        (!path.ends_with("-shm") && !path.ends_with(".lock")).then(|| path.to_owned())
    };
    let named = |arguments: &str| -> Option<(String, String)> {
        let (path, rest) = text(arguments)?;
        Some((kept(std::str::from_utf8(&path).ok()?)?, rest.to_owned()))
    };
    match name {
        "openat" => {
            let (path, flags) = named(arguments.split_once(',')?.1)?;
            places.insert(path.clone(), 0);
            if flags.contains("O_TRUNC") {
                return Some(Call::Create(path));
            }
            flags.contains("O_CREAT").then_some(Call::Create(path))
        }
        "pwrite64" => {
            let (_, path, rest) = file(arguments)?;
            let (bytes, rest) = text(rest)?;
            let offset = rest.trim_end_matches(')').rsplit(", ").next()?.trim().parse().ok()?;
            Some(Call::Write { path: kept(&path)?, offset, bytes })
        }
        "write" => {
            let (number, path, rest) = file(arguments)?;
            let (bytes, _) = text(rest)?;
            if number == "1" {
                let line = String::from_utf8_lossy(&bytes).trim().to_owned();
                return (!line.is_empty()).then_some(Call::Say(line));
            }
            let path = kept(&path)?;
            let place = places.entry(path.clone()).or_default();
            let offset = *place;
            *place += bytes.len();
            Some(Call::Write { path, offset, bytes })
        }
        "ftruncate" => {
            let (_, path, rest) = file(arguments)?;
            let size = rest.trim_start_matches(", ").trim_end_matches(')').trim().parse().ok()?;
            Some(Call::Truncate { path: kept(&path)?, size })
        }
        "fdatasync" | "fsync" => {
            let (_, path, _) = file(arguments)?;
            let whole = format!("{path}/");
            if whole == dir { Some(Call::Sync(String::new())) } else { kept(&path).map(Call::Sync) }
        }
        "rename" => {
            let (from, rest) = named(arguments)?;
            Some(Call::Rename { from, to: named(&rest)?.0 })
        }
        "unlink" => Some(Call::Remove(named(arguments)?.0)),
        _ => None,
    }
}
