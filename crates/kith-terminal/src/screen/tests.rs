//! What is on the screen, at several sizes.

mod bytes;
mod composer;
mod help;
mod keys;
mod mouse;
mod theme;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use kith_client::Update;
use kith_core::event::Body;
use kith_core::id::{FeedId, Seq};
use kith_core::text::{Emoji, MessageText};
use kith_proto::frame::{Signaled, Status};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Cell;

use super::app::{App, Effect};
use super::complete::list;
use super::theme::Theme;
use crate::command::Notify;
use crate::command::key::Pane;
use crate::model::FileCame;
use crate::model::tests::files::{picture, post_files};
use crate::model::tests::site::{NOW, Site, ana, bob, posted, stream, tea, user};
use crate::text::wrap::width;
use crate::theme::ThemeName;

/// Something that is done on a screen.
type Act = fn(&mut Show);

/// The screen over a site, and its keys.
pub(super) struct Show {
    site: Site,
    app: Option<App>,
    pub(super) terminal: Terminal<TestBackend>,
}

impl Show {
    pub(super) fn new(site: Site, width: u16, height: u16) -> Self {
        Self::themed(site, (width, height), ThemeName::Dark)
    }

    /// A stream with so many messages more than it begins with.
    fn of_stream(messages: u64, width: u16, height: u16) -> Self {
        let mut site = Site::new();
        site.fill(1, messages);
        site.connect();
        Self::new(site, width, height)
    }

    fn themed(mut site: Site, (width, height): (u16, u16), theme: ThemeName) -> Self {
        let model = std::mem::replace(&mut site.model, Site::new().model);
        let app = App::new(model, Theme::new(theme), Notify::Bell, TimeZone::UTC);
        let terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let mut show = Self { site, app: Some(app), terminal };
        show.turn();
        show
    }

    pub(super) fn app(&mut self) -> &mut App {
        self.app.as_mut().unwrap()
    }

    /// Does what the site has to do with the model.
    pub(super) fn with_site(&mut self, act: impl FnOnce(&mut Site)) {
        let spare = Site::new().model;
        let app = self.app.as_mut().unwrap();
        self.site.model = std::mem::replace(&mut app.model, spare);
        act(&mut self.site);
        self.site.settle();
        let spare = Site::new().model;
        let model = std::mem::replace(&mut self.site.model, spare);
        self.app().model = model;
    }

    /// Draws until nothing more is needed.
    pub(super) fn turn(&mut self) {
        for _ in 0..10 {
            self.with_site(|_| {});
            self.app().take_notes();
            let app = self.app();
            if let Some(directory) = app.composer.take_wanted() {
                app.composer.listed(list(&directory), &app.model);
            }
            self.draw();
        }
    }

    /// Draws once.
    pub(super) fn draw(&mut self) {
        let mut need = super::list::Need::default();
        let app = self.app.as_mut().unwrap();
        self.terminal.draw(|frame| need = app.draw(frame)).unwrap();
        self.app().drawn(need);
    }

    fn event(&mut self, event: Event) {
        let now = self.app().model.now();
        self.app().event(event, now);
        self.turn();
    }

    fn press(&mut self, code: KeyCode, modifiers: KeyModifiers) {
        self.event(Event::Key(KeyEvent::new(code, modifiers)));
    }

    pub(super) fn key(&mut self, code: KeyCode) {
        self.press(code, KeyModifiers::NONE);
    }

    pub(super) fn control(&mut self, letter: char) {
        self.press(KeyCode::Char(letter), KeyModifiers::CONTROL);
    }

    fn types(&mut self, text: &str) {
        text.chars().for_each(|c| self.key(KeyCode::Char(c)));
    }

    /// Types a line, and sends it.
    fn says(&mut self, line: &str) {
        self.types(line);
        self.key(KeyCode::Enter);
    }

    pub(super) fn screen(&self) -> String {
        self.terminal.backend().to_string()
    }

    fn rows(&self) -> impl Iterator<Item = &[Cell]> {
        let buffer = self.terminal.backend().buffer();
        buffer.content().chunks(usize::from(buffer.area.width))
    }

    /// All that is seen, from the left to the right and downwards: without what is behind wide letters.
    fn cells(&self) -> Vec<&Cell> {
        let mut cells = Vec::new();
        for row in self.rows() {
            let mut rest = row;
            while let [first, ..] = rest {
                cells.push(first);
                rest = &rest[width(first.symbol()).clamp(1, rest.len())..];
            }
        }
        cells
    }

