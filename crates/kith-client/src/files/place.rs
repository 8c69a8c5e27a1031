//! Names of files here, and what they are called for others.

use std::path::{Path, PathBuf};

use kith_core::file::Attachment;
use kith_core::refusal::Refusal;
use kith_core::text::FileName;

/// The most bytes of a file's name here: most systems take 255, and `.part` and a number need some.
const NAME_BYTES_MAX: usize = 200;
/// Names that are tried beside the file's own.
const TRIES: u32 = 1000;

/// What a file of this machine is called for others.
///
/// # Errors
/// When it has no name, or one that others cannot be shown.
pub fn shared_name(path: &Path) -> Result<FileName, Refusal> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // What may be in names here may not be in names everywhere.
    let name: String = name.chars().map(|c| if c == '\\' { '_' } else { c }).collect();
    FileName::parse(&name)
}

/// A path in a directory where nothing is, for a file of others: under its name as far as that means
/// nothing here, with a number where the name is taken. `None` where very many names are taken.
#[must_use]
pub fn free_path(dir: &Path, about: &Attachment) -> Option<PathBuf> {
    let name = harmless(about.name.as_str());
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, format!(".{extension}")),
        _ => (name.as_str(), String::new()),
    };
    let others = (2..TRIES).map(|n| format!("{stem} ({n}){extension}"));
    let mut paths = std::iter::once(name.clone()).chain(others).map(|name| dir.join(name));
    paths.find(|path| std::fs::symlink_metadata(path).is_err())
}

/// A name that others chose as one that means nothing here: no path, nothing hidden, not too long.
fn harmless(name: &str) -> String {
    let plain = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c };
    let mut name: String = name.trim_start_matches(['.', '-', ' ']).chars().map(plain).collect();
    while name.len() > NAME_BYTES_MAX {
        // From the middle, so that the extension stays.
        let middle = name.char_indices().nth(name.chars().count() / 2).map_or(0, |(at, _)| at);
        name.remove(middle);
    }
    if name.is_empty() { "file".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_others_mean_nothing_here() {
        for (name, here) in [
            ("tea.jpg", "tea.jpg"),
            ("../../.bashrc", "_.._.bashrc"),
            (".bashrc", "bashrc"),
            ("-rf", "rf"),
            ("...", "file"),
            ("C:\\a", "C__a"),
            ("a\n\u{1b}[2J", "a__[2J"),
        ] {
            assert_eq!(harmless(name), here);
        }
        let long = harmless(&format!("{}.jpg", "é".repeat(200)));
        assert!(long.len() <= NAME_BYTES_MAX && long.ends_with(".jpg"), "{long}");
    }
}
