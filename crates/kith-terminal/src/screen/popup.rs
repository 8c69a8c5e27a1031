//! What is shown above everything else: help, lists, the quick switcher, the keys that may follow.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span as Styled};
use ratatui::widgets::{Block, Clear};

use super::list::Context;
use super::theme::Theme;
use super::{results, side};
use crate::command::help;
use crate::model::{Model, Place, fit};
use crate::text::wrap::{Prefix, cut, width, wrap};
use crate::text::{Look, Span, clean, plain};

/// Characters that can be typed to choose by.
const CHARS_MAX: usize = 100;

/// Where choices stand on the screen, and which.
pub(super) type Chosen = Vec<(Rect, usize)>;

/// What is shown above everything else.
#[derive(Debug)]
pub(super) enum Popup {
    /// Lines to read.
    Lines { title: String, lines: Vec<String>, top: usize },
    /// What a search found, and which hit is chosen.
    Results { at: usize },
    /// Where one can go.
    Switch { typed: String, at: usize },
    /// What may follow the key for commands.
    Prefix,
}

impl Popup {
    pub(super) fn lines(title: &str, lines: Vec<String>) -> Self {
        Self::Lines { title: title.to_owned(), lines, top: 0 }
    }

    pub(super) fn switch() -> Self {
        Self::Switch { typed: String::new(), at: 0 }
    }

    /// Scrolls, or takes another choice.
    pub(super) fn step(&mut self, step: isize, model: &Model) {
        match self {
            Self::Lines { lines, top, .. } => {
                let last = lines.len().saturating_sub(1);
                *top = top.saturating_add_signed(step).min(last);
            }
            Self::Switch { typed, at } => {
                let last = matches(typed, model).len().saturating_sub(1);
                *at = at.saturating_add_signed(step).min(last);
            }
            Self::Results { at } => {
                let last = model.results().map_or(0, |results| results.hits().len());
                *at = at.saturating_add_signed(step).min(last.saturating_sub(1));
            }
            Self::Prefix => {}
        }
    }

    /// A letter was typed, or taken back.
    pub(super) fn edit(&mut self, letter: Option<char>) {
        if let Self::Switch { typed, at } = self {
            match letter {
                Some(letter) if typed.chars().count() < CHARS_MAX => typed.push(letter),
                Some(_) => {}
                None => drop(typed.pop()),
            }
            *at = 0;
        }
    }

    /// Draws it; where its choices are.
    pub(super) fn draw(
        &self,
        frame: &mut Frame<'_>,
        area: Rect,
        Context { model, theme, zone, .. }: Context<'_>,
    ) -> Chosen {
        match self {
            Self::Lines { title, lines, top } => {
                let room = usize::from(area.width.saturating_sub(2));
                let lines: Vec<String> = lines.iter().flat_map(|line| broken(line, room)).collect();
                let inner = open(frame, area, theme, &format!("{title} (Esc closes)"), &lines);
                let rows = usize::from(inner.height);
                let top = (*top).min(lines.len().saturating_sub(rows));
                for (row, line) in (inner.y..inner.bottom()).zip(lines.iter().skip(top)) {
                    let line = Line::raw(cut(line, usize::from(inner.width)));
                    frame.buffer_mut().set_line(inner.x, row, &line, inner.width);
                }
                Vec::new()
            }
            Self::Results { at } => results::draw(frame, area, theme, (model, zone), *at),
            Self::Switch { typed, at } => draw_switch(frame, area, theme, model, typed, *at),
            Self::Prefix => {
                let keys = help::of_prefix();
                let full = keys.iter().map(|(key, entry)| format!("{key}  {}", entry.usage()));
                let short = keys.iter().map(|(key, entry)| format!("{key}  {}", entry.name));
                let lines = [full.collect(), short.collect()];
                columns(frame, area, theme, "Ctrl-X and", &lines);
                Vec::new()
            }
        }
    }
}

/// A line as lines that fit, the later ones set in.
fn broken(line: &str, room: usize) -> Vec<String> {
    let look = Look::default();
    let prefix = Prefix { rest: vec![Span::new(" ".repeat(6), look)], ..Prefix::default() };
    let lines = wrap(&[Span::new(clean::line(line), look)], room, &prefix);
    lines.iter().map(|line| plain(line)).collect()
}

