//! A private session in place of the messages, and the bar above it, which says who is there and whether
//! that is known.

use kith_core::id::UserId;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::list::Context;
use super::theme::Theme;
use crate::command::table;
use crate::model::Model;
use crate::text::wrap::{Prefix, cut, wrap};
use crate::text::{Look, clean, plain, when};

/// Draws the last lines that there is room for, or those before them by as many rows as one scrolled up.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    context: Context<'_>,
    user: UserId,
    up: &mut usize,
) {
    let Some(talk) = context.model.private(user) else { return };
    let columns = usize::from(area.width).max(1);
    let mut rows: Vec<Line<'static>> = Vec::new();
    for line in talk.lines() {
        let clock = when::clock(line.at, context.zone);
        let (head, style) = match line.by {
            Some(by) => {
                (format!("{clock} {}: ", context.model.people().name(by)), Default::default())
            }
            None => (format!("{clock} "), context.theme.dim()),
        };
        let said = clean::lines(&line.text);
        let text = match line.by {
            Some(_) => format!("{head}{said}"),
            None => format!("{head}{}", table::slashed(&said)),
        };
        for (number, line) in text.lines().enumerate() {
            let line = if number == 0 { line.to_owned() } else { format!("      {line}") };
            let spans = [crate::text::Span::new(line, Look::default())];
            let wrapped = wrap(&spans, columns, &Prefix::default());
            rows.extend(wrapped.iter().map(|line| Line::styled(plain(line), style)));
        }
    }
    let room = usize::from(area.height);
    *up = (*up).min(rows.len().saturating_sub(room));
    let end = rows.len() - *up;
    for (y, line) in (area.y..area.bottom()).zip(&rows[end.saturating_sub(room)..end]) {
        frame.buffer_mut().set_line(area.x, y, line, area.width);
    }
}

/// The bar above.
pub(super) fn title(model: &Model, theme: Theme, user: UserId, columns: usize) -> Line<'static> {
    let name = model.people().name(user);
    let bar = theme.bar();
    let Some(talk) = model.private(user) else { return Line::styled(" private", bar) };
    let head =
        clean::line(&format!(" private with {name}, {}: ", talk.stage().word())).into_owned();
    let mark = cut(talk.mark(), columns.saturating_sub(head.chars().count()));
    let style = if talk.is_verified() { theme.accent() } else { theme.wrong() };
    Line::from(vec![Span::styled(cut(&head, columns), bar), Span::styled(mark, bar.patch(style))])
}
