//! The state of the screen: what is open, where one writes, and what keys do.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use jiff::tz::TimeZone;
use kith_core::id::Timestamp;

use super::composer::Composer;
use super::draw::Layout;
use super::list::List;
use super::pictures::Pictures;
use super::pictures::detect::Able;
use super::popup::{Popup, matches};
use super::theme::Theme;
use crate::command::key::{COMMAND_KEY, Key, Pane};
use crate::command::table::{self, Entry, Values};
use crate::command::{Action, Notify};
use crate::images::Images;
use crate::model::{Ended, Model};

/// For so long a word about what was done stands there.
const NOTICE_MS: u64 = 8000;
/// Lines that the wheel moves.
const WHEEL: isize = 3;
/// When so few hits are left below the one that is chosen, more are asked for.
const RESULTS_NEAR: usize = 5;

/// Something for the terminal itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Bell,
    Desktop(String),
    Copy(String),
    Mouse(bool),
    Clear,
    /// Back to the shell, until that wants us again.
    Suspend,
}

/// A word about what was done, or went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) text: String,
    pub(super) wrong: bool,
    until: Timestamp,
}

/// The state of the screen.
pub(super) struct App {
    pub(super) model: Model,
    pub(super) composer: Composer,
    pub(super) list: List,
    pub(super) pictures: Pictures,
    pub(super) popup: Option<Popup>,
    pub(super) pane: Pane,
    pub(super) theme: Theme,
    pub(super) zone: TimeZone,
    pub(super) notify: Notify,
    /// Shown or hidden by hand; as there is room unless set.
    pub(super) sidebar: Option<bool>,
    pub(super) members: Option<bool>,
    pub(super) notice: Option<Notice>,
    pub(super) layout: Layout,
    pub(super) effects: Vec<Effect>,
    pub(super) ended: Option<Ended>,
    pub(super) focused: bool,
    pub(super) mouse: bool,
    /// With whom the private session is that is shown in place of the messages, and how many rows it is
    /// scrolled up.
    pub(super) private: Option<(kith_core::id::UserId, usize)>,
    /// What one was writing in other places.
    pub(super) drafts: std::collections::BTreeMap<crate::model::Place, String>,
    pub(super) drawn_place: Option<crate::model::Place>,
    /// The message that the next press of the same key deletes.
    pub(super) doomed: Option<kith_core::id::Seq>,
    /// Something changed since it was drawn.
    pub(super) dirty: bool,
}

impl App {
    pub(super) fn new(model: Model, theme: Theme, notify: Notify, zone: TimeZone) -> Self {
        Self {
            model,
            composer: Composer::new(),
            list: List::new(),
            pictures: Pictures::new(Able::text(), Images::Auto),
            popup: None,
            pane: Pane::Composer,
            theme,
            zone,
            notify,
            sidebar: None,
            members: None,
            notice: None,
            layout: Layout::default(),
            effects: Vec::new(),
            ended: None,
            focused: true,
            mouse: true,
            private: None,
            drafts: std::collections::BTreeMap::new(),
            drawn_place: None,
            doomed: None,
            dirty: true,
        }
    }

    pub(super) fn notice(&mut self, text: impl Into<String>, wrong: bool) {
        let until = self.model.now().plus_ms(NOTICE_MS);
        self.notice = Some(Notice { text: text.into(), wrong, until });
        self.dirty = true;
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, now: Timestamp) {
        self.dirty |= self.model.tick(now);
        if self.notice.as_ref().is_some_and(|notice| notice.until <= now) {
            self.notice = None;
            self.dirty = true;
        }
    }

