//! `cargo xtask run`: the server as a person would run it, straight from the sources.

use std::process::Command;

use anyhow::Result;

use crate::setup::setup;
use crate::step::cargo;
use crate::web;

/// What `kith serve` gets unless the caller says otherwise.
const DEFAULTS: [(&str, &str); 2] = [("--data", "kith-data"), ("--listen", "127.0.0.1:8080")];

/// Sets up, builds the pages and the server for release, and becomes the server.
pub(crate) fn run(args: &[String]) -> Result<()> {
    setup()?;
    web::build()?;
    let mut command = cargo("run --release -p kith -- serve");
    command.args(serve_args(args));
    become_command(&mut command)
}

/// The caller's arguments after the defaults that they do not replace.
fn serve_args(args: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for (flag, value) in DEFAULTS {
        let is_given = args.iter().any(|arg| {
            arg.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        });
        if !is_given {
            all.extend([flag.to_owned(), value.to_owned()]);
        }
    }
    all.extend(args.iter().cloned());
    all
}

/// Replaces this process, so that Ctrl-C and a supervisor's signals reach the server itself.
#[cfg(unix)]
fn become_command(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;

    use anyhow::Context as _;

    // Only returns if it failed.
    Err(command.exec()).with_context(|| format!("cannot start `{}`", crate::step::show(command)))
}

#[cfg(not(unix))]
fn become_command(command: &mut Command) -> Result<()> {
    crate::step::run(command)
}

#[cfg(test)]
mod tests {
    use super::serve_args;

    fn check(args: &str, expected: &str) {
        let args: Vec<String> = args.split_whitespace().map(str::to_owned).collect();
        assert_eq!(serve_args(&args).join(" "), expected);
    }

    #[test]
    fn own_arguments_replace_the_defaults_one_by_one() {
        check("", "--data kith-data --listen 127.0.0.1:8080");
        check("--data d", "--listen 127.0.0.1:8080 --data d");
        check("--listen=[::1]:1 --data=d", "--listen=[::1]:1 --data=d");
        check("--data-key k", "--data kith-data --listen 127.0.0.1:8080 --data-key k");
    }
}
