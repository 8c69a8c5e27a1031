//! Examples are short: an application is understood at one sitting, or it shows something else.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{Violation, has_extension, list, read};

/// An application has fewer lines than this, in all of its files.
const LINES_MAX: usize = 150;

/// Folders in `examples` that are no application.
const OTHERS: [&str; 4] = ["dist", "node_modules", "shared", "test"];

/// Checks each application in `examples`: a program in a file, or a page in a folder.
pub(super) fn check() -> Result<Vec<Violation>> {
    let mut found = Vec::new();
    for path in list(Path::new("examples"))? {
        let files = match path.is_dir() {
            true if OTHERS.iter().any(|other| path.ends_with(other)) => continue,
            true => list(&path)?,
            false if has_extension(&path, "mjs") => vec![path.clone()],
            false => continue,
        };
        let texts = files.iter().map(|file| read(file)).collect::<Result<Vec<String>>>()?;
        found.extend(application(path, &texts));
    }
    Ok(found)
}

fn application(path: PathBuf, texts: &[String]) -> Option<Violation> {
    let lines: usize = texts.iter().map(|text| text.lines().count()).sum();
    let what = format!("{lines} lines; an example has fewer than {LINES_MAX}");
    (lines >= LINES_MAX).then_some(Violation { path, line: 1, what })
}

#[cfg(test)]
mod tests {
    use super::{LINES_MAX, application};

    #[test]
    fn an_example_is_short_in_all_of_its_files_together() {
        let text = |lines: usize| "line\n".repeat(lines);
        let files = |lines: &[usize]| lines.iter().map(|lines| text(*lines)).collect::<Vec<_>>();
        assert_eq!(application("examples/todo".into(), &files(&[100, LINES_MAX - 101])), None);
        assert!(application("examples/todo".into(), &files(&[100, LINES_MAX - 100])).is_some());
    }
}
