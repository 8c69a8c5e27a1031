//! What commands do on the screen, and what the model's notes do to it.

use kith_core::id::{Seq, UserId};

use super::app::{App, Effect};
use super::list::{Context, Need};
use super::popup::Popup;
use super::theme::Theme;
use crate::command::key::Pane;
use crate::command::parse::{Style, parse};
use crate::command::{Action, Notify, PrivateAction, ScreenAction, help, table};
use crate::lists;
use crate::model::{Link, Note, Place, PrivateLine};
use crate::text::clean;
use crate::theme::ThemeName;
use ratatui_image::picker::ProtocolType;

/// Calls that may wait for the terminal.
const EFFECTS_MAX: usize = 16;

impl App {
    /// Does what was written: says it, or does the command.
    fn send(&mut self) {
        let text = self.composer.text();
        let slashes = self.model.circle_here().map(|view| view.slashes.as_slice());
        let names: Vec<String> =
            slashes.unwrap_or_default().iter().map(|slash| slash.name.clone()).collect();
        match parse(&text, Style::Screen, &names) {
            Ok(Some(action)) => {
                let action = self.privately(action);
                let about_message = self.model.selected();
                self.composer.take();
                // What was told of the one before is over.
                self.notice = None;
                let finds = matches!(action, Action::Find { .. } | Action::Jump { .. });
                self.act(action);
                // The message that the command was about is selected no longer.
                if !finds && self.model.selected() == about_message {
                    self.write();
                }
                if self.model.selected().is_none() {
                    self.list.go_to_end();
                }
            }
            Ok(None) => {}
            // It stays, to be mended.
            Err(wrong) => self.notice(wrong.to_string(), true),
        }
    }

    /// What is said while a private session is shown is said there. Whatever is about messages is not.
    fn privately(&mut self, action: Action) -> Action {
        let Some((user, up)) = &mut self.private else { return action };
        match action {
            Action::Say { text } => {
                *up = 0;
                let user = self.model.people().name(*user);
                Action::Private(PrivateAction::Say { user, text: Some(text) })
            }
            action => action,
        }
    }

