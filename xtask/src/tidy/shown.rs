//! What a page says is shown by a test has that test.

use std::path::Path;

use super::Violation;

/// Checks the last column of the tables of one page of `docs/compat`: names of tests in backticks,
/// each of which is a function somewhere in `sources`.
pub(super) fn check(page: &Path, text: &str, sources: &[String]) -> Vec<Violation> {
    let mut found = Vec::new();
    for (line, row) in (1..).zip(text.lines()) {
        let last = row.strip_suffix(" |").and_then(|row| row.rsplit("| ").next());
        let names = last.unwrap_or_default().split('`').skip(1).step_by(2);
        for name in names {
            let function = format!("fn {name}(");
            if !sources.iter().any(|source| source.contains(&function)) {
                let what = format!("there is no test {name}");
                found.push(Violation { path: page.to_path_buf(), line, what });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_is_gone_is_missed() {
        let page = "| this | `shown` here | `it_works` |\n\n| that | | `gone`, `it_works` |\n";
        let sources = ["async fn it_works() {}".to_owned(), "fn shown_not() {}".to_owned()];
        let found = check(Path::new("page.md"), page, &sources);
        let lines: Vec<usize> = found.iter().map(|violation| violation.line).collect();
        assert_eq!(lines, [3]);
    }
}