    /// The user did something at the terminal.
    pub(super) fn event(&mut self, event: Event, now: Timestamp) {
        self.dirty = true;
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                self.model.is_active(now);
                self.key(key);
            }
            Event::Key(_) => {}
            Event::Paste(text) => {
                self.model.is_active(now);
                match &mut self.popup {
                    Some(popup) => text.chars().for_each(|c| popup.edit(Some(c))),
                    None => {
                        self.write();
                        self.composer.paste(&text);
                    }
                }
            }
            Event::Mouse(mouse) => self.mouse(mouse),
            Event::FocusGained => {
                self.focused = true;
                self.model.is_active(now);
            }
            Event::FocusLost => self.focused = false,
            // It is drawn anew at its new size.
            Event::Resize(..) => {}
        }
    }

    fn key(&mut self, event: KeyEvent) {
        let key = Key::from(event);
        let doomed = self.doomed;
        self.key_of(event, key);
        // Only the very next key, or the two of a chord.
        if doomed.is_some() && self.doomed == doomed && !matches!(self.popup, Some(Popup::Prefix)) {
            self.doomed = None;
        }
    }

    fn key_of(&mut self, event: KeyEvent, key: Key) {
        if matches!(self.popup, Some(Popup::Prefix)) {
            self.popup = None;
            if let Some(entry) = table::find_key(self.pane, true, key) {
                self.press(entry);
            } else if event.code != KeyCode::Esc {
                self.notice(format!("nothing is done by Ctrl-X {key}"), true);
            }
            return;
        }
        if self.popup.is_some() && self.popup_key(event) {
            return;
        }
        if Key::parse(COMMAND_KEY) == Some(key) {
            self.popup = Some(Popup::Prefix);
            return;
        }
        if self.completion_key(event) {
            return;
        }
        // A letter is a command only where nothing is being written.
        let is_letter = matches!(event.code, KeyCode::Char(_))
            && !event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let writes = self.pane == Pane::Composer && is_letter && !self.composer.is_empty();
        if let Some(entry) = table::find_key(self.pane, false, key).filter(|_| !writes) {
            return self.press(entry);
        }
        match (self.pane, event.code) {
            (Pane::Composer, KeyCode::Up) if self.composer.is_on_first_line() => {
                self.composer.recall(true);
            }
            (Pane::Composer, KeyCode::Down) if self.composer.is_on_last_line() => {
                self.composer.recall(false);
            }
            // A command is begun about what is selected.
            (Pane::Messages, KeyCode::Char('/')) => {
                self.pane = Pane::Composer;
                self.composer.set("/");
                self.composer.suggest(&self.model);
            }
            (Pane::Messages, _) if is_letter => {
                self.notice("Esc goes back to writing, ? shows the keys", false);
            }
            (Pane::Messages, _) => {}
            _ => {
                if self.composer.input(event, &self.model) && self.composer.is_said() {
                    match self.private {
                        Some((user, _)) => self.model.is_typing_privately(user),
                        None => self.model.is_typing(),
                    }
                }
            }
        }
    }

    /// A key while something is shown above; whether it was for that.
    fn popup_key(&mut self, event: KeyEvent) -> bool {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        let page = self.list.page();
        let Some(popup) = &mut self.popup else { return false };
        match event.code {
            KeyCode::Esc => self.popup = None,
            KeyCode::Up => popup.step(-1, &self.model),
            KeyCode::Down => popup.step(1, &self.model),
            KeyCode::Char('p') if control => popup.step(-1, &self.model),
            KeyCode::Char('n') if control => popup.step(1, &self.model),
            KeyCode::PageUp => popup.step(-page, &self.model),
            KeyCode::PageDown => popup.step(page, &self.model),
            KeyCode::Home => popup.step(isize::MIN, &self.model),
            KeyCode::End => popup.step(isize::MAX, &self.model),
            KeyCode::Backspace => popup.edit(None),
            KeyCode::Char(letter) if !control => match popup {
                Popup::Lines { .. } if matches!(letter, 'q' | '?') => self.popup = None,
                Popup::Lines { .. } if letter == ' ' => popup.step(page, &self.model),
                Popup::Results { .. } if letter == 'q' => self.popup = None,
                Popup::Results { .. } if letter == 'j' => popup.step(1, &self.model),
                Popup::Results { .. } if letter == 'k' => popup.step(-1, &self.model),
                _ => popup.edit(Some(letter)),
            },
            KeyCode::Enter => self.take_choice(None),
            // Keys for commands work from here as well, and close it.
            _ => {
                self.popup = None;
                return false;
            }
        }
        self.near_end();
        true
    }

    /// Takes a choice of what is shown above everything else: that one, or the one that is chosen.
    fn take_choice(&mut self, clicked: Option<usize>) {
        match self.popup.take() {
            Some(Popup::Switch { typed, at }) => {
                match matches(&typed, &self.model).get(clicked.unwrap_or(at)) {
                    Some(place) => {
                        self.private = None;
                        self.model.go_to(*place);
                    }
                    None if typed.trim().is_empty() => {}
                    None => {
                        let name = typed.trim().trim_start_matches('@');
                        self.model.act(Action::Go { place: format!("@{name}") });
                    }
                }
            }
            Some(Popup::Results { at }) => {
                self.private = None;
                self.model.open_result(clicked.unwrap_or(at));
            }
            Some(Popup::Lines { .. } | Popup::Prefix) | None => {}
        }
    }

    /// More of what was found is asked for where the end of the list is near.
    fn near_end(&mut self) {
        let held = self.model.results().map_or(0, |results| results.hits().len());
        if matches!(self.popup, Some(Popup::Results { at }) if at + RESULTS_NEAR >= held) {
            self.model.more_results();
        }
    }

    /// A key while choices are offered; whether it was for them.
    fn completion_key(&mut self, event: KeyEvent) -> bool {
        let Some((_, chosen)) = &mut self.composer.completion else { return false };
        let taken = chosen.is_some();
        match event.code {
            KeyCode::Down | KeyCode::Tab => self.composer.choose(1, &self.model),
            KeyCode::Up | KeyCode::BackTab => self.composer.choose(-1, &self.model),
            KeyCode::Enter | KeyCode::Char(' ') if taken => self.composer.accept(&self.model),
            KeyCode::Char('/') if taken && self.composer.chose_directory() => {
                self.composer.accept(&self.model);
            }
            KeyCode::Esc => self.composer.completion = None,
            _ => return false,
        }
        true
    }

    /// The key of a command was pressed. Where it has to be told something, it is begun to be
    /// written.
    pub(super) fn press(&mut self, entry: &Entry) {
        let doomed = self.doomed.take();
        // What is deleted does not come back, and a key is soon pressed.
        if entry.name == "delete"
            && let Some(selected) = self.model.selected()
            && doomed != Some(selected)
        {
            self.doomed = Some(selected);
            return self
                .notice(format!("once more deletes message #{selected}, Esc keeps it"), false);
        }
        if entry.wants_more() {
            self.pane = Pane::Composer;
            self.composer.set(&format!("/{} ", entry.name));
            self.composer.suggest(&self.model);
            return;
        }
        // Without a text they go on with what was looked for last, which is rarely wanted by a key.
        if matches!(entry.name, "find" | "search") {
            self.write();
            return self.composer.set(&format!("/{} ", entry.name));
        }
        self.act(entry.action(&Values::default()));
    }

    /// Leaves the messages to write.
    pub(super) fn write(&mut self) {
        self.pane = Pane::Composer;
        self.model.select(None);
    }

    fn mouse(&mut self, event: MouseEvent) {
        let (x, y) = (event.column, event.row);
        match event.kind {
            MouseEventKind::ScrollUp | MouseEventKind::ScrollDown => {
                let up = event.kind == MouseEventKind::ScrollUp;
                let step = if up { -WHEEL } else { WHEEL };
                match &mut self.popup {
                    Some(popup) => popup.step(step, &self.model),
                    None => self.scroll(step),
                }
                self.near_end();
            }
            MouseEventKind::Down(MouseButton::Left) => {
                if self.popup.is_some() {
                    match self.layout.choice_at(x, y) {
                        Some(choice) => self.take_choice(Some(choice)),
                        None => self.popup = None,
                    }
                    return;
                }
                if let Some(place) = self.layout.place_at(x, y) {
                    self.private = None;
                    self.model.go_to(place);
                } else if self.layout.is_list(x, y) {
                    // A private session stands in the place of the messages.
                    let seq = self.list.at_row(y).filter(|_| self.private.is_none());
                    if seq.is_some() {
                        self.select(seq);
                    }
                } else if self.layout.is_composer(x, y) {
                    self.write();
                }
            }
            // Moving says nothing.
            _ => self.dirty = false,
        }
    }
}
