//! The circles and streams on one side, the members on the other.

use kith_proto::frame::Status;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::theme::Theme;
use crate::model::{Called, Model, Place, Talk};
use crate::text::clean;
use crate::text::wrap::{cut, width};

enum Row {
    Heading(String),
    Place(Place),
}

/// Draws the circles, streams and conversations; which place is on which row.
pub(super) fn places(
    frame: &mut Frame<'_>,
    area: Rect,
    theme: Theme,
    model: &Model,
) -> Vec<(u16, Place)> {
    let mut rows = Vec::new();
    let mut heading = None;
    for place in model.places() {
        let circle = model.talk(place).and_then(Talk::circle);
        if heading != Some(circle) {
            heading = Some(circle);
            let name = circle.and_then(|circle| model.circle(circle));
            let name =
                name.map_or_else(|| "Direct".to_owned(), |view| view.circle.name.to_string());
            rows.push(Row::Heading(name));
        }
        rows.push(Row::Place(place));
    }
    let here = model.here().map(|here| Place { thread: None, ..here });
    let at = rows.iter().position(|row| matches!(row, Row::Place(place) if Some(*place) == here));
    let height = usize::from(area.height);
    // The present place is always among what is shown.
    let top = at.map_or(0, |at| (at + 2).saturating_sub(height));
    let inner = edge(frame, area, theme, area.right().saturating_sub(1));
    let wide = usize::from(inner.width);
    let mut found = Vec::new();
    for (y, row) in (area.y..area.bottom()).zip(rows.into_iter().skip(top)) {
        let line = match row {
            Row::Heading(name) => {
                let style = theme.dim().add_modifier(Modifier::BOLD);
                Line::styled(cut(&clean::line(&name), wide), style)
            }
            Row::Place(place) => {
                found.push((y, place));
                let is_here = Some(place) == here;
                if is_here {
                    frame.buffer_mut().set_style(Rect { y, height: 1, ..inner }, theme.selected());
                }
                place_line(theme, model, place, is_here, wide)
            }
        };
        frame.buffer_mut().set_line(inner.x, y, &line, inner.width);
    }
    found
}

/// What is unread, and before it how many of those mean the user. Those in threads count only then.
pub(super) fn counts(unread: u64, mentions: u64) -> String {
    match (unread, mentions) {
        (0, 0) => String::new(),
        (_, 0) => unread.to_string(),
        (0, _) => format!("@{mentions}"),
        (_, _) => format!("@{mentions} {unread}"),
    }
}

fn place_line(
    theme: Theme,
    model: &Model,
    place: Place,
    is_here: bool,
    wide: usize,
) -> Line<'static> {
    let (unread, mentions) =
        model.talk(place).map_or((0, 0), |talk| (talk.unread(), talk.mentions()));
    let count = counts(unread, mentions);
    let mut style = if is_here { theme.selected() } else { Style::new() };
    if unread > 0 {
        style = style.add_modifier(Modifier::BOLD);
    }
    let mut sign = if is_here { "›" } else { " " }.to_owned();
    if model.talk(place).is_some_and(|talk| talk.circle().is_some()) {
        sign.push('#');
    }
    let name = clean::line(&model.short_name(place)).into_owned();
    let room = wide.saturating_sub(width(&count) + 1);
    let name = cut(&format!("{sign}{name}"), room);
    let blank = wide.saturating_sub(width(&name) + width(&count));
    let count_style = if mentions > 0 { theme.accent() } else { theme.dim() };
    Line::from(vec![
        Span::styled(name, style),
        Span::styled(" ".repeat(blank), style),
        Span::styled(count, style.patch(count_style)),
    ])
}

/// Draws who is in the circle, those who are there first.
pub(super) fn members(frame: &mut Frame<'_>, area: Rect, theme: Theme, model: &Model) {
    let inner = edge(frame, area, theme, area.x);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(1), ..inner };
    let Some(view) = model.circle_here() else { return };
    let rank = |status: Status| match status {
        Status::Online => 0,
        Status::Idle => 1,
        Status::Away => 2,
        Status::Offline => 3,
    };
    let mut users: Vec<(u8, Called)> =
        view.members.keys().map(|user| (rank(view.status(*user)), model.called(*user))).collect();
    users.sort_by_cached_key(|(rank, called)| (*rank, called.shown.to_lowercase()));
    let there = users.iter().filter(|(rank, _)| *rank < 3).count();
    let mut rows =
        vec![Line::styled(format!("{there} of {} here", view.circle.members), theme.dim())];
    for (rank, Called { shown, name }) in users {
        let (sign, style) = match rank {
            0 => ("●", theme.online()),
            1 => ("◐", theme.dim()),
            2 => ("○", theme.dim()),
            _ => (" ", theme.dim()),
        };
        let columns = usize::from(inner.width.saturating_sub(2));
        // The name that nobody else can have is the last to be cut.
        let own = name.map(|name| cut(&format!(" @{name}"), columns)).unwrap_or_default();
        let shown = cut(&shown, columns.saturating_sub(width(&own)));
        let shown_style = if rank == 3 { theme.dim() } else { Style::new() };
        rows.push(Line::from(vec![
            Span::styled(format!("{sign} "), style),
            Span::styled(shown, shown_style),
            Span::styled(own, theme.dim()),
        ]));
    }
    for (y, line) in (area.y..area.bottom()).zip(rows) {
        frame.buffer_mut().set_line(inner.x, y, &line, inner.width);
    }
}

/// Draws the line between a side and the messages; what is left of the side.
fn edge(frame: &mut Frame<'_>, area: Rect, theme: Theme, x: u16) -> Rect {
    for y in area.y..area.bottom() {
        frame.buffer_mut().set_string(x, y, "│", theme.border());
    }
    let left = if x == area.x { area.x + 1 } else { area.x };
    Rect { x: left, width: area.width.saturating_sub(1), ..area }
}
