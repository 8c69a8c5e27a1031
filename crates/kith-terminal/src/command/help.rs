//! What help says, from the table.

use super::key::Pane;
use super::table::{self, Entry, Group};
use crate::text::wrap::{Prefix, wrap};
use crate::text::{Look, Span, plain};

/// The lines about all commands of a mode, with their keys on the screen.
#[must_use]
pub fn all(screen: bool) -> Vec<String> {
    let wide = table::all(screen).map(|entry| entry.usage().len()).max().unwrap_or_default();
    let slash = if screen { "/" } else { "" };
    let mut lines = Vec::new();
    for (group, heading) in Group::ALL {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(heading.to_owned());
        for entry in table::all(screen).filter(|entry| entry.group == group) {
            let keys = if screen { format!("  {}", keys(entry)) } else { String::new() };
            lines.push(format!("  {slash}{:wide$}  {}{keys}", entry.usage(), entry.about));
        }
    }
    lines
}

/// The lines about all commands line by line, for a terminal of so many columns: what a command does
/// stands beside it, and goes on below where it is long.
#[must_use]
pub fn printed(columns: usize) -> Vec<String> {
    let wide = table::all(false).map(|entry| entry.usage().len()).max().unwrap_or_default();
    let rest = vec![Span::new(" ".repeat(wide + 4), Look::default())];
    let prefix = Prefix { rest, ..Prefix::default() };
    let lines = all(false).into_iter().flat_map(|line| {
        let line = [Span::new(line, Look::default())];
        wrap(&line, columns, &prefix).iter().map(|line| plain(line)).collect::<Vec<_>>()
    });
    lines.collect()
}

/// The lines about one command.
#[must_use]
pub fn one(entry: &Entry, screen: bool) -> Vec<String> {
    let slash = if screen { "/" } else { "" };
    let mut lines = vec![format!("{slash}{}", entry.usage()), entry.about.to_owned()];
    for arg in entry.args {
        let optional = if arg.optional { "; may be left out" } else { "" };
        lines.push(format!("{}: {}{optional}", arg.name, arg.kind.about()));
    }
    if !entry.aliases.is_empty() {
        lines.push(format!("also called {}", entry.aliases.join(", ")));
    }
    if screen {
        lines.push(format!("keys: {}", keys(entry)));
    }
    lines
}

/// The keys of a command, as text.
#[must_use]
pub fn keys(entry: &Entry) -> String {
    let chords: Vec<String> = entry.chords().map(|(_, chord)| chord.to_string()).collect();
    chords.join(", ")
}

/// What each key does in a pane, those of everywhere included.
#[must_use]
pub fn of_pane(pane: Pane) -> Vec<(String, &'static Entry)> {
    let mut found = Vec::new();
    for wanted in [pane, Pane::Anywhere] {
        for entry in table::all(true) {
            for (of, chord) in entry.chords() {
                if of == wanted && !chord.prefixed {
                    found.push((chord.to_string(), entry));
                }
            }
        }
    }
    found
}

/// What follows the key for commands.
#[must_use]
pub fn of_prefix() -> Vec<(String, &'static Entry)> {
    let mut found: Vec<(String, &'static Entry)> = table::all(true)
        .flat_map(|entry| entry.chords().map(move |(_, chord)| (chord, entry)))
        .filter(|(chord, _)| chord.prefixed)
        .map(|(chord, entry)| (chord.key.to_string(), entry))
        .collect();
    found.sort_by_key(|(key, _)| (key.to_lowercase(), key.clone()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_every_command_of_the_mode() {
        for screen in [false, true] {
            let text = all(screen).join("\n");
            for entry in table::all(screen) {
                assert!(text.contains(&entry.usage()), "{}", entry.name);
            }
            assert_eq!(text.contains("sidebar"), screen);
        }
        let printed = printed(80);
        assert!(printed.iter().all(|line| line.chars().count() <= 80), "{printed:#?}");
        assert!(printed.iter().any(|line| line.starts_with("  message USER TEXT  ")));
        let about = one(table::find("whoelsesince").unwrap(), false);
        assert_eq!(about[0], "whoelsesince SECONDS");
        assert_eq!(about[2], "SECONDS: a whole number");
    }

    #[test]
    fn the_keys_of_a_pane_are_those_that_work_there() {
        let keys = of_pane(Pane::Messages);
        assert!(keys.iter().any(|(key, entry)| key == "r" && entry.name == "reply"));
        assert!(keys.iter().any(|(key, entry)| key == "Ctrl-K" && entry.name == "switch"));
        assert!(of_prefix().iter().any(|(key, entry)| key == "b" && entry.name == "block"));
    }
}
