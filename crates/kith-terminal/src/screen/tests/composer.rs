//! Where one writes: what was written before, several lines, and what is pasted.

use crossterm::event::{Event, KeyCode, KeyModifiers};
use kith_core::command::Command;

use super::{Act, Show, day};
use crate::command::key::Pane;
use crate::screen::composer::Composer;
use crate::screen::popup::Popup;

const OLDER: (KeyCode, KeyModifiers) = (KeyCode::Up, KeyModifiers::CONTROL);
const NEWER: (KeyCode, KeyModifiers) = (KeyCode::Down, KeyModifiers::CONTROL);
const UP: (KeyCode, KeyModifiers) = (KeyCode::Up, KeyModifiers::NONE);
const DOWN: (KeyCode, KeyModifiers) = (KeyCode::Down, KeyModifiers::NONE);

/// A screen on which these were written, one after another.
fn written(texts: &[&str]) -> Show {
    let mut show = Show::new(day(), 60, 20);
    for text in texts {
        pastes(&mut show, text);
        show.key(KeyCode::Enter);
        assert!(show.app().composer.is_empty(), "{text}");
    }
    show
}

/// Presses keys, and looks what is written after each.
#[track_caller]
fn check(show: &mut Show, steps: &[((KeyCode, KeyModifiers), &str)]) {
    for (number, ((code, modifiers), expected)) in steps.iter().enumerate() {
        show.press(*code, *modifiers);
        assert_eq!(show.app().composer.text(), *expected, "step {number}");
    }
}

/// What was posted.
fn posts(show: &Show) -> Vec<String> {
    let text = |command: &Command| match command {
        Command::Post { text, .. } => Some(text.to_string()),
        _ => None,
    };
    show.site.commands.iter().filter_map(text).collect()
}

fn pastes(show: &mut Show, text: &str) {
    show.event(Event::Paste(text.to_owned()));
}

#[test]
fn what_was_written_comes_back_in_order_and_the_draft_behind_it() {
    for (older, newer) in [(OLDER, NEWER), (UP, DOWN)] {
        let mut show = written(&["one", "/redraw", "two", "two"]);
        show.types("half a thou");
        check(
            &mut show,
            &[
                (older, "two"),
                (older, "/redraw"),
                (older, "one"),
                (older, "one"),
                (newer, "/redraw"),
                (newer, "two"),
                (newer, "half a thou"),
                (newer, "half a thou"),
                (older, "two"),
            ],
        );
        // It is said once more by itself.
        show.key(KeyCode::Enter);
        assert_eq!(posts(&show), ["one", "two", "two", "two"]);
        check(&mut show, &[(older, "two"), (older, "/redraw")]);
    }
}

#[test]
fn arrows_move_in_a_text_before_they_leave_it() {
    let mut show = written(&["one", "milk\ntea"]);
    check(&mut show, &[(UP, "milk\ntea"), (UP, "milk\ntea"), (UP, "one"), (DOWN, "milk\ntea")]);
    // Those of the history alone do not.
    check(&mut show, &[(OLDER, "one"), (NEWER, "milk\ntea"), (OLDER, "one"), (NEWER, "milk\ntea")]);
    check(&mut show, &[(UP, "milk\ntea"), (DOWN, "milk\ntea"), (DOWN, "")]);
}

#[test]
fn what_is_made_of_a_recalled_text_is_not_lost() {
    let cases: [(Act, &str); 4] = [
        (|show| show.types("!"), "hi @b!"),
        (|show| pastes(show, " or cyd"), "hi @b or cyd"),
        (|show| show.control('j'), "hi @b\n"),
        (|show| show.key(KeyCode::Tab), "hi @bob "),
    ];
    for (change, changed) in cases {
        let mut show = written(&["hi @b", "two"]);
        check(&mut show, &[(OLDER, "two"), (OLDER, "hi @b")]);
        change(&mut show);
        check(&mut show, &[(OLDER, "two"), (OLDER, "hi @b"), (NEWER, "two"), (NEWER, changed)]);
    }
}

#[test]
fn what_was_given_up_is_in_the_history() {
    let mut show = written(&[]);
    show.types("half a thou");
    show.control('c');
    assert!(show.screen().contains("what was written is in the history"), "{}", show.screen());
    assert!(show.app().composer.is_empty() && show.app().ended.is_none());
    show.types("/topic of the d");
    show.key(KeyCode::Esc);
    check(&mut show, &[(OLDER, "/topic of the d"), (OLDER, "half a thou")]);
}

