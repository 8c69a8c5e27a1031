//! Help on the screen: the keys of where one is, all commands, and one of them.

use crossterm::event::{KeyCode, KeyModifiers};

use super::{Show, day};
use crate::command::help;
use crate::command::key::Pane;
use crate::command::table;

/// That a key shows all keys of a pane, and none of what only another has.
#[track_caller]
fn check(show: &mut Show, key: KeyCode, title: &str, pane: Pane, other: &str) {
    show.key(key);
    let screen = show.screen();
    assert!(screen.contains(&format!(" {title} (Esc closes) ")), "{key:?}:\n{screen}");
    for (key, entry) in help::of_pane(pane) {
        let line = format!("{key:12}  {}", entry.about);
        assert!(screen.contains(&line), "no {line:?} in\n{screen}");
    }
    assert!(!screen.contains(other), "{screen}");
    assert!(screen.contains("Ctrl-X        Shows the keys of all other commands."), "{screen}");
    // The same key, or Esc, goes back.
    show.key(if key == KeyCode::F(2) { KeyCode::Esc } else { key });
    assert!(show.app().popup.is_none());
    assert_eq!(show.app().pane, pane);
}

#[test]
fn two_keys_show_the_keys_of_where_one_is() {
    let mut show = Show::new(day(), 140, 60);
    let (say, answer) = ("Sends what is written", "Answers a message");
    for key in [KeyCode::Char('?'), KeyCode::F(2)] {
        check(&mut show, key, "Keys while you write", Pane::Composer, answer);
        show.press(KeyCode::Up, KeyModifiers::SHIFT);
        check(&mut show, key, "Keys while a message is selected", Pane::Messages, say);
        show.key(KeyCode::Esc);
    }
    // In a text it is a letter.
    show.types("tea?");
    assert!(show.app().popup.is_none());
    assert_eq!(show.app().composer.text(), "tea?");
    check(&mut show, KeyCode::F(2), "Keys while you write", Pane::Composer, answer);
    assert_eq!(show.app().composer.text(), "tea?");
}

#[test]
fn help_lists_every_command_down_to_the_last() {
    for ask in [|show: &mut Show| show.says("/help"), |show: &mut Show| show.key(KeyCode::F(1))] {
        let mut show = Show::new(day(), 220, 24);
        ask(&mut show);
        assert!(show.screen().contains(" Commands (Esc closes) "), "{}", show.screen());
        let mut seen = vec![show.screen()];
        loop {
            show.key(KeyCode::PageDown);
            let next = show.screen();
            if seen.last() == Some(&next) {
                break;
            }
            seen.push(next);
        }
        let seen = seen.concat();
        for entry in table::all(true) {
            let usage = format!("/{} ", entry.usage());
            assert!(seen.contains(&usage) && seen.contains(entry.about), "{usage}");
        }
        show.key(KeyCode::Char('q'));
        assert!(show.app().popup.is_none());
    }
}

#[test]
fn help_tells_about_one_command() {
    let mut show = Show::new(day(), 100, 24);
    show.says("/help reply");
    let screen = show.screen();
    for line in help::one(table::find("reply").unwrap(), true) {
        assert!(screen.contains(&line), "no {line:?} in\n{screen}");
    }
    show.key(KeyCode::Esc);
    show.says("/help dance");
    assert!(show.app().popup.is_none());
    assert!(show.screen().contains("there is no command `dance`"), "{}", show.screen());
}