    /// Where a text is first on the screen: its column and its row.
    #[track_caller]
    fn at(&self, text: &str) -> (u16, u16) {
        for (y, row) in self.rows().enumerate() {
            let begins = |x: &usize| {
                row[*x..].iter().map(Cell::symbol).collect::<String>().starts_with(text)
            };
            let found = (0..row.len()).find(begins);
            if let Some(x) = found {
                return (u16::try_from(x).unwrap(), u16::try_from(y).unwrap());
            }
        }
        panic!("there is no {text:?} on the screen:\n{}", self.screen());
    }

    /// The first letter of a text on the screen.
    #[track_caller]
    fn cell(&self, text: &str) -> &Cell {
        &self.terminal.backend().buffer()[self.at(text)]
    }
}

/// A day of tea.
pub(super) fn day() -> Site {
    let mut site = Site::new();
    site.fill(1, 3);
    site.set_unread(1, 1);
    site.connect();
    let first = site.post(1, bob(), "Good *morning* @ana, is there **tea**? See `kettle --on`");
    let body = Body::Reacted { message: first, emoji: Emoji::parse("👍").unwrap() };
    site.happen(stream(1), ana(), None, body);
    site.post(1, user(3), "```rust\nfn pour(cups: u8) {}\n```\n- green\n- black");
    let second = site.post(1, ana(), "a first vresion");
    let text = MessageText::parse("a first version").unwrap();
    let edited = Body::Edited { message: second, text, mentions: Default::default() };
    site.happen(stream(1), ana(), None, edited);
    let Body::Posted { text, mentions, topic, files, .. } = posted("black, please") else {
        return site;
    };
    let reply = Body::Posted { text, reply_to: Some(first), thread: None, topic, files, mentions };
    site.happen(stream(1), bob(), None, reply);
    let Body::Posted { text, mentions, topic, files, .. } = posted("in the thread") else {
        return site;
    };
    let reply = Body::Posted { text, reply_to: None, thread: Some(first), topic, files, mentions };
    site.happen(stream(1), bob(), None, reply);
    site.post(2, bob(), "the kettle is on, @ana");
    site.post(3, bob(), "psst");
    site
}

#[test]
fn it_is_drawn_at_all_sizes() {
    for (width, height) in [(60, 20), (80, 24), (120, 40), (20, 5)] {
        let mut show = Show::new(day(), width, height);
        let what = Signaled::Typing { stream: stream(1), thread: None };
        let feed = FeedId::Stream(stream(1));
        show.with_site(|site| site.update(Update::Signal { feed, user: bob(), what }));
        show.turn();
        insta::assert_snapshot!(format!("day_{width}x{height}"), show.screen());
    }
}

#[test]
fn no_size_is_too_small() {
    let mut show = Show::new(day(), 1, 1);
    for (width, height) in [(1, 1), (2, 9), (5, 3), (9, 2), (200, 3), (4, 60)] {
        show.terminal.backend_mut().resize(width, height);
        show.turn();
        show.key(KeyCode::F(1));
        show.key(KeyCode::Esc);
        show.control('k');
        show.key(KeyCode::Esc);
        show.control('x');
        show.key(KeyCode::Esc);
        show.types("@");
    }
}

#[test]
fn members_are_shown_as_they_are_there() {
    let mut show = Show::new(day(), 120, 20);
    let feed = FeedId::Circle(tea());
    for (status, here, bob_is) in [
        (Status::Online, 3, "● bob"),
        (Status::Idle, 3, "◐ bob"),
        (Status::Away, 3, "○ bob"),
        (Status::Offline, 2, "  bob"),
    ] {
        for (of, status) in [(bob(), status), (user(3), Status::Online)] {
            let what = Signaled::Presence { status };
            show.with_site(|site| site.update(Update::Signal { feed, user: of, what }));
        }
        show.turn();
        let screen = show.screen();
        assert!(screen.contains(&format!("{here} of 3 here")), "{status:?}: {screen}");
        // Who is there comes first.
        let at = |text: &str| screen.find(text).unwrap_or_else(|| panic!("no {text}: {screen}"));
        assert_eq!(at("● cyd") < at(bob_is), status != Status::Online, "{status:?}: {screen}");
    }
}

