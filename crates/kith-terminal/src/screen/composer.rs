//! Where one writes: several lines, what one wrote before, and completion.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui_textarea::{CursorMove, Input, Key, TextArea, WrapMode};

use super::complete::{self, Begun, Choice, Completion, Listing};
use super::theme::Theme;
use crate::model::Model;
use crate::text::clean;
use crate::text::wrap::{Prefix, wrap};
use crate::text::{Look, Span};

/// The longest text that can be written, in characters: what a message may have, and a command.
const CHARS_MAX: usize = 9000;
/// Texts that are remembered.
const HISTORY_MAX: usize = 200;
/// The most rows that are shown at a time.
const ROWS_MAX: usize = 8;

/// Where one writes.
#[derive(Debug)]
pub(super) struct Composer {
    area: TextArea<'static>,
    history: Vec<String>,
    /// Which text of the history is shown, and what was being written before.
    recalled: Option<(usize, String)>,
    /// What the word may become, and which choice is taken, if one is.
    pub(super) completion: Option<(Completion, Option<usize>)>,
    files: Files,
}

/// What is known of the directory in which a file is begun.
#[derive(Debug, Default)]
struct Files {
    listing: Option<Listing>,
    /// The directory that is asked for, until somebody takes it.
    wanted: Option<String>,
    /// A choice is to be taken as soon as it is known what is there.
    is_awaited: bool,
}

fn area(text: &str) -> TextArea<'static> {
    let mut area = TextArea::new(text.split('\n').map(str::to_owned).collect());
    area.set_wrap_mode(WrapMode::WordOrGlyph);
    area.set_cursor_line_style(Style::new());
    area.set_cursor_style(Style::new().add_modifier(Modifier::REVERSED));
    area.set_max_histories(50);
    area.move_cursor(CursorMove::Bottom);
    area.move_cursor(CursorMove::End);
    area
}

impl Composer {
    pub(super) fn new() -> Self {
        Self {
            area: area(""),
            history: Vec::new(),
            recalled: None,
            completion: None,
            files: Files::default(),
        }
    }

    pub(super) fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    pub(super) fn is_empty(&self) -> bool {
        self.area.is_empty()
    }

    /// Whether something is written that is said, and no command.
    pub(super) fn is_said(&self) -> bool {
        let text = self.text();
        !text.is_empty() && (!text.starts_with('/') || text.starts_with("//"))
    }

    /// Writes this in place of what is there.
    pub(super) fn set(&mut self, text: &str) {
        self.area = area(&clean::lines(text));
        self.completion = None;
    }

    /// What is written, which is then remembered and gone.
    pub(super) fn take(&mut self) -> String {
        let text = self.text();
        if !text.trim().is_empty() && self.history.last() != Some(&text) {
            if self.history.len() >= HISTORY_MAX {
                self.history.remove(0);
            }
            self.history.push(text.clone());
        }
        self.recalled = None;
        self.set("");
        text
    }

    /// A key that is no command; whether it changed the text.
    pub(super) fn input(&mut self, input: impl Into<Input>, model: &Model) -> bool {
        let changed = match input.into() {
            // As in shells, where the field has undoing.
            Input { key: Key::Char('u'), ctrl: true, alt: false, .. } => {
                self.area.delete_line_by_head()
            }
            // What terminals send for Ctrl-_.
            Input { key: Key::Char('_' | '7' | '/'), ctrl: true, alt: false, .. } => {
                self.area.undo()
            }
            input => self.area.input(input),
        };
        if changed {
            self.bound();
            self.recalled = None;
            self.suggest(model);
        }
        changed
    }

    /// Text that was pasted.
    pub(super) fn paste(&mut self, text: &str) {
        let room = CHARS_MAX.saturating_sub(self.text().chars().count());
        let text: String = clean::lines(text).chars().take(room).collect();
        self.area.insert_str(text);
        (self.recalled, self.completion) = (None, None);
    }

    pub(super) fn new_line(&mut self) {
        self.area.insert_newline();
        self.bound();
        (self.recalled, self.completion) = (None, None);
    }

    fn bound(&mut self) {
        let text = self.text();
        if text.chars().count() > CHARS_MAX {
            self.set(&text.chars().take(CHARS_MAX).collect::<String>());
        }
    }

    pub(super) fn is_on_first_line(&self) -> bool {
        self.area.cursor().0 == 0
    }

    pub(super) fn is_on_last_line(&self) -> bool {
        self.area.cursor().0 + 1 == self.area.lines().len()
    }

