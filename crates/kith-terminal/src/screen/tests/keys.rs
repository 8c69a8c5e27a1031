//! What keys do to what is written, selected and shown.

use crossterm::event::{KeyCode, KeyModifiers};
use kith_core::command::Command;
use kith_core::event::Body;
use kith_core::id::Seq;

use super::{Show, day};
use crate::command::help;
use crate::command::key::Pane;
use crate::model::tests::site::{ana, bob, stream};
use crate::screen::complete::list;

#[test]
fn files_are_completed_through_directories() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("my pots/blue")).unwrap();
    for name in ["my pots/one.txt", "my pots/only this.txt", "my pots/.hidden", "tea.txt"] {
        std::fs::write(dir.path().join(name), "tea").unwrap();
    }
    let path = dir.path().to_str().unwrap();
    let mut show = Show::new(day(), 80, 14);
    show.types(&format!("/attach {path}/m"));
    show.key(KeyCode::Tab);
    assert_eq!(show.app().composer.text(), format!("/attach '{path}/my pots/'"));
    // What is in it is offered at once, by name alone.
    let screen = show.screen();
    assert!(screen.contains(" blue/ ") && screen.contains(" only this.txt "), "{screen}");
    assert!(!screen.contains(".hidden"), "{screen}");
    show.types("on");
    show.key(KeyCode::Tab);
    show.key(KeyCode::Tab);
    show.key(KeyCode::Enter);
    assert_eq!(show.app().composer.text(), format!("/attach '{path}/my pots/only this.txt' "));
    show.types(&format!("{path}/te"));
    show.key(KeyCode::Tab);
    let text = show.app().composer.text();
    assert!(text.ends_with(&format!("' {path}/tea.txt ")), "{text}");
    // Where something is saved is a directory, and a slash takes the one that is chosen.
    show.key(KeyCode::Esc);
    show.app().composer.set(&format!("/download {path}/my pots/"));
    show.key(KeyCode::Tab);
    assert_eq!(show.app().composer.text(), format!("/download {path}/my pots/blue/"));
}

#[test]
fn tab_before_a_directory_was_read_takes_the_first_choice_when_it_is() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("one.txt"), "tea").unwrap();
    std::fs::write(dir.path().join("two.txt"), "tea").unwrap();
    let mut show = Show::new(day(), 80, 14);
    let app = show.app();
    let begun = format!("/sendfile bob {}/", dir.path().display());
    app.composer.set(&begun);
    app.composer.choose(1, &app.model);
    assert_eq!(app.composer.completion, None);
    let wanted = app.composer.take_wanted().unwrap();
    // What was read of another directory is not for this one.
    app.composer.listed(list("."), &app.model);
    assert_eq!(app.composer.completion, None);
    app.composer.choose(1, &app.model);
    app.composer.listed(list(&wanted), &app.model);
    show.key(KeyCode::Enter);
    assert_eq!(show.app().composer.text(), format!("{begun}one.txt"));
}

#[test]
fn a_key_that_deletes_is_pressed_twice() {
    let mut show = Show::new(day(), 80, 20);
    show.press(KeyCode::Up, KeyModifiers::SHIFT);
    show.press(KeyCode::Up, KeyModifiers::SHIFT);
    show.types("d");
    let screen = show.screen();
    assert!(screen.contains("once more deletes message #8, Esc keeps it"), "{screen}");
    // Any other key is another wish.
    show.types("k");
    show.types("j");
    show.types("d");
    assert!(show.screen().contains("a first version"), "{}", show.screen());
    show.types("d");
    let deleted = Command::Delete { stream: stream(1), message: Seq(8) };
    assert_eq!(show.site.commands.last(), Some(&deleted));
    let body = Body::Deleted { message: Seq(8), thread: None };
    show.with_site(|site| {
        site.happen(stream(1), ana(), None, body);
    });
    show.turn();
    // There is nothing left that is selected.
    assert_eq!(show.app().pane, Pane::Composer);
}

#[test]
fn the_circles_are_shown_by_hand_until_one_has_found_where_to_go() {
    let mut show = Show::new(day(), 50, 14);
    assert!(!show.screen().contains("#ops"));
    show.control('b');
    assert!(show.screen().contains("#ops"));
    show.press(KeyCode::Down, KeyModifiers::ALT);
    let screen = show.screen();
    assert!(screen.contains("Tea/ops") && !screen.contains("#general"), "{screen}");
    // Shown and hidden again, it is as it was: as there is room.
    show.control('b');
    show.control('b');
    show.terminal.backend_mut().resize(80, 14);
    show.turn();
    assert!(show.screen().contains("#general"), "{}", show.screen());
}

#[test]
fn a_line_is_cleared_as_in_a_shell_and_comes_back() {
    let mut show = Show::new(day(), 60, 14);
    show.types("half a thought");
    show.control('u');
    assert!(show.app().composer.is_empty());
    show.control('_');
    assert_eq!(show.app().composer.text(), "half a thought");
}

#[test]
fn all_that_may_follow_ctrl_x_is_seen() {
    for (columns, rows) in [(120, 40), (100, 30), (80, 24), (72, 20)] {
        let mut show = Show::new(day(), columns, rows);
        show.control('x');
        let screen = show.screen();
        for (key, entry) in help::of_prefix() {
            let begin: String = entry.name.chars().take(7).collect();
            let told = format!("{key}  {begin}");
            assert!(screen.contains(&told), "no {told:?} at {columns} columns:\n{screen}");
        }
    }
}

#[test]
fn the_streams_of_the_circle_are_completed() {
    let mut show = Show::new(day(), 80, 14);
    let offered = |show: &mut Show| -> Vec<(String, String)> {
        let found = show.app().composer.completion.as_ref();
        let choices = found.map(|(found, _)| found.choices.as_slice()).unwrap_or_default();
        choices.iter().map(|choice| (choice.shown.clone(), choice.about.clone())).collect()
    };
    let named = |name: &str| (format!("#{name} "), format!("Tea/{name}"));
    // The conversation with bob is no stream of it.
    show.types("see #");
    assert_eq!(offered(&mut show), [named("general"), named("ops")]);
    let screen = show.screen();
    assert!(screen.contains("#general  Tea/general") && screen.contains("#ops      Tea/ops"));
    show.types("O");
    assert_eq!(offered(&mut show), [named("ops")]);
    show.key(KeyCode::Tab);
    assert_eq!(show.app().composer.text(), "see #ops ");
    show.types("and #");
    show.key(KeyCode::Tab);
    show.key(KeyCode::Tab);
    show.key(KeyCode::BackTab);
    show.key(KeyCode::Enter);
    assert_eq!(show.app().composer.text(), "see #ops and #general ");
    for none in ["#b", "#opsy", "tea#"] {
        show.app().composer.set("");
        show.types(none);
        assert_eq!(offered(&mut show), [], "{none}");
    }
    // Where a command wants to know where to, it is the whole name.
    show.app().composer.set("");
    show.types("/go op");
    show.key(KeyCode::Tab);
    assert_eq!(show.app().composer.text(), "/go Tea/ops");
}

#[test]
fn what_is_found_behind_a_private_session_is_shown_when_one_leaves_it() {
    let mut show = Show::of_stream(300, 80, 20);
    show.app().private = Some((bob(), 0));
    show.says("/find message 123");
    assert!(show.screen().contains("#123 was found: Esc shows it"), "{}", show.screen());
    // No key is about what is not seen.
    assert_eq!((show.app().pane, show.app().model.selected()), (Pane::Composer, None));
    show.key(KeyCode::Esc);
    assert!(show.app().private.is_none() && show.screen().contains("message 123 "));
}