#[test]
fn it_says_that_there_is_no_connection_and_what_waits() {
    let mut show = Show::new(day(), 60, 12);
    show.with_site(Site::disconnect);
    show.types("are you there?");
    show.key(KeyCode::Enter);
    insta::assert_snapshot!(show.screen());
    show.with_site(Site::connect);
    show.turn();
    let screen = show.screen();
    assert!(screen.contains("connected") && !screen.contains("on its way"), "{screen}");
}

#[test]
fn the_switcher_goes_where_the_letters_lead() {
    let mut show = Show::new(day(), 60, 14);
    show.control('k');
    insta::assert_snapshot!("switcher", show.screen());
    show.types("op");
    show.key(KeyCode::Enter);
    let screen = show.screen();
    assert!(screen.contains("Tea/ops") && screen.contains("kettle"), "{screen}");
}

#[test]
fn names_commands_and_emoji_are_completed() {
    let mut show = Show::new(day(), 60, 14);
    show.types("/re");
    insta::assert_snapshot!("completion", show.screen());
    show.key(KeyCode::Esc);
    show.key(KeyCode::Esc);
    show.types("hi @b");
    show.key(KeyCode::Tab);
    show.types(":tad");
    show.key(KeyCode::Tab);
    show.key(KeyCode::Enter);
    show.key(KeyCode::Enter);
    show.turn();
    assert!(show.screen().contains("hi @bob 🎉"), "{}", show.screen());
}

#[test]
fn a_selected_message_is_answered_by_a_key() {
    let mut show = Show::new(day(), 60, 20);
    show.press(KeyCode::Up, KeyModifiers::SHIFT);
    assert_eq!(show.app().pane, Pane::Messages);
    insta::assert_snapshot!("selected", show.screen());
    show.types("r");
    show.types("yes");
    show.key(KeyCode::Enter);
    assert!(show.screen().contains("┌ bob: black, please"), "{}", show.screen());
    assert_eq!(show.app().pane, Pane::Composer);
}

#[test]
fn a_wrong_command_stays_to_be_mended() {
    let mut show = Show::new(day(), 80, 12);
    show.types("/jion Tea");
    show.key(KeyCode::Enter);
    let screen = show.screen();
    assert!(screen.contains("unknown command `/jion`; did you mean `/join`?"), "{screen}");
    assert_eq!(show.app().composer.text(), "/jion Tea");
}

#[test]
fn every_command_has_its_key_and_none_stops_the_program() {
    for entry in crate::command::table::all(true) {
        // The key of `edit` writes the text that is there.
        if matches!(entry.name, "quit" | "logout" | "edit") {
            continue;
        }
        let mut show = Show::new(day(), 60, 16);
        show.app().press(entry);
        show.turn();
        let begun = show.app().composer.text();
        assert_eq!(
            begun.starts_with(&format!("/{} ", entry.name)),
            entry.wants_more() || matches!(entry.name, "find" | "search"),
            "{}: {begun}",
            entry.name
        );
    }
}

#[test]
fn a_long_stream_is_scrolled_to_its_beginning_and_back() {
    let mut show = Show::of_stream(3000, 60, 20);
    assert!(show.screen().contains("message 3001"));
    for _ in 0..1000 {
        show.key(KeyCode::PageUp);
        if show.screen().contains("message 2 ") {
            break;
        }
    }
    insta::assert_snapshot!("the_first", show.screen());
    for _ in 0..1000 {
        show.key(KeyCode::PageDown);
        if show.screen().contains("message 3001") {
            break;
        }
    }
    assert!(show.screen().contains("message 3001"), "{}", show.screen());
    show.press(KeyCode::Home, KeyModifiers::ALT);
    assert!(show.screen().contains("message 2 "), "{}", show.screen());
    show.press(KeyCode::End, KeyModifiers::ALT);
    assert!(show.screen().contains("message 3001"), "{}", show.screen());
}

#[test]
fn what_was_found_is_in_the_middle() {
    let mut show = Show::of_stream(3000, 60, 20);
    show.types("/find message 1234");
    show.key(KeyCode::Enter);
    assert_eq!(show.app().model.selected(), Some(Seq(1234)));
    insta::assert_snapshot!("found", show.screen());
}

#[test]
fn a_thread_tells_what_its_first_message_answers() {
    let mut show = Show::new(day(), 80, 20);
    show.says("/thread 10");
    let screen = show.screen();
    assert!(screen.contains("thread of #10"), "{screen}");
    assert!(screen.contains("┌ bob: Good *morning* @ana"), "{screen}");
}

