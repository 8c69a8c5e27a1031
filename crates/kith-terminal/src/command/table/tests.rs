//! The table is sound, and the page about the terminal lists it.

mod document;

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_command_has_one_name_a_sentence_and_a_key() {
    let mut names = BTreeSet::new();
    for entry in all(true) {
        for name in entry.aliases.iter().chain([&entry.name]) {
            assert!(names.insert(*name), "{name} is there twice");
            assert_eq!(*name, name.to_lowercase(), "{name}");
        }
        assert!(entry.about.ends_with('.'), "{}", entry.name);
        assert!(!entry.keys.is_empty(), "{} has no key", entry.name);
        assert_eq!(entry.chords().count(), entry.keys.len(), "{}: {:?}", entry.name, entry.keys);
    }
}

#[test]
fn no_key_does_two_things() {
    let mut seen: Vec<(Pane, Chord, &str)> = Vec::new();
    for entry in all(true) {
        for (pane, chord) in entry.chords() {
            let clash = seen.iter().find(|(of, is, _)| *is == chord && *of == pane);
            assert!(clash.is_none(), "{chord}: {clash:?} and {}", entry.name);
            seen.push((pane, chord, entry.name));
        }
    }
}

#[test]
fn only_the_last_argument_takes_the_rest_of_the_line() {
    for entry in all(true) {
        let rest = entry.args.iter().position(|arg| arg.kind.takes_rest());
        assert!(rest.is_none_or(|at| at + 1 == entry.args.len()), "{}", entry.name);
    }
}

#[test]
fn on_the_screen_commands_are_told_with_a_slash() {
    for (told, shown) in [
        ("`verify bob` says so", "`/verify bob` says so"),
        ("`/jion` is none; `help` lists all", "`/jion` is none; `/help` lists all"),
        ("`USER` in `message USER`", "`USER` in `/message USER`"),
        ("go back", "go back"),
        ("", ""),
    ] {
        assert_eq!(slashed(told), shown);
    }
}

#[test]
fn the_commands_of_ghostr_are_there() {
    for usage in [
        "message USER TEXT",
        "broadcast TEXT",
        "whoelse",
        "whoelsesince SECONDS",
        "block USER",
        "unblock USER",
        "startprivate USER [direct]",
        "private USER [TEXT]",
        "stopprivate USER",
        "sendfile USER FILE",
        "logout",
    ] {
        let name = usage.split(' ').next().unwrap();
        let entry = find(name).unwrap();
        assert_eq!((entry.usage().as_str(), entry.mode), (usage, Mode::Both));
    }
}