    /// Does something, on the screen or in the model.
    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::Screen(action) => self.act_here(action),
            Action::Help { command: None } => {
                self.popup = Some(Popup::lines("Commands", help::all(true)));
            }
            Action::Help { command: Some(name) } => match table::find(&name) {
                Some(entry) => self.popup = Some(Popup::lines(entry.name, help::one(entry, true))),
                None => self.notice(format!("there is no command `{name}`"), true),
            },
            Action::Older { count } => {
                let lines = count.map_or(self.list.page(), |count| {
                    isize::try_from(count.min(10_000)).unwrap_or(1)
                });
                self.scroll(-lines);
            }
            Action::Newer { count } => {
                let lines = count.map_or(self.list.page(), |count| {
                    isize::try_from(count.min(10_000)).unwrap_or(1)
                });
                self.scroll(lines);
            }
            Action::Latest => {
                self.write();
                self.list.go_to_end();
                self.model.load_latest();
            }
            // Twice, for what is written is not to be lost by a slip.
            Action::Quit if !self.composer.is_empty() => {
                self.composer.take();
                self.notice(
                    "what was written is in the history; once more ends the program",
                    false,
                );
            }
            action => self.model.act(action),
        }
    }

    fn act_here(&mut self, action: ScreenAction) {
        match action {
            ScreenAction::Keys => self.show_keys(),
            ScreenAction::Switch => {
                self.model.refresh();
                self.popup = Some(Popup::switch());
            }
            ScreenAction::SideBar => self.sidebar = self.layout.sidebar_toggled(),
            ScreenAction::MemberList => self.members = self.layout.members_toggled(),
            ScreenAction::Theme(name) => self.theme = Theme::new(name),
            ScreenAction::Notify(how) => {
                self.notify = how;
                let name = Notify::ALL.iter().find(|(_, of)| *of == how).map(|(name, _)| *name);
                self.notice(format!("you are told: {}", name.unwrap_or_default()), false);
            }
            ScreenAction::Mouse => {
                self.mouse = !self.mouse;
                self.effects.push(Effect::Mouse(self.mouse));
                let word = if self.mouse {
                    "the mouse is for the program"
                } else {
                    "the mouse is for the terminal: mark text with it"
                };
                self.notice(word, false);
            }
            ScreenAction::Images(how) => {
                let word = match self.pictures.set(how) {
                    Some(_) if self.theme.name() == ThemeName::None => {
                        "images need colours: `/theme` sets them"
                    }
                    Some(ProtocolType::Kitty) => "images are shown by Kitty's protocol",
                    Some(ProtocolType::Iterm2) => "images are shown by iTerm2's protocol",
                    Some(ProtocolType::Sixel) => "images are shown by Sixel",
                    Some(ProtocolType::Halfblocks) => "images are shown by blocks",
                    None => "images are not shown",
                };
                self.notice(word, false);
            }
            ScreenAction::Redraw => {
                self.pictures.forget();
                self.effects.push(Effect::Clear);
            }
            ScreenAction::Suspend => {
                self.pictures.forget();
                let mouse = Effect::Mouse(self.mouse);
                self.effects.extend([Effect::Suspend, mouse, Effect::Clear]);
            }
            ScreenAction::Complete => self.composer.choose(1, &self.model),
            ScreenAction::Cancel => self.cancel(),
            ScreenAction::Send => self.send(),
            ScreenAction::NewLine => self.composer.new_line(),
            ScreenAction::Select(step) => self.step(step),
            ScreenAction::HistoryUp => self.composer.recall(true),
            ScreenAction::HistoryDown => self.composer.recall(false),
            ScreenAction::Copy => self.copy(),
        }
    }

    fn show_keys(&mut self) {
        let title = match self.pane {
            Pane::Messages => "Keys while a message is selected",
            Pane::Composer | Pane::Anywhere => "Keys while you write",
        };
        let mut lines: Vec<String> = help::of_pane(self.pane)
            .into_iter()
            .map(|(key, entry)| format!("{key:12}  {}", entry.about))
            .collect();
        lines.push(format!("{:12}  Shows the keys of all other commands.", "Ctrl-X"));
        self.popup = Some(Popup::lines(title, lines));
    }

    /// Leaves what was begun.
    fn cancel(&mut self) {
        if self.composer.is_empty() && self.private.take().is_some() {
            return;
        }
        if self.pane == Pane::Messages || self.model.selected().is_some() {
            self.write();
        } else if self.composer.text().starts_with('/') {
            self.composer.take();
        } else if self.notice.take().is_none() {
            self.list.go_to_end();
            self.model.load_latest();
        }
    }

    pub(super) fn select(&mut self, message: Option<Seq>) {
        self.model.select(message);
        self.pane = if message.is_some() { Pane::Messages } else { Pane::Composer };
    }

    /// Selects the message above or below.
    fn step(&mut self, step: isize) {
        // The messages are not seen then.
        if self.private.is_some() {
            return self.scroll(step);
        }
        let Some(talk) = self.model.talk_here() else { return };
        let shown: Vec<Seq> = talk.shown().iter().map(|message| message.seq).collect();
        let (first, last) = (talk.has_older(), shown.len().saturating_sub(1));
        let at = self.model.selected().and_then(|of| shown.iter().position(|seq| *seq == of));
        let to = match at {
            // The first key takes the last message that is seen.
            None => shown.iter().rposition(|seq| self.list.sees(*seq)),
            Some(0) if step < 0 => {
                if first {
                    self.model.load_older();
                }
                Some(0)
            }
            Some(at) if at == last && step > 0 => return self.write(),
            Some(at) => Some(at.saturating_add_signed(step).min(last)),
        };
        let to = to.and_then(|to| shown.get(to).copied());
        self.select(to);
        if let Some(seq) = to.filter(|seq| !self.list.sees(*seq)) {
            self.list.show(seq);
        }
    }

    /// Moves the list by lines; up if there are less than none.
    pub(super) fn scroll(&mut self, lines: isize) {
        if let Some((_, up)) = &mut self.private {
            // Drawing sees to it that it is not beyond the first.
            *up = up.saturating_add_signed(-lines);
            self.dirty = true;
            return;
        }
        let context = Context {
            model: &self.model,
            theme: self.theme,
            zone: &self.zone,
            pictures: &self.pictures,
            is_covered: false,
        };
        self.list.scroll(context, self.layout.list_width(), lines);
        if lines > 0 && self.list.is_at_end() {
            self.model.load_newer();
        }
        self.dirty = true;
    }

    /// It was drawn: what is needed for what is seen is loaded, and what is seen is read.
    pub(super) fn drawn(&mut self, need: Need) {
        if need.older {
            self.model.load_older();
        }
        if need.newer {
            self.model.load_newer();
        }
        self.pictures.want(need.pictures);
        // What was deleted is selected no longer.
        if let (Some(seq), Some(talk)) = (self.model.selected(), self.model.talk_here())
            && talk.message(seq).is_none()
        {
            self.write();
            self.dirty = true;
        }
        self.model.set_at_end(self.list.is_at_end());
        if self.list.is_at_end() && self.focused && self.private.is_none() {
            self.model.see();
        }
    }

    fn copy(&mut self) {
        let talk = self.model.talk_here();
        let message = self.model.selected().and_then(|seq| talk?.message(seq));
        match message.map(|message| message.text.to_string()) {
            Some(text) => {
                self.effects.push(Effect::Copy(clean::lines(&text).into_owned()));
                self.notice("copied", false);
            }
            None => self.notice("select a message first: Shift-Up", true),
        }
    }

    /// Shows what the model tells.
    pub(super) fn take_notes(&mut self) {
        while let Some(note) = self.model.next_note() {
            self.dirty = true;
            self.note(note);
        }
    }

    fn note(&mut self, note: Note) {
        match note {
            Note::Said(mut lines) => {
                lines.retain(|line| !line.is_empty());
                match &lines[..] {
                    [] => {}
                    [line] if line.len() < 100 => self.notice(line.clone(), false),
                    _ => self.popup = Some(Popup::lines("Answer", lines)),
                }
            }
            Note::Wrong(why) => self.notice(table::slashed(&why), true),
            Note::Sent(name) => self.notice(format!("on its way to {name}"), false),
            Note::Users(users) => {
                self.popup = Some(Popup::lines("Who else", lists::users(&self.model, &users)));
            }
            Note::Members(circle) => {
                self.popup = Some(Popup::lines("Members", lists::members(&self.model, circle)));
            }
            Note::Posted { place, seq, for_me } => self.posted(place, seq, for_me),
            Note::Moved => self.moved(),
            Note::Privately(user) => {
                self.write();
                self.private = Some((user, 0));
                // What was told of it is in it.
                self.notice = None;
            }
            Note::Private { user, mark, line } => self.private_line(user, mark, &line),
            Note::Found(seq) => {
                self.list.show(seq);
                // Keys are about nothing that is not seen, and nobody is taken out of a private session
                // while they write there.
                if self.private.is_some() {
                    self.write();
                    return self.notice(format!("#{seq} was found: Esc shows it"), false);
                }
                // Coming to a place selects nothing.
                self.select(Some(seq));
            }
            Note::First(seq) => {
                self.write();
                self.list.show(seq);
            }
            Note::Results { from } => match self.model.results() {
                Some(results) if results.hits().is_empty() => {
                    let behind = if results.is_behind() {
                        "; what was said last may be missing"
                    } else {
                        ""
                    };
                    let text = format!("nothing was found for `{}`{behind}", results.text());
                    self.notice(text, true);
                }
                // Later hits stand in the list that is shown, if it still is.
                Some(_) if from == 0 => self.popup = Some(Popup::Results { at: 0 }),
                _ => {}
            },
            Note::Edit(seq, text) => {
                self.write();
                self.composer.set(&format!("/edit {seq} {text}"));
            }
            Note::Link => match self.model.link() {
                Link::Up => {
                    self.pictures.retry();
                    self.notice("connected again", false);
                }
                Link::Down { .. } => {}
            },
            Note::Changed { .. } | Note::Paged | Note::Progress { .. } => {}
            Note::Nowhere(why) => {
                self.model.go_to_first();
                self.notice(why, true);
            }
            Note::Ended(ended) => self.ended = Some(ended),
        }
    }

    /// Tells of a line of a private session that is not shown.
    fn private_line(&mut self, user: UserId, mark: &str, line: &PrivateLine) {
        if self.private.is_some_and(|(shown, _)| shown == user) && self.focused {
            return;
        }
        let is_ours = line.by.is_none();
        for line in lists::private(&self.model, user, mark, line, &self.zone).into_iter().take(1) {
            self.notice(if is_ours { table::slashed(&line) } else { line }, false);
        }
        if self.notify != Notify::Off {
            self.tell(Effect::Bell);
        }
        if self.notify == Notify::Desktop {
            // What was said is between the two.
            let name = self.model.people().name(user);
            self.tell(Effect::Desktop(format!("{name}, privately")));
        }
    }

    /// Another place is shown: what was being written stays with its own.
    fn moved(&mut self) {
        let here = self.model.here();
        self.private = None;
        // One has found where to go, and wants to see it.
        if self.layout.is_covered() {
            self.sidebar = None;
        }
        if self.drawn_place != here {
            let text = self.composer.text();
            if let Some(left) = self.drawn_place
                && !text.trim().is_empty()
            {
                self.drafts.insert(left, text);
            }
            let draft = here.and_then(|here| self.drafts.remove(&here));
            self.composer.set(&draft.unwrap_or_default());
            self.drawn_place = here;
            self.write();
        }
        self.list.reset();
    }

    /// Calls the user, unless a terminal that does not read has not told the calls before.
    fn tell(&mut self, effect: Effect) {
        if self.effects.len() < EFFECTS_MAX {
            self.effects.push(effect);
        }
    }

    /// Tells of a message that is not seen and means the user.
    fn posted(&mut self, place: Place, seq: Seq, for_me: bool) {
        let here = self.model.here().is_some_and(|here| here.stream == place.stream);
        if !for_me || here && self.focused || self.notify == Notify::Off {
            return;
        }
        self.tell(Effect::Bell);
        if self.notify == Notify::Desktop {
            let main = Place { thread: None, ..place };
            let message = self.model.talk(main).and_then(|talk| talk.message(seq));
            let (author, text) = match message {
                Some(message) => {
                    (self.model.people().name(message.author), message.text.to_string())
                }
                None => (self.model.full_name(main), "a message for you".to_owned()),
            };
            let first = text.lines().next().unwrap_or_default();
            self.tell(Effect::Desktop(format!("{author}: {first}")));
        }
    }
}