#[test]
fn what_the_server_found_is_chosen_from_a_list() {
    let mut site = Site::new();
    site.fill(1, 3000);
    site.post(2, bob(), "a message \u{202e}for you");
    site.connect();
    let mut show = Show::new(site, 60, 20);
    show.key(KeyCode::F(3));
    show.types("message");
    show.key(KeyCode::Enter);
    insta::assert_snapshot!("results", show.screen());
    for _ in 0..25 {
        show.key(KeyCode::Down);
    }
    assert_eq!(show.app().model.results().unwrap().hits().len(), 40);
    show.key(KeyCode::Enter);
    assert_eq!(show.app().model.selected(), Some(Seq(27)));
    assert!(show.screen().contains("message 27 "), "{}", show.screen());
    // Without a text it is the same list.
    show.key(KeyCode::F(3));
    show.key(KeyCode::Enter);
    show.click((9, 5));
    assert_eq!(show.app().model.selected(), Some(Seq(4)), "{}", show.screen());
    show.types("/search nothing like it");
    show.key(KeyCode::Enter);
    assert!(show.screen().contains("nothing was found for `nothing like it`"), "{}", show.screen());
}

#[test]
fn files_are_shown_as_they_go_up_and_under_their_messages() {
    let mut site = day();
    post_files(&mut site, "the pot", vec![picture(1, "pot.jpg")]);
    let mut show = Show::new(site, 60, 20);
    show.types("/attach tea.jpg menu.pdf -- The menu");
    show.key(KeyCode::Enter);
    let (ticket, _) = show.site.files[0];
    show.with_site(|site| site.file(ticket, FileCame::Progress { at: 47, bytes: 100 }));
    show.turn();
    insta::assert_snapshot!("files", show.screen());
    show.with_site(|site| site.file(ticket, FileCame::Failed("it is too large".to_owned())));
    show.turn();
    let screen = show.screen();
    assert!(screen.contains("… not sent: it is too large (/retry o…"), "{screen}");
    show.types("/discard");
    show.key(KeyCode::Enter);
    assert!(!show.screen().contains("tea.jpg"), "{}", show.screen());
}

#[test]
fn ctrl_z_goes_back_to_the_shell_and_everything_is_drawn_anew_afterwards() {
    let mut show = Show::new(day(), 60, 14);
    show.app().effects.clear();
    show.control('z');
    let effects = std::mem::take(&mut show.app().effects);
    assert_eq!(effects, [Effect::Suspend, Effect::Mouse(true), Effect::Clear]);
}

#[test]
fn others_cannot_command_the_terminal() {
    let mut site = day();
    site.post(1, bob(), "evil \u{202e}reversed &#27;[2J &#155;31m\u{200f}");
    let show = Show::new(site, 80, 24);
    let buffer = show.terminal.backend().buffer();
    let bad = |c: char| crate::text::clean::is_commanding(c);
    assert!(!buffer.content().iter().any(|cell| cell.symbol().chars().any(bad)));
    assert!(show.screen().contains("evil \u{fffd}reversed"));
}

#[test]
fn people_are_shown_as_they_like_and_told_apart() {
    let mut site = Site::new();
    site.shows_as(bob(), "Bob the Kettle");
    site.shows_as(user(3), "CYD");
    site.fill(1, 3);
    site.connect();
    site.post(1, user(3), "hello");
    let screen = Show::new(site, 120, 24).screen();
    assert!(screen.contains("Bob the Kettle @bob  "), "{screen}");
    assert!(screen.contains("cyd  ") && !screen.contains("CYD"), "{screen}");
}

#[test]
fn who_is_meant_elsewhere_is_told_by_the_bell() {
    let mut show = Show::new(day(), 60, 12);
    show.app().effects.clear();
    show.with_site(|site| {
        site.post(2, bob(), "for nobody");
    });
    show.turn();
    assert_eq!(show.app().effects, []);
    show.with_site(|site| {
        site.post(2, bob(), "for @ana");
    });
    show.app().notify = Notify::Desktop;
    show.turn();
    assert_eq!(show.app().effects, [Effect::Bell, Effect::Desktop("bob: for @ana".to_owned())]);
    assert!(show.app().model.now() > NOW);
}

#[test]
fn what_is_written_stays_with_its_place() {
    let mut show = Show::new(day(), 80, 12);
    show.types("half a thou");
    show.press(KeyCode::Down, KeyModifiers::ALT);
    assert!(show.app().composer.is_empty());
    show.press(KeyCode::Up, KeyModifiers::ALT);
    assert_eq!(show.app().composer.text(), "half a thou");
}
