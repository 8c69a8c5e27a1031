//! What the mouse does.

use crossterm::event::{Event, KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use kith_core::id::Seq;
use kith_core::text::MessageText;
use kith_private::event::{Event as Private, What};

use super::{Show, day};
use crate::command::key::Pane;
use crate::model::PrivateCame;
use crate::model::tests::site::bob;
use crate::screen::app::Effect;
use crate::screen::popup::Popup;

impl Show {
    fn mouse(&mut self, kind: MouseEventKind, (column, row): (u16, u16)) {
        let modifiers = KeyModifiers::NONE;
        self.event(Event::Mouse(MouseEvent { kind, column, row, modifiers }));
    }

    pub(super) fn click(&mut self, at: (u16, u16)) {
        self.mouse(MouseEventKind::Down(MouseButton::Left), at);
    }

    fn wheel(&mut self, up: bool) {
        let kind = if up { MouseEventKind::ScrollUp } else { MouseEventKind::ScrollDown };
        self.mouse(kind, (40, 6));
    }

    /// The rows of the messages at 60 columns and 20 rows.
    fn messages(&self) -> Vec<String> {
        let row = |line: &str| line.chars().skip(21).collect();
        self.screen().lines().skip(1).take(16).map(row).collect()
    }
}

#[test]
fn the_wheel_scrolls_the_messages_by_three_lines() {
    let mut show = Show::of_stream(60, 60, 20);
    let latest = show.messages();
    show.wheel(true);
    let older = show.messages();
    assert_eq!(older[3..], latest[..13], "{}", show.screen());
    show.wheel(true);
    assert_eq!(show.messages()[3..], older[..13], "{}", show.screen());
    show.wheel(false);
    assert_eq!(show.messages(), older);
    show.wheel(false);
    assert_eq!(show.messages(), latest);
    show.wheel(false);
    assert_eq!(show.messages(), latest);
}

#[test]
fn the_wheel_scrolls_what_is_shown_above_the_messages() {
    let mut show = Show::new(day(), 60, 20);
    let behind = show.messages();
    show.key(KeyCode::F(1));
    let rows = |show: &Show| show.screen().lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    let top = rows(&show);
    show.wheel(false);
    assert_eq!(rows(&show)[..14], top[3..17], "{}", show.screen());
    show.wheel(true);
    assert_eq!(rows(&show), top);
    show.key(KeyCode::Esc);
    assert_eq!(show.messages(), behind);
    // In a list of choices it takes another one.
    show.control('k');
    show.wheel(false);
    assert!(matches!(show.app().popup, Some(Popup::Switch { at: 2, .. })), "{}", show.screen());
}

#[test]
fn a_click_on_a_place_opens_it() {
    let mut show = Show::new(day(), 60, 20);
    assert!(show.screen().contains(" Tea/general"));
    show.click(show.at("#ops"));
    let screen = show.screen();
    assert!(screen.contains(" Tea/ops") && screen.contains("the kettle is on"), "{screen}");
    // All of its row is the place; a heading is none.
    let (_, row) = show.at("#general");
    show.click((18, row));
    assert!(show.screen().contains(" Tea/general"), "{}", show.screen());
    show.click(show.at("Direct"));
    assert!(show.screen().contains(" Tea/general"), "{}", show.screen());
    show.click(show.at("@bob "));
    assert!(show.screen().contains("psst"), "{}", show.screen());
}

#[test]
fn a_click_selects_a_message_and_one_where_one_writes_leaves_it() {
    let mut show = Show::new(day(), 60, 20);
    show.types("half a thou");
    show.click(show.at("a first version"));
    assert_eq!((show.app().model.selected(), show.app().pane), (Some(Seq(8)), Pane::Messages));
    // Any line of a message is the message.
    show.click(show.at("• green"));
    assert_eq!(show.app().model.selected(), Some(Seq(7)));
    show.click(show.at("half a thou"));
    assert_eq!((show.app().model.selected(), show.app().pane), (None, Pane::Composer));
    show.types("ght");
    assert_eq!(show.app().composer.text(), "half a thought");
}

#[test]
fn a_click_beside_what_is_shown_above_closes_it_and_does_nothing_else() {
    for open in [KeyCode::F(1), KeyCode::F(2)] {
        let mut show = Show::new(day(), 60, 20);
        let place = show.at("#ops");
        show.key(open);
        assert!(show.app().popup.is_some());
        show.click(place);
        assert!(show.app().popup.is_none(), "{}", show.screen());
        assert!(show.screen().contains(" Tea/general"), "{}", show.screen());
    }
    let mut show = Show::new(day(), 60, 20);
    show.control('k');
    show.click(show.at("Tea/ops"));
    assert!(show.app().popup.is_none() && show.screen().contains(" Tea/ops"), "{}", show.screen());
    show.control('k');
    show.click((59, 19));
    assert!(show.app().popup.is_none() && show.screen().contains(" Tea/ops"), "{}", show.screen());
}

#[test]
fn other_buttons_and_moving_do_nothing() {
    let mut show = Show::new(day(), 60, 20);
    let (before, place) = (show.screen(), show.at("#ops"));
    let kinds = [
        MouseEventKind::Down(MouseButton::Right),
        MouseEventKind::Down(MouseButton::Middle),
        MouseEventKind::Up(MouseButton::Left),
        MouseEventKind::Drag(MouseButton::Left),
        MouseEventKind::Moved,
    ];
    for kind in kinds {
        show.app().dirty = false;
        show.mouse(kind, place);
        assert!(!show.app().dirty, "{kind:?}");
        assert_eq!(show.screen(), before, "{kind:?}");
    }
}

#[test]
fn no_message_is_selected_behind_a_private_session() {
    let mut show = Show::new(day(), 60, 20);
    let message = show.at("a first version");
    show.app().private = Some((bob(), 0));
    show.turn();
    show.click(message);
    assert_eq!((show.app().model.selected(), show.app().pane), (None, Pane::Composer));
    show.press(KeyCode::Up, KeyModifiers::SHIFT);
    assert_eq!((show.app().model.selected(), show.app().pane), (None, Pane::Composer));
    // A place is gone to all the same.
    show.click(show.at("#ops"));
    assert!(show.app().private.is_none() && show.screen().contains(" Tea/ops"));
}

#[test]
fn the_wheel_scrolls_a_private_session_and_nothing_behind_it() {
    let mut show = Show::of_stream(60, 60, 20);
    let behind = show.messages();
    show.with_site(|site| {
        let id = kith_private::hex::Hex([1; 16]);
        let mut happens = |what| site.privately(PrivateCame::Event(Private { id, what }));
        happens(What::Invited { user: bob() });
        for number in 1..=40 {
            happens(What::Message { text: MessageText::parse(&format!("line {number}")).unwrap() });
        }
    });
    show.says("/private bob");
    show.says("");
    let latest = show.messages();
    assert!(latest[15].contains("bob: line 40"), "{}", show.screen());
    show.wheel(true);
    assert_eq!(show.messages()[3..], latest[..13], "{}", show.screen());
    for _ in 0..40 {
        show.wheel(true);
    }
    let first = show.messages();
    assert!(first[0].contains("invites you"), "{}", show.screen());
    // It goes no further than to the first: one turn back is seen.
    show.wheel(false);
    assert_eq!(show.messages()[..13], first[3..], "{}", show.screen());
    for _ in 0..40 {
        show.wheel(false);
    }
    assert_eq!(show.messages(), latest);
    show.key(KeyCode::Esc);
    assert_eq!(show.messages(), behind);
}

#[test]
fn the_mouse_is_left_to_the_terminal_and_taken_again() {
    let mut show = Show::new(day(), 80, 20);
    show.app().effects.clear();
    show.says("/mouse");
    assert_eq!(std::mem::take(&mut show.app().effects), [Effect::Mouse(false)]);
    assert!(show.screen().contains("the mouse is for the terminal"), "{}", show.screen());
    // The shell takes it in any case: it is left as it was afterwards.
    show.control('z');
    let left = [Effect::Suspend, Effect::Mouse(false), Effect::Clear];
    assert_eq!(std::mem::take(&mut show.app().effects), left);
    show.says("/mouse");
    assert_eq!(show.app().effects, [Effect::Mouse(true)]);
    assert!(show.screen().contains("the mouse is for the program"), "{}", show.screen());
}
