//! What a search found, as a list to choose from: where, by whom and when, and below it what was said.

use jiff::tz::TimeZone;
use kith_proto::query::Hit;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::popup::{Chosen, open};
use super::theme::Theme;
use crate::lists;
use crate::model::Model;
use crate::text::wrap::{cut, width};
use crate::text::{clean, when};

/// Columns that the list takes where there is room.
const COLUMNS: usize = 90;
/// Rows of a hit.
const ROWS: usize = 2;

/// Draws the list with the hit `at` as the one that is chosen.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    theme: Theme,
    (model, zone): (&Model, &TimeZone),
    at: usize,
) -> Chosen {
    let mut chosen = Vec::new();
    let Some(results) = model.results() else { return chosen };
    let hits = results.hits();
    let more = if results.has_more() { "+" } else { "" };
    let behind = if results.is_behind() { ", the latest may be missing" } else { "" };
    let title = format!("{}{more} for {}{behind}", hits.len(), clean::line(results.text()));
    let blank = vec![" ".repeat(COLUMNS); hits.len() * ROWS];
    let inner = open(frame, area, theme, &title, &blank);
    let shown = (usize::from(inner.height) / ROWS).max(1);
    let top = (at + 1).saturating_sub(shown);
    let mut y = inner.y;
    for (index, hit) in hits.iter().enumerate().skip(top).take(shown) {
        let style = if index == at { theme.selected() } else { Style::new() };
        for line in [head(model, zone, theme, hit, usize::from(inner.width)), said(theme, hit)] {
            if y < inner.bottom() {
                let row = Rect { y, height: 1, ..inner };
                frame.buffer_mut().set_style(row, style);
                frame.buffer_mut().set_line(inner.x, y, &line.patch_style(style), inner.width);
                chosen.push((row, index));
                y += 1;
            }
        }
    }
    chosen
}

fn head(model: &Model, zone: &TimeZone, theme: Theme, hit: &Hit, columns: usize) -> Line<'static> {
    let name = model.people().name(hit.message.author);
    let place = clean::line(&lists::place_of(model, hit)).into_owned();
    let (at, colour) = (when::full(hit.message.at, zone), theme.name_of(&name));
    let used = width(&name) + width(&at) + 4;
    let place = cut(&place, columns.saturating_sub(used).max(1));
    Line::from(vec![
        Span::styled(name, colour),
        Span::styled(format!("  {place}  {at}"), theme.dim()),
    ])
}

/// The snippet, with what was looked for in it.
fn said(theme: Theme, hit: &Hit) -> Line<'static> {
    let mut spans = vec![Span::raw("  ")];
    for piece in &hit.snippet {
        let style = if piece.hit { theme.accent() } else { Style::new() };
        spans.push(Span::styled(clean::line(&piece.text).into_owned(), style));
    }
    Line::from(spans)
}