#[test]
fn two_hundred_texts_are_remembered() {
    let mut composer = Composer::new();
    for number in 1..=201 {
        composer.set(&format!("text {number}"));
        composer.take();
    }
    // Nothing at all is not remembered.
    composer.set(" \n ");
    composer.take();
    composer.recall(true);
    assert_eq!(composer.text(), "text 201");
    (0..300).for_each(|_| composer.recall(true));
    assert_eq!(composer.text(), "text 2");
}

#[test]
fn three_keys_begin_a_new_line_and_enter_sends_them_all() {
    for (code, modifiers) in [
        (KeyCode::Enter, KeyModifiers::ALT),
        (KeyCode::Enter, KeyModifiers::SHIFT),
        (KeyCode::Char('j'), KeyModifiers::CONTROL),
    ] {
        let mut show = Show::new(day(), 60, 20);
        show.types("milk");
        show.press(code, modifiers);
        assert_eq!(posts(&show), [""; 0]);
        show.types("tea");
        assert_eq!(show.app().composer.text(), "milk\ntea");
        let (milk, tea) = (show.at("milk"), show.at("tea "));
        assert_eq!((milk.0, milk.1 + 1), tea, "{}", show.screen());
        show.key(KeyCode::Enter);
        assert_eq!(posts(&show), ["milk\ntea"]);
        assert!(show.app().composer.is_empty());
    }
}

#[test]
fn a_new_line_is_begun_where_the_cursor_is() {
    let mut show = Show::new(day(), 60, 20);
    show.types("milktea");
    (0..3).for_each(|_| show.key(KeyCode::Left));
    show.control('j');
    show.types("green ");
    assert_eq!(show.app().composer.text(), "milk\ngreen tea");
}

#[test]
fn the_field_grows_with_what_is_written_up_to_eight_rows() {
    // The rows between the beginning of the field and the bar below it.
    let rows = |show: &Show| 39 - show.at("> ").1;
    let mut show = Show::new(day(), 60, 40);
    assert_eq!(rows(&show), 1);
    for lines in 2..=12 {
        show.control('j');
        show.types(&format!("line {lines}"));
        assert_eq!(rows(&show), lines.min(8), "{}", show.screen());
        // The messages make room, and the line that is being written is seen.
        show.at("black, please");
        assert_eq!(show.at(&format!("line {lines} ")).1, 38, "{}", show.screen());
    }
    show.key(KeyCode::Enter);
    assert_eq!(rows(&show), 1);
    // A long line takes as many as it is broken into: there are 38 columns.
    show.types(&"tea ".repeat(20));
    assert_eq!(rows(&show), 3, "{}", show.screen());
    show.control('u');
    assert_eq!(rows(&show), 1);
    // On a low screen half of it is left to the messages.
    let mut low = Show::new(day(), 60, 12);
    (0..9).for_each(|_| low.control('j'));
    assert_eq!(11 - low.at("> ").1, 5, "{}", low.screen());
}

#[test]
fn what_is_pasted_keeps_its_lines_and_is_not_sent() {
    let mut show = Show::new(day(), 60, 20);
    show.types("we have ");
    pastes(&mut show, "milk\r\ntea\n\n\u{1b}[2Jhoney");
    assert_eq!(show.app().composer.text(), "we have milk\ntea\n\n\u{fffd}[2Jhoney");
    assert_eq!(posts(&show), [""; 0]);
    // No key of what is selected is pressed by it.
    show.key(KeyCode::Enter);
    show.press(KeyCode::Up, KeyModifiers::SHIFT);
    pastes(&mut show, "dd?");
    assert_eq!((show.app().pane, show.app().model.selected()), (Pane::Composer, None));
    assert_eq!(show.app().composer.text(), "dd?");
    assert_eq!(posts(&show).len(), 1);
    // Where one chooses by letters it is those.
    show.control('k');
    pastes(&mut show, "op");
    assert!(matches!(&show.app().popup, Some(Popup::Switch { typed, .. }) if typed == "op"));
    show.key(KeyCode::Enter);
    assert!(show.screen().contains(" Tea/ops"), "{}", show.screen());
}

#[test]
fn no_more_is_written_than_a_message_may_have() {
    let mut show = Show::new(day(), 60, 20);
    let written = |show: &mut Show| show.app().composer.text();
    show.types("茶");
    pastes(&mut show, &"茶".repeat(20_000));
    let full = "茶".repeat(9000);
    assert!(written(&mut show) == full, "{} characters", written(&mut show).chars().count());
    pastes(&mut show, "more");
    show.types("x");
    show.control('j');
    assert!(written(&mut show) == full, "{} characters", written(&mut show).chars().count());
    show.key(KeyCode::Backspace);
    pastes(&mut show, "ab");
    let text = written(&mut show);
    assert!(text.chars().count() == 9000 && text.ends_with("茶a"), "{}", text.chars().count());
}