    /// Shows what was written before, or after that.
    pub(super) fn recall(&mut self, older: bool) {
        let (at, draft) = match self.recalled.take() {
            Some((at, draft)) => (at, draft),
            None => (self.history.len(), self.text()),
        };
        let to = if older { at.checked_sub(1) } else { Some(at + 1) };
        match to {
            None => self.recalled = Some((at, draft)),
            Some(to) => match self.history.get(to).cloned() {
                Some(text) => {
                    self.set(&text);
                    self.recalled = Some((to, draft));
                }
                None => self.set(&draft),
            },
        }
    }

    /// What is written before the cursor, if that is all.
    fn before_cursor(&self) -> String {
        let (row, column) = (self.area.cursor().0, self.area.cursor().1);
        let lines = self.area.lines();
        let mut text: Vec<String> = lines[..row.min(lines.len())].to_vec();
        text.extend(lines.get(row).map(|line| line.chars().take(column).collect()));
        text.join("\n")
    }

    /// Looks what the word before the cursor may become.
    pub(super) fn suggest(&mut self, model: &Model) {
        let text = self.before_cursor();
        self.files.is_awaited = false;
        let found = match complete::begun_file(&text) {
            Some(begun) => self.files_for(&begun),
            None => {
                self.files = Files::default();
                complete::complete(&text, model)
            }
        };
        self.completion = found.map(|completion| (completion, None));
    }

    /// What a file may become, as far as it is known what is in its directory; it is asked for if not.
    fn files_for(&mut self, begun: &Begun) -> Option<Completion> {
        let known = self.files.listing.as_ref();
        let Some(listing) = known.filter(|listing| listing.directory == begun.directory) else {
            self.files.wanted = Some(begun.directory.clone());
            return None;
        };
        let choices = begun.choices(listing);
        (!choices.is_empty()).then_some(Completion { chars: begun.chars, choices })
    }

    /// The directory that is to be read, if one is.
    pub(super) fn take_wanted(&mut self) -> Option<String> {
        self.files.wanted.take()
    }

    /// A directory was read.
    pub(super) fn listed(&mut self, listing: Listing, model: &Model) {
        let begun = complete::begun_file(&self.before_cursor());
        if begun.is_none_or(|begun| begun.directory != listing.directory) {
            return;
        }
        self.files.listing = Some(listing);
        let is_awaited = self.files.is_awaited;
        self.suggest(model);
        if is_awaited && self.completion.is_some() {
            self.choose(1, model);
        }
    }

    /// Takes the next choice, or the one before it.
    pub(super) fn choose(&mut self, step: isize, model: &Model) {
        if self.completion.is_none() {
            self.suggest(model);
        }
        let Some((completion, chosen)) = &mut self.completion else {
            self.files.is_awaited = self.files.wanted.is_some();
            return;
        };
        let count = completion.choices.len();
        if count == 1 {
            *chosen = Some(0);
            return self.accept(model);
        }
        let count = isize::try_from(count).unwrap_or(1);
        let at = match *chosen {
            Some(at) => isize::try_from(at).unwrap_or(0) + step,
            None => {
                if step > 0 {
                    0
                } else {
                    -1
                }
            }
        };
        *chosen = usize::try_from(at.rem_euclid(count)).ok();
    }

    /// Writes the choice that is taken.
    pub(super) fn accept(&mut self, model: &Model) {
        let Some((completion, chosen)) = self.completion.take() else { return };
        let Some(choice) = completion.choices.get(chosen.unwrap_or(0)) else { return };
        for _ in 0..completion.chars {
            self.area.delete_char();
        }
        self.area.insert_str(&choice.insert);
        self.recalled = None;
        // Of a directory one wants to know what is in it.
        if choice.is_directory() {
            self.suggest(model);
        }
    }

    /// Whether the choice that is taken is a directory.
    pub(super) fn chose_directory(&self) -> bool {
        let Some((completion, Some(chosen))) = &self.completion else { return false };
        completion.choices.get(*chosen).is_some_and(Choice::is_directory)
    }

    /// How many rows it wants at a width.
    pub(super) fn rows(&self, width: usize) -> usize {
        let rows = |line: &String| {
            let spans = [Span::new(format!("{line} "), Look::default())];
            wrap(&spans, width, &Prefix::default()).len()
        };
        self.area.lines().iter().map(rows).sum::<usize>().clamp(1, ROWS_MAX)
    }

    pub(super) fn draw(
        &mut self,
        frame: &mut Frame<'_>,
        area: Rect,
        theme: Theme,
        hint: &str,
        active: bool,
    ) {
        self.area.set_placeholder_text(hint);
        self.area.set_placeholder_style(theme.dim());
        let cursor = if active { Modifier::REVERSED } else { Modifier::empty() };
        self.area.set_cursor_style(Style::new().add_modifier(cursor));
        frame.render_widget(&self.area, area);
    }
}
