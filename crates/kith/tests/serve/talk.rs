//! `kith private`, as a person at a command line has it.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use tempfile::TempDir;

use crate::program::Person;

/// A running `kith private`.
pub(crate) struct Talk {
    child: Child,
    input: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) save: TempDir,
}

impl Talk {
    pub(crate) fn begin(person: &Person, args: &[&str]) -> Self {
        let save = tempfile::tempdir().unwrap();
        let mut command = person.command(&["private", "--save"]);
        command.arg(save.path()).args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { input: child.stdin.take(), lines, child, save }
    }

    pub(crate) fn say(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// What follows `begin` in the first line that begins so.
    pub(crate) fn until(&mut self, begin: &str) -> String {
        let mut all = self.lines.by_ref().map(Result::unwrap);
        let found = all.find_map(|line| line.strip_prefix(begin).map(str::to_owned));
        found.unwrap_or_else(|| panic!("it ended without {begin:?}"))
    }

    pub(crate) fn end(mut self) -> Option<i32> {
        self.input = None;
        self.child.wait().unwrap().code()
    }
}

/// Makes a circle of two.
pub(crate) fn share_a_circle(ana: &Person, bob: &Person) {
    ana.done(&["circle", "create", "Tea"]);
    let invite = ana.done(&["invite", "Tea"]);
    bob.done(&["join", invite.lines().next().unwrap()]);
}

impl Drop for Talk {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
