//! Names of files that are begun. Reading a directory may take long, so it is done elsewhere: here is
//! what is asked for, and what becomes of the answer.

use super::{CHOICES_MAX, Choice};
use crate::command::table::Kind;
use crate::command::words;
use crate::home::home;
use crate::text::clean;

/// Names that are read of a directory; others it has are not offered.
const NAMES_MAX: usize = 10_000;

/// A file that is begun to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::screen) struct Begun {
    /// In how many characters.
    pub(in crate::screen) chars: usize,
    /// Its directory, as it is meant, with a `/` at the end; empty for the present one.
    pub(in crate::screen) directory: String,
    name: String,
    kind: Kind,
}

/// What is in a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::screen) struct Listing {
    /// As it was asked for.
    pub(in crate::screen) directory: String,
    /// Names, and which of them are directories.
    names: Vec<(String, bool)>,
}

impl Begun {
    /// What is begun with the argument of a command, if that is a file.
    pub(super) fn read(kind: Kind, written: &str) -> Option<Self> {
        let (chars, meant) = match kind {
            Kind::Files => words::begun(written)?,
            Kind::File | Kind::Directory => (written.chars().count(), written.to_owned()),
            _ => return None,
        };
        let cut = meant.rfind(std::path::is_separator).map_or(0, |at| at + 1);
        let (directory, name) = (meant[..cut].to_owned(), meant[cut..].to_owned());
        Some(Self { chars, directory, name, kind })
    }

    /// What it may become, the likeliest first.
    pub(in crate::screen) fn choices(&self, listing: &Listing) -> Vec<Choice> {
        if self.directory.is_empty() && self.name == "~" {
            return vec![self.choice("~", true)];
        }
        let small = self.name.to_lowercase();
        let mut found: Vec<&(String, bool)> = listing
            .names
            .iter()
            .filter(|(name, is_directory)| {
                (*is_directory || self.kind != Kind::Directory)
                    && name.to_lowercase().starts_with(&small)
                    && (!name.starts_with('.') || self.name.starts_with('.'))
            })
            .collect();
        found.sort_by_cached_key(|(name, _)| (!name.starts_with(&self.name), name.to_lowercase()));
        let some = found.into_iter().take(CHOICES_MAX);
        some.map(|(name, is_directory)| self.choice(name, *is_directory)).collect()
    }

    fn choice(&self, name: &str, is_directory: bool) -> Choice {
        let shown = format!("{name}{}", if is_directory { "/" } else { "" });
        let mut insert = format!("{}{shown}", self.directory);
        if self.kind == Kind::Files {
            insert = words::quoted(&insert);
            // Another may follow.
            insert.push_str(if is_directory { "" } else { " " });
        }
        Choice { insert, shown, about: String::new() }
    }
}

/// Reads a directory, as it was typed. It may block for as long as a disk or a network does.
pub(in crate::screen) fn list(directory: &str) -> Listing {
    let path = if directory.is_empty() { ".".into() } else { home(directory) };
    let entries = std::fs::read_dir(path).into_iter().flatten().take(NAMES_MAX);
    let names = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        // What cannot be typed or shown as it is, is not offered.
        let name = entry.file_name().into_string().ok()?;
        let kind = entry.file_type().ok()?;
        let is_directory = kind.is_dir() || kind.is_symlink() && entry.path().is_dir();
        (clean::line(&name) == name).then_some((name, is_directory))
    });
    Listing { directory: directory.to_owned(), names: names.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is offered for the end of a line, with the directory that is asked for.
    #[track_caller]
    fn check(line: &str, directory: &str, expected: &[&str]) {
        let begun = super::super::begun_file(line);
        let begun = begun.unwrap_or_else(|| panic!("no file is begun by {line:?}"));
        assert_eq!(begun.directory, directory, "{line}");
        let names =
            ["Tea.jpg", "tea list.txt", "teapots", "it's.md", ".hidden", "a dir", "über.txt"];
        let is_directory = |name: &str| ["teapots", "a dir"].contains(&name);
        let names = names.map(|name| (name.to_owned(), is_directory(name))).to_vec();
        let listing = Listing { directory: directory.to_owned(), names };
        let choices = begun.choices(&listing);
        let inserts: Vec<&str> = choices.iter().map(|choice| choice.insert.as_str()).collect();
        assert_eq!(inserts, expected, "{line}");
    }

    #[test]
    fn what_is_typed_begins_a_name_in_any_case_and_its_own_comes_first() {
        check("/attach tea", "", &["'tea list.txt' ", "teapots/", "Tea.jpg "]);
        check("/attach Ü", "", &["über.txt "]);
        check("/attach x/y/Te", "x/y/", &["x/y/Tea.jpg ", "'x/y/tea list.txt' ", "x/y/teapots/"]);
        check("/attach nothing", "", &[]);
    }

    #[test]
    fn hidden_names_are_offered_when_they_are_begun() {
        check("/attach .", "", &[".hidden "]);
        let all =
            ["'a dir/'", "\"it's.md\" ", "'tea list.txt' ", "Tea.jpg ", "teapots/", "über.txt "];
        check("/attach ", "", &all);
    }

    #[test]
    fn several_files_are_written_with_quotes_and_one_without() {
        check("/attach 'tea list.txt' \"/my files/a", "/my files/", &["'/my files/a dir/'"]);
        check("/sendfile bob /my files/tea l", "/my files/", &["/my files/tea list.txt"]);
        check("/takefile bob 1 it", "", &["it's.md"]);
        check("/attach ~", "", &["~/"]);
    }

    #[test]
    fn where_files_are_saved_is_a_directory() {
        check("/download ", "", &["a dir/", "teapots/"]);
        check("/download 12 ~/t", "~/", &["~/teapots/"]);
        check("/download a d", "", &["a dir/"]);
    }

    #[test]
    fn what_is_said_with_files_is_none() {
        for line in
            ["/attach a.jpg -- tea", "/say tea", "attach tea", "/download 12", "/sendfile b"]
        {
            assert_eq!(super::super::begun_file(line), None, "{line}");
        }
    }

    #[test]
    fn a_directory_is_read_as_far_as_its_names_can_be_typed() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("tea.txt"), "").unwrap();
        std::fs::write(dir.path().join("bad\nname"), "").unwrap();
        std::fs::create_dir(dir.path().join("pots")).unwrap();
        let path = format!("{}/", dir.path().display());
        let mut names = list(&path).names;
        names.sort();
        assert_eq!(names, [("pots".to_owned(), true), ("tea.txt".to_owned(), false)]);
        assert_eq!(list(&format!("{path}nowhere/")).names, []);
        assert_eq!(list(&format!("{path}tea.txt/")).names, []);
    }
}
