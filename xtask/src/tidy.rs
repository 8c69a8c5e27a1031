//! `cargo xtask tidy`: the rules of STYLE.md that a program can check.

mod edges;
mod examples;
mod links;
mod manifest;
mod shown;
mod sources;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::metadata::workspace;

/// One broken rule, in the form that editors and terminals turn into a link.
#[derive(Debug, PartialEq, Eq)]
struct Violation {
    path: PathBuf,
    line: usize,
    what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.what)
    }
}

/// Checks every rule and prints all violations, not only the first.
pub(crate) fn tidy() -> Result<()> {
    let metadata = workspace()?;
    let mut found = edges::check(&metadata)?;
    found.extend(manifest::check(&metadata)?);
    found.extend(examples::check()?);
    let mut texts = Vec::new();
    for file in files(&["crates", "fuzz", "xtask"], "rs")? {
        let text = read(&file)?;
        found.extend(sources::check(&file, &text));
        texts.push(text);
    }
    let mut pages = files(&["docs"], "md")?;
    pages.extend(list(Path::new("."))?.into_iter().filter(|path| has_extension(path, "md")));
    for file in pages {
        let text = read(&file)?;
        found.extend(links::check(&file, &text));
        if file.starts_with("docs/compat") {
            found.extend(shown::check(&file, &text, &texts));
        }
    }
    for violation in &found {
        eprintln!("{violation}");
    }
    if !found.is_empty() {
        bail!("{} violation(s) of the style", found.len());
    }
    // The drill itself comes last of all.
    crate::drill::check()
}

/// Every file with this extension in `folders` and below, in a stable order.
fn files(folders: &[&str], extension: &str) -> Result<Vec<PathBuf>> {
    let mut open: Vec<PathBuf> = folders.iter().map(PathBuf::from).filter(|f| f.is_dir()).collect();
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        for path in list(&folder)? {
            if path.is_dir() {
                // A crate built on its own may have left a `target` behind.
                if !path.ends_with("target") {
                    open.push(path);
                }
            } else if has_extension(&path, extension) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// What is in `folder`, named from the root without a leading `./`.
fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = || format!("cannot list {}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        paths.push(path.strip_prefix(".").map(Path::to_path_buf).unwrap_or(path));
    }
    paths.sort();
    Ok(paths)
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