/// The places that fit what was typed, best first.
pub(super) fn matches(typed: &str, model: &Model) -> Vec<Place> {
    let mut found: Vec<(usize, Place)> = Vec::new();
    for place in model.places() {
        let (full, short) = (model.full_name(place), model.short_name(place));
        let fits = [fit(typed, &short), fit(typed, &full).map(|far| far + 1)];
        let Some(far) = fits.into_iter().flatten().min() else { continue };
        // Where something is unread comes first, as long as nothing is typed.
        let talk = model.talk(place);
        let (unread, mentions) = talk.map_or((0, 0), |talk| (talk.unread(), talk.for_me()));
        let rank = if !typed.is_empty() {
            far * 4
        } else if mentions > 0 {
            0
        } else if unread > 0 {
            1
        } else {
            2
        };
        found.push((rank, place));
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, place)| place).collect()
}

fn draw_switch(
    frame: &mut Frame<'_>,
    area: Rect,
    theme: Theme,
    model: &Model,
    typed: &str,
    at: usize,
) -> Chosen {
    let mut chosen = Vec::new();
    let found = matches(typed, model);
    let blank = vec![" ".repeat(46); found.len().clamp(1, 12) + 1];
    let inner = open(frame, area, theme, "Go to", &blank);
    let wide = usize::from(inner.width);
    let typed_line = Line::raw(cut(&format!("> {typed}▏"), wide));
    frame.buffer_mut().set_line(inner.x, inner.y, &typed_line, inner.width);
    let rows = usize::from(inner.height.saturating_sub(1));
    let top = at.saturating_sub(rows.saturating_sub(1));
    if found.is_empty() {
        let line = Line::styled(cut("Enter: a user of this name", wide), theme.dim());
        frame.buffer_mut().set_line(inner.x, inner.y + 1, &line, inner.width);
    }
    for (index, place) in found.iter().enumerate().skip(top).take(rows) {
        let row = inner.y + 1 + u16::try_from(index - top).unwrap_or(0);
        let count = model.talk(*place).map_or_else(String::new, |talk| {
            let count = side::counts(talk.unread(), talk.mentions());
            if count.is_empty() { count } else { format!("  {count}") }
        });
        let name = clean::line(&model.full_name(*place)).into_owned();
        let style = if index == at { theme.selected() } else { Style::new() };
        let name = cut(&name, wide.saturating_sub(count.len()));
        let line = Line::from(vec![Styled::raw(name), Styled::styled(count, theme.accent())]);
        let area = Rect { y: row, height: 1, ..inner };
        frame.buffer_mut().set_style(area, style);
        frame.buffer_mut().set_line(inner.x, row, &line.patch_style(style), inner.width);
        chosen.push((area, index));
    }
    chosen
}

/// Lines in as many columns as they need to be seen at once: the full ones, or the short ones, cut
/// where there is no room for them either.
fn columns(
    frame: &mut Frame<'_>,
    area: Rect,
    theme: Theme,
    title: &str,
    [full, short]: &[Vec<String>; 2],
) {
    let room = usize::from(area.width.saturating_sub(4)).max(1);
    let most = usize::from(area.height.saturating_sub(2)).max(1);
    let widest =
        |lines: &[String]| lines.iter().map(|line| width(line)).max().unwrap_or_default() + 2;
    let count = short.len().div_ceil(most).max(1);
    let lines = if widest(full) * count <= room { full } else { short };
    let count = (room / widest(lines)).clamp(count, 4.max(count));
    let wide = widest(lines).min(room / count).max(1);
    let rows = lines.len().div_ceil(count);
    let blank = vec![" ".repeat(wide * count); rows];
    let inner = open(frame, area, theme, title, &blank);
    for (index, line) in lines.iter().enumerate() {
        let (column, row) = (index / rows, index % rows);
        let x = inner.x + u16::try_from(column * wide).unwrap_or(0);
        let y = inner.y + u16::try_from(row).unwrap_or(0);
        if y < inner.bottom() && x < inner.right() {
            let room = inner.right() - x;
            let line = Line::raw(cut(line, usize::from(room).min(wide - 1)));
            frame.buffer_mut().set_line(x, y, &line, room);
        }
    }
}

/// An empty box in the middle, as large as these lines need and there is room for.
pub(super) fn open(
    frame: &mut Frame<'_>,
    area: Rect,
    theme: Theme,
    title: &str,
    lines: &[String],
) -> Rect {
    let wide = lines.iter().map(|line| width(line)).max().unwrap_or(0).max(width(title) + 2);
    let size = |wanted: usize, room: u16| u16::try_from(wanted + 2).unwrap_or(room).min(room);
    let (width, height) = (size(wide, area.width), size(lines.len(), area.height));
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    frame.render_widget(Clear, place);
    let title = cut(&format!(" {title} "), usize::from(width.saturating_sub(2)));
    let title = Line::styled(title, theme.dim());
    let block = Block::bordered().title(title).border_style(theme.border());
    let inner = block.inner(place);
    frame.render_widget(block, place);
    inner
}
