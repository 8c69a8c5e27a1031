//! The rules for a single Rust file.

use std::path::Path;

use super::Violation;

/// Longest file, in lines: beyond it, it has more than one subject.
const LINES_MAX: usize = 500;

/// Files that may be longer, each with its reason in a comment. None so far.
const LONG_FILES: [&str; 0] = [];

/// Words that promise work without anyone who will do it. In halves, so that this file passes.
const UNFINISHED: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// Leftovers of work in progress.
const LEFTOVERS: [&str; 3] = [concat!("todo", "!"), concat!("dbg", "!"), concat!("#[", "ignore")];

const UNWRAP: &str = concat!(".unwrap", "()");

/// Checks one file, named from the root.
pub(super) fn check(path: &Path, text: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut report =
        |line: usize, what: String| found.push(Violation { path: path.to_path_buf(), line, what });

    if !text.starts_with("//!") {
        report(1, "a file opens with `//!` and what it is about".to_owned());
    }
    let lines = text.lines().count();
    if lines > LINES_MAX && !LONG_FILES.iter().any(|long| path == Path::new(long)) {
        report(LINES_MAX + 1, format!("{lines} lines; split the file at {LINES_MAX}"));
    }
    let mut may_unwrap = !is_shipped(path);
    for (number, line) in (1..).zip(text.lines()) {
        for word in UNFINISHED.iter().filter(|word| has_word(line, word)) {
            report(number, format!("`{word}`: do it, or say in an issue what is left"));
        }
        for leftover in LEFTOVERS.iter().filter(|leftover| line.contains(*leftover)) {
            report(number, format!("`{leftover}` does not belong into a finished change"));
        }
        // By convention a file's tests are its end.
        may_unwrap |= line.trim() == "#[cfg(test)]";
        if !may_unwrap && !line.trim_start().starts_with("//") && line.contains(UNWRAP) {
            report(number, format!("`{UNWRAP}`: return the error, or `expect` with the proof"));
        }
    }
    found
}

/// Whether the file is part of what users run, as opposed to tests, examples and tools.
fn is_shipped(path: &Path) -> bool {
    let mut folders = path.components().map(|component| component.as_os_str());
    let is_source = folders.next().is_some_and(|top| top == "crates")
        && folders.nth(1).is_some_and(|folder| folder == "src");
    is_source && !path.ends_with("tests.rs") && !folders.any(|folder| folder == "tests")
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(start, _)| {
        let (before, after) = (&line[..start], &line[start + word.len()..]);
        !before.ends_with(is_part) && !after.starts_with(is_part)
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{LINES_MAX, UNFINISHED, UNWRAP};

    fn check(path: &str, text: &str, expected: &[usize]) {
        let found = super::check(Path::new(path), text);
        let lines: Vec<usize> = found.iter().map(|violation| violation.line).collect();
        assert_eq!(lines, expected, "{path}: {found:?}");
    }

    #[test]
    fn a_file_says_what_it_is_about() {
        check("xtask/src/a.rs", "//! A.\n", &[]);
        check("xtask/src/a.rs", "fn a() {}\n", &[1]);
    }

    #[test]
    fn a_file_has_one_subject() {
        let text = |lines: usize| format!("//! A.\n{}", "\n".repeat(lines - 1));
        check("crates/a/src/lib.rs", &text(LINES_MAX), &[]);
        check("crates/a/src/lib.rs", &text(LINES_MAX + 1), &[LINES_MAX + 1]);
    }

    #[test]
    fn unfinished_work_is_found_as_a_word() {
        let [first, _, last] = UNFINISHED;
        let text = format!("//! A.\n// {first}: later\nlet a = \"{last}{last}\";\n// {last}\n");
        check("crates/a/tests/a.rs", &text, &[2, 4]);
    }

    #[test]
    fn only_tests_unwrap() {
        let text = format!("//! A.\n// a{UNWRAP}\na{UNWRAP};\n    #[cfg(test)]\na{UNWRAP};\n");
        check("crates/a/src/lib.rs", &text, &[3]);
        check("crates/a/src/b/c.rs", &text, &[3]);
        for test in ["crates/a/src/b/tests.rs", "crates/a/src/b/tests/c.rs", "crates/a/tests/c.rs"]
        {
            check(test, &text, &[]);
        }
    }
}
